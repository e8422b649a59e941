import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/broker/message.ts';
import { Outcome } from '../../src/broker/publish.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';

const QUORUM = { 'x-queue-type': longstr('quorum') };

function delaying(type: string, least: number, most?: number): Record<string, FieldValue> {
  return {
    ...QUORUM,
    'x-delayed-retry-type': longstr(type),
    'x-delayed-retry-min': long(least),
    ...(most === undefined ? {} : { 'x-delayed-retry-max': long(most) }),
  };
}

function take(core: Core, queue: Queue): Entry {
  const got = core.get(queue);
  if (got === undefined) throw new Error('nothing is ready');
  return got.entry;
}

/** Takes the next message and gives it back; how it came back is said. */
function giveBack(core: Core, queue: Queue, hasFailed: boolean): void {
  queue.requeue([take(core, queue)], hasFailed);
  core.settle();
}

/** After how many milliseconds the first message is ready; undefined when it is not within a minute. */
function readyAfter(core: Core, queue: Queue): number | undefined {
  for (let ms = 0; ms <= 60_000; ms += 50) {
    if (queue.messageCount > 0) return ms;
    core.advance(50);
  }
  return undefined;
}

describe('how long a message that came back waits [DLV-09]', () => {
  test.each([
    ['all', true, [200, 400, 500, 500]],
    ['all', false, [200, 200, 200, 200]],
    ['failed', true, [200, 400, 500, 500]],
    ['failed', false, [0, 0, 0]],
    ['returned', true, [0, 0, 0]],
    ['returned', false, [200, 200, 200]],
    ['disabled', true, [0, 0]],
    ['nonsense', true, [0, 0]],
  ])('%s, and it failed: %s', (type, hasFailed, gaps) => {
    const core = new Core();
    const queue = core.queue('q', delaying(type, 200, 500));
    core.send('q', 'a');
    for (const gap of gaps) {
      giveBack(core, queue, hasFailed);
      expect(readyAfter(core, queue)).toBe(gap);
    }
  });

  test('failures before count when one comes back that did not fail', () => {
    const core = new Core();
    const queue = core.queue('q', delaying('all', 100, 1000));
    core.send('q', 'a');
    for (const [hasFailed, gap] of [
      [true, 100],
      [false, 100],
      [true, 200],
      [false, 200],
      [true, 300],
    ] as const) {
      giveBack(core, queue, hasFailed);
      expect(readyAfter(core, queue)).toBe(gap);
    }
  });

  test('it is never early, and ready at its moment', () => {
    const core = new Core();
    const queue = core.queue('q', delaying('all', 1000));
    core.send('q', 'a');
    giveBack(core, queue, true);
    core.advance(999);
    expect(queue.messageCount).toBe(0);
    core.advance(1);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  test('the largest delay is the smallest one when it is not given, or smaller, or useless', () => {
    for (const [most, gap] of [
      [undefined, 100],
      [50, 50],
      [-1, 100],
    ] as const) {
      const core = new Core();
      const queue = core.queue('q', delaying('all', 100, most));
      core.send('q', 'a');
      giveBack(core, queue, true);
      expect(readyAfter(core, queue)).toBe(gap);
    }
  });

  test.each([
    ['no smallest delay', { ...QUORUM, 'x-delayed-retry-type': longstr('all') }],
    ['a negative one', delaying('all', -5)],
    ['one of another type', { ...delaying('all', 1), 'x-delayed-retry-min': longstr('100') }],
    ['a type that is none', { ...delaying('all', 100), 'x-delayed-retry-type': byte(1) }],
  ])('%s is as none [ARG-07]', (_what, args) => {
    const core = new Core();
    const queue = core.queue('q', args);
    core.send('q', 'a');
    giveBack(core, queue, true);
    expect([core.bodies(queue), queue.settings.delayedRetry]).toEqual([['a'], undefined]);
  });

  test('the type of a policy goes before that of the arguments, and the smaller of two delays counts', () => {
    const core = new Core();
    core.policy('p', {
      'delayed-retry-type': 'returned',
      'delayed-retry-min': 300,
      'delayed-retry-max': 900,
    });
    const args = { ...delaying('failed', 400, 800) };
    expect(core.queue('q1', args).settings.delayedRetry).toEqual({ type: 'returned', least: 300, most: 800 });
    expect(core.queue('q2', QUORUM).settings.delayedRetry).toEqual({
      type: 'returned',
      least: 300,
      most: 900,
    });
    expect(core.queue('q3').settings.delayedRetry).toBeUndefined();
  });

  test('what waits goes on waiting when a policy changes', () => {
    const core = new Core();
    core.policy('p', { 'delayed-retry-type': 'all', 'delayed-retry-min': 500 });
    const queue = core.queue('q', QUORUM);
    core.send('q', 'a');
    giveBack(core, queue, true);
    core.policy('p', { 'delayed-retry-type': 'disabled' });
    expect(readyAfter(core, queue)).toBe(500);
    giveBack(core, queue, true);
    expect(core.bodies(queue)).toEqual(['a']);
  });
});

describe('while a message waits [DLV-09]', () => {
  /** A queue in which `a` waits for a second. */
  function waiting(args: Record<string, FieldValue> = {}): { core: Core; queue: Queue } {
    const core = new Core();
    const queue = core.queue('q', { ...delaying('all', 1000), ...args });
    core.send('q', 'a');
    giveBack(core, queue, true);
    return { core, queue };
  }

  test('others are delivered, and it has its old place when its time has come', () => {
    const { core, queue } = waiting();
    core.send('q', 'b');
    core.send('q', 'c');
    expect(core.drain(queue).map(({ body }) => body)).toEqual(['b', 'c']);
    core.send('q', 'd');
    core.advance(1000);
    expect(core.bodies(queue)).toEqual(['a', 'd']);
  });

  test('a consumer that waits gets it then, redelivered', () => {
    const { core, queue } = waiting();
    const consumer = core.consume(queue);
    expect(consumer.bodies).toEqual([]);
    core.advance(1000);
    expect(consumer.entries.map((entry) => core.see(entry).redelivered)).toEqual([true]);
  });

  test('its deadline takes effect when its time has come, not before', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const dlx = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
    const queue = core.queue('q', { ...delaying('all', 1000), ...dlx });
    core.send('q', 'a', { expiration: '400' });
    giveBack(core, queue, true);
    core.advance(999);
    expect(core.bodies(dead)).toEqual([]);
    core.advance(1);
    expect([core.bodies(dead), queue.messageCount]).toEqual([['a'], 0]);
  });

  test('it counts toward the length of the queue: what is ready has to go', () => {
    const { core, queue } = waiting({ 'x-max-length': long(1) });
    core.send('q', 'b');
    expect(core.bodies(queue)).toEqual([]);
    core.advance(1000);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  test('it counts toward the bytes of the queue, too', () => {
    const { core } = waiting({ 'x-max-length-bytes': long(3), 'x-overflow': longstr('reject-publish') });
    expect(core.send('q', '123') & Outcome.REFUSED).toBe(Outcome.REFUSED);
    expect(core.send('q', '12') & Outcome.REFUSED).toBe(0);
  });

  test('it is purged, and counted as purged', () => {
    const { core, queue } = waiting();
    core.send('q', 'b');
    expect(queue.purge()).toBe(2);
    core.advance(10_000);
    expect([queue.messageCount, queue.delayed?.length, queue.delayed?.bytes]).toEqual([0, 0, 0]);
  });

  test('it goes with its queue', () => {
    const { core, queue } = waiting();
    core.vhost.remove(queue);
    core.advance(10_000);
    expect(queue.delayed?.length).toBe(0);
  });
});

describe('what counts as a failure in a queue that delays retries [DLV-04, DLV-09]', () => {
  test('a return that did not fail does not count toward the limit', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const dlx = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
    const queue = core.queue('q', { ...delaying('failed', 100), ...dlx, 'x-delivery-limit': long(1) });
    core.send('q', 'a');
    for (let n = 0; n < 5; n++) giveBack(core, queue, false);
    giveBack(core, queue, true);
    core.advance(100);
    expect(core.bodies(queue)).toEqual(['a']);
    giveBack(core, queue, true);
    core.advance(1000);
    expect([queue.messageCount, queue.delayed?.length, core.bodies(dead)]).toEqual([0, 0, ['a']]);
  });

  test('consumers are told of both: how often it failed, and how often somebody had it [DLV-05]', () => {
    const core = new Core();
    const queue = core.queue('q', delaying('returned', 100));
    core.send('q', 'a');
    giveBack(core, queue, true);
    giveBack(core, queue, false);
    core.advance(100);
    expect(queue.returnCounts(take(core, queue))).toEqual({ failures: 1, all: 2 });
  });

  test('in other queues every return counts', () => {
    const core = new Core();
    const queue = core.queue('q', QUORUM);
    core.send('q', 'a');
    giveBack(core, queue, false);
    expect(queue.returnCounts(take(core, queue))).toEqual({ failures: 1, all: undefined });
  });
});

test('many that are due at one moment are ready in slices, in their old order [DLV-09]', () => {
  const core = new Core();
  const queue = core.queue('q', delaying('all', 100));
  const bodies = Array.from({ length: 1000 }, (_, n) => String(n));
  for (const body of bodies) core.send('q', body);
  const entries = bodies.map(() => take(core, queue));
  queue.requeue(entries.reverse(), true);
  core.advance(100);
  expect(core.bodies(queue)).toEqual(bodies);
});
