import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Outcome, Publisher } from '../../src/broker/publish.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { refusal } from '../support/refusal.ts';

/** A core with an exchange and queues `q0`, `q1`, ... bound to it with these keys. */
function bound(type: string, bindingKeys: readonly string[], args: Parameters<Core['exchange']>[2] = {}) {
  const core = new Core();
  core.exchange('x', type, args);
  const queues = bindingKeys.map((_, at) => core.queue(`q${at}`));
  bindingKeys.forEach((key, at) => core.bind('x', `q${at}`, key));
  return { core, queues };
}

/** Publishes so many messages with keys of their own; how many each queue has then. */
function spread(core: Core, queues: readonly Queue[], count: number): number[] {
  for (let n = 0; n < count; n++) core.publish('x', `key ${n}`, `${n}`);
  return queues.map((queue) => queue.purge());
}

/** Where each of these keys leads. */
function destinations(core: Core, keys: readonly string[]): (string | undefined)[] {
  return keys.map((key) => {
    core.publish('x', key, '');
    const reached = [...core.vhost.queues.values()].filter((queue) => queue.purge() === 1);
    return reached.length === 1 ? reached[0]?.name : undefined;
  });
}

describe('x-consistent-hash', () => {
  test('shares are in proportion to the weights', () => {
    const { core, queues } = bound('x-consistent-hash', ['1', '2', '3', '4']);
    const shares = spread(core, queues, 10_000);
    shares.forEach((share, at) => expect(Math.abs(share - 1000 * (at + 1))).toBeLessThan(150));
  });

  test('a weight may have a sign and zeros in front', () => {
    const { core, queues } = bound('x-consistent-hash', ['+1', '003']);
    const [light = 0] = spread(core, queues, 4_000);
    expect(Math.abs(light - 1000)).toBeLessThan(150);
  });

  test('a destination that comes or goes moves only its own keys', () => {
    const keys = Array.from({ length: 200 }, (_, n) => `k${n}`);
    const weight = fc.integer({ min: 1, max: 10_000 }).map(String);
    fc.assert(
      fc.property(fc.array(weight, { minLength: 2, maxLength: 6 }), fc.nat(), (weights, chosen) => {
        const { core } = bound('x-consistent-hash', weights);
        const name = `q${chosen % weights.length}`;
        const before = destinations(core, keys);
        core.unbind('x', name, weights[chosen % weights.length]);
        const without = destinations(core, keys);
        before.forEach((queue, at) => expect(without[at] === queue).toBe(queue !== name));
        core.bind('x', name, weights[chosen % weights.length]);
        expect(destinations(core, keys)).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });

  test('a destination has the weight of the oldest of its bindings', () => {
    const { core, queues } = bound('x-consistent-hash', ['1', '1']);
    core.bind('x', 'q0', '9');
    expect(Math.abs((spread(core, queues, 4_000)[0] ?? 0) - 2000)).toBeLessThan(200);
    core.unbind('x', 'q0', '1');
    expect(Math.abs((spread(core, queues, 4_000)[0] ?? 0) - 3600)).toBeLessThan(150);
    core.unbind('x', 'q0', '9');
    expect(spread(core, queues, 10)).toEqual([0, 10]);
    core.unbind('x', 'q1', '1');
    expect(core.publish('x', 'k', '')).toBe(0);
  });

  test('goes by the main key where there is a CC', () => {
    const { core } = bound('x-consistent-hash', ['1', '1', '1']);
    const headers = (key: string) => fieldTable({ CC: { tag: 'A', value: [longstr(key)] } });
    for (let n = 0; n < 30; n++) core.publish('x', 'k', '', { headers: headers(`cc ${n}`) });
    expect([...core.vhost.queues.values()].filter(({ messageCount }) => messageCount === 30)).toHaveLength(1);
  });

  test('by a header, every message finds its own way on one channel', () => {
    const { core, queues } = bound('x-consistent-hash', ['1', '1'], { 'hash-header': longstr('user') });
    const publisher = new Publisher(core.vhost, core.actor);
    const address = { exchange: 'x', routingKey: 'same' };
    for (let n = 0; n < 40; n++) {
      const headers = fieldTable({ user: longstr(`user ${n}`) });
      publisher.publish(address, encodeProperties({ headers }), Buffer.from(''));
    }
    for (const queue of queues) expect(queue.ready.length).toBeGreaterThan(5);
  });

  test('as a dead-letter exchange it goes by the headers and properties of the dead message', () => {
    const { core, queues } = bound('x-consistent-hash', ['1', '1'], {
      'hash-property': longstr('message_id'),
    });
    const source = core.queue('source', { 'x-dead-letter-exchange': longstr('x') });
    for (const round of [1, 2]) {
      for (let n = 0; n < 20; n++) core.send('source', `${n} ${round}`, { messageId: `id ${n}` });
    }
    const consumer = core.consume(source);
    consumer.reject(...consumer.entries);
    for (const queue of queues) {
      const numbers = core.bodies(queue).map((body) => body.split(' ')[0]);
      expect(new Set(numbers).size * 2).toBe(numbers.length);
    }
  });

  test('a hash-header or hash-property of another type is refused', () => {
    const core = new Core();
    for (const name of ['hash-header', 'hash-property']) {
      expect(refusal(() => core.exchange('x', 'x-consistent-hash', { [name]: { tag: 'I', value: 5 } }))).toBe(
        `406 PRECONDITION_FAILED - invalid type 'signedint' for arg '${name}' in exchange 'x' in vhost '/'`,
      );
    }
  });
});

describe('x-modulus-hash', () => {
  test('a restart, which restores bindings in another order, changes no destination', () => {
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`);
    const { core } = bound('x-modulus-hash', ['', '', '']);
    const before = destinations(core, keys);
    expect(new Set(before).size).toBe(3);
    core.unbind('x', 'q0');
    core.bind('x', 'q0');
    expect(destinations(core, keys)).toEqual(before);
  });

  test('counts bindings, not queues', () => {
    const { core, queues } = bound('x-modulus-hash', ['', '']);
    for (const key of ['2', '3']) core.bind('x', 'q0', key);
    expect(Math.abs((spread(core, queues, 4_000)[0] ?? 0) - 3000)).toBeLessThan(150);
  });
});

describe('x-random', () => {
  test('takes the binding that chance names, for every message anew on one channel', () => {
    const { core, queues } = bound('x-random', ['', '', '', '']);
    const publisher = new Publisher(core.vhost, core.actor);
    const address = { exchange: 'x', routingKey: '' };
    const properties: Properties = {};
    for (let n = 0; n < 256; n++) publisher.publish(address, encodeProperties(properties), Buffer.from(''));
    expect(queues.map((queue) => queue.ready.length)).toEqual([64, 64, 64, 64]); // the bytes of a test count up
  });

  test('without bindings it has an alternate exchange', () => {
    const core = new Core();
    core.exchange('other', 'fanout');
    core.bind('other', core.queue('q').name);
    core.exchange('x', 'x-random', { 'alternate-exchange': longstr('other') });
    expect(core.publish('x', 'k', 'a')).toBe(Outcome.ROUTED);
  });
});

describe('x-local-random', () => {
  test('takes no exchange as a destination', () => {
    const core = new Core();
    core.exchange('x', 'x-local-random');
    core.exchange('y', 'fanout');
    expect(refusal(() => core.bind('x', 'y', '', 'exchange'))).toBe(
      '406 PRECONDITION_FAILED - Destination not found',
    );
    expect(refusal(() => core.bind('x', 'y', 'é', 'exchange'))).toBe(
      "406 PRECONDITION_FAILED - Non empty binding 'Ã©' key not permitted",
    );
  });
});

for (const type of ['x-consistent-hash', 'x-modulus-hash', 'x-random']) {
  test(`${type} leads on to another exchange, and an auto-delete one goes with its last binding`, () => {
    const core = new Core();
    core.exchange('x', type, {}, { autoDelete: true });
    core.exchange('y', 'fanout', {}, { autoDelete: true });
    core.bind('x', 'y', '1', 'exchange');
    core.queue('q');
    core.bind('y', 'q');
    expect(core.publish('x', 'k', 'a')).toBe(Outcome.ROUTED);
    core.unbind('y', 'q');
    expect([core.vhost.exchanges.has('y'), core.vhost.exchanges.has('x')]).toEqual([false, false]);
  });
}
