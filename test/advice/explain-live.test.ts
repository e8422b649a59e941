import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Explanation, Hop, Stay } from '../../src/advice/explanation.ts';
import { explainInBroker } from '../../src/advice/live.ts';
import { readQuestion } from '../../src/advice/question.ts';
import type { AskedQuestion } from '../../src/advice/question.ts';
import type { BrokerEvent } from '../../src/broker/observer.ts';
import { long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';

/** Long after everything here is over. */
const LONG = 100_000;

function explain(core: Core, asked: AskedQuestion): Explanation {
  return explainInBroker(core.broker, readQuestion(asked));
}

/** What happens to a message and its copies, in a broker that is watched. */
class Witness {
  readonly #mine = new Set<number>();
  readonly #start: number;
  readonly happened: string[] = [];

  constructor(start: number) {
    this.#start = start;
  }

  hear(event: BrokerEvent): void {
    const at = event.time - this.#start;
    if (event.type === 'published') this.#mine.add(event.message.id);
    if (event.type === 'unroutable') this.happened.push(`+${at} lost: no route`);
    if (event.type === 'dead-lettered' && this.#mine.has(event.original)) {
      this.#mine.add(event.message.id);
      this.happened.push(`+${at} ${event.reason} in ${event.queue}, to '${event.message.exchange}'`);
    }
    if (!('message' in event) || !this.#mine.has(event.message.id)) return;
    if (event.type === 'enqueued')
      this.happened.push(`+${at} in ${event.queue} until ${this.#until(event.expiresAt)}`);
    if (event.type === 'refused') this.happened.push(`+${at} refused by ${event.queue}`);
    if (event.type === 'dropped' && event.why !== 'refused')
      this.happened.push(`+${at} ${event.reason} in ${event.queue}, lost: ${event.why}`);
    if (event.type === 'acked') this.happened.push(`+${at} consumed from ${event.queue}`);
  }

  #until(time: number): string {
    return time === Infinity ? 'ever' : `+${time - this.#start}`;
  }
}

/** The same, as it is foretold. */
function foretold({ publish, start }: Explanation): string[] {
  const told: string[] = [];
  const hop = ({ time, queues, lost }: Hop): void => {
    for (const stay of queues) tellStay(stay);
    for (const { queue, why } of lost) {
      if (why === 'refused') told.push(`+${time - start} refused by ${queue}`);
      else if (hop !== undefined && queue === undefined && time === start) told.push(`+0 lost: no route`);
    }
  };
  const tellStay = ({ queue, arrives, expires, leaves = 0, end, deadLetter, lost }: Stay): void => {
    const until = expires === undefined ? 'ever' : `+${expires - start}`;
    const isRefused = end === 'refused';
    told.push(`+${arrives - start} ${isRefused ? `refused by ${queue}` : `in ${queue} until ${until}`}`);
    const left = `+${leaves - start} ${isRefused ? 'maxlen' : end} in ${queue}`;
    if (end === 'consumed') told.push(`+${leaves - start} consumed from ${queue}`);
    if (lost !== undefined) told.push(`${left}, lost: ${lost}`);
    if (deadLetter === undefined) return;
    for (const { why } of deadLetter.lost) if (why !== 'refused') told.push(`${left}, lost: ${why}`);
    if (deadLetter.queues.length > 0 || deadLetter.lost.some(({ why }) => why === 'refused'))
      told.push(`${left}, to '${deadLetter.exchange}'`);
    hop({ ...deadLetter, lost: deadLetter.lost.filter(({ why }) => why === 'refused') });
  };
  hop(publish);
  return told.sort();
}

describe('what is foretold is what happens', () => {
  const queueNames = ['a', 'b', 'c', 'd'];
  const exchangeNames = ['', 'amq.direct', 'amq.fanout', 'amq.topic', 'nowhere'];
  const optional = <T>(arb: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arb, { nil: undefined });
  const queueArb = fc.record({
    ttl: optional(fc.constantFrom(0, 1, 100, 250)),
    exchange: optional(fc.constantFrom(...exchangeNames)),
    key: optional(fc.constantFrom(...queueNames, 'x')),
    maxLength: optional(fc.constantFrom(0, 1, 2)),
    overflow: optional(fc.constantFrom('drop-head', 'reject-publish', 'reject-publish-dlx')),
    consumed: fc.boolean(),
    quorum: fc.boolean(),
  });
  const bindingArb = fc.record({
    exchange: fc.constantFrom('amq.direct', 'amq.fanout', 'amq.topic'),
    queue: fc.constantFrom(...queueNames),
    key: fc.constantFrom(...queueNames, 'x', '#', '*'),
  });
  const publishArb = fc.record({
    exchange: fc.constantFrom('', 'amq.direct', 'amq.fanout', 'amq.topic'),
    key: fc.constantFrom(...queueNames, 'x'),
    expiration: optional(fc.constantFrom(0, 50, 100, 400)),
  });

  test('with any queues, bindings and messages that were there before', () => {
    fc.assert(
      fc.property(
        fc.tuple(queueArb, queueArb, queueArb, queueArb),
        fc.array(bindingArb, { maxLength: 6 }),
        fc.array(publishArb, { maxLength: 4 }),
        publishArb,
        fc.nat(120),
        (queues, bindings, before, asked, wait) => {
          const core = new Core();
          queues.forEach(({ ttl, exchange, key, maxLength, overflow, consumed, quorum }, i) => {
            const args: Record<string, FieldValue> = {};
            if (quorum) args['x-queue-type'] = longstr('quorum');
            if (ttl !== undefined) args['x-message-ttl'] = long(BigInt(ttl));
            if (exchange !== undefined) args['x-dead-letter-exchange'] = longstr(exchange);
            if (exchange !== undefined && key !== undefined) args['x-dead-letter-routing-key'] = longstr(key);
            if (maxLength !== undefined) args['x-max-length'] = long(BigInt(maxLength));
            if (overflow !== undefined) args['x-overflow'] = longstr(overflow);
            const queue = core.queue(queueNames[i] ?? '', args);
            if (!consumed) return;
            const consumer = core.consume(queue);
            consumer.deliver = (_subscription, entry) => core.broker.soon(() => queue.ack(entry));
          });
          for (const { exchange, queue, key } of bindings) core.bind(exchange, queue, key);
          const properties = (ms: number | undefined): object =>
            ms === undefined ? {} : { expiration: String(ms) };
          for (const { exchange, key, expiration } of before)
            core.publish(exchange, key, 'before', properties(expiration));
          core.advance(wait);

          const explanation = explain(core, {
            exchange: asked.exchange,
            routingKey: asked.key,
            expiration: asked.expiration,
          });
          const witness = new Witness(core.clock.now());
          core.broker.events.observe((event) => witness.hear(event));
          core.publish(asked.exchange, asked.key, 'asked', properties(asked.expiration));
          core.advance(LONG);
          expect(foretold(explanation)).toEqual(witness.happened.sort());
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a running broker', () => {
  test('notices nothing', () => {
    const core = new Core();
    const queue = core.queue('q', { 'x-message-ttl': long(5n) });
    core.send('q', 'one');
    const events: string[] = [];
    core.broker.events.observe(({ type }) => events.push(type));
    explain(core, { exchange: '', routingKey: 'q' });
    expect(events).toEqual([]);
    expect(core.bodies(queue)).toEqual(['one']);
  });

  test('is taken with its exclusive queues, its policies and the moment on its clock', () => {
    const core = new Core();
    core.queue('mine', {}, { exclusive: true, durable: false });
    core.queue('late');
    core.vhost.policies.set('policy', 'on', {
      pattern: '^mine$',
      priority: 0,
      definition: { 'message-ttl': 5, 'dead-letter-exchange': '', 'dead-letter-routing-key': 'late' },
    });
    const { start, publish, ends } = explain(core, { exchange: '', routingKey: 'mine' });
    expect(start).toBe(core.clock.now());
    expect(publish.queues[0]).toMatchObject({ expires: start + 5, expiresBy: "policy 'on'" });
    expect(ends).toEqual([{ time: start + 5, queue: 'late', end: 'waiting', why: undefined }]);
  });

  test('whose head never expires keeps those behind it (EXP-01)', () => {
    const core = new Core();
    core.queue('q');
    core.send('q', 'head');
    const { ends } = explain(core, { exchange: '', routingKey: 'q', expiration: 5 });
    expect(ends).toMatchObject([{ queue: 'q', end: 'stuck' }]);
  });

  test('whose consumers reject the message that is asked for, and no other', () => {
    const core = new Core();
    const queue = core.queue('q', { 'x-dead-letter-exchange': longstr('amq.fanout') });
    core.queue('late');
    core.bind('amq.fanout', 'late');
    core.queue('other');
    core.send('q', 'before');
    for (const one of [queue, core.queue('other')]) core.consume(one, 0);
    const { ends, assumptions } = explain(core, { exchange: '', routingKey: 'q', rejects: 1 });
    expect(ends).toMatchObject([{ queue: 'late', end: 'consumed' }]);
    expect(assumptions).toEqual(["Somebody consumes 'q', 'late' and takes it at once."]);
  });

  test('with more messages than can be copied is taken for empty, and that is told', () => {
    const core = new Core();
    core.queue('q');
    for (let n = 0; n <= 10_000; n++) core.send('q', '');
    const { ends, assumptions } = explain(core, { exchange: '', routingKey: 'q', expiration: 5 });
    expect(ends).toMatchObject([{ end: 'lost', why: 'no dead-letter exchange' }]);
    expect(assumptions).toEqual([
      'The 10001 messages that are ready in the vhost have left their queues by then.',
    ]);
  });

  test.each([
    [{ exchange: 'amq.topc', routingKey: '' }, "there is no exchange 'amq.topc'; did you mean 'amq.topic'?"],
    [{ exchange: '', routingKey: '', vhost: 'other' }, "there is no vhost 'other'; there are: /"],
    [{ exchange: '' } as AskedQuestion, 'routingKey is missing, and should be a text'],
    [
      { exchange: '', routingKey: '', ttl: 5 } as AskedQuestion,
      /^ttl is 5, and should be left out: there are vhost/,
    ],
    [
      { exchange: '', routingKey: '', priority: 256 },
      'priority is 256, and should be a whole number from 0 to 255',
    ],
    [{ exchange: '', routingKey: '', rejects: -1 }, 'rejects is -1, and should be a whole number'],
  ])('refuses %j', (asked, message) => {
    expect(() => explain(new Core(), asked)).toThrow(message);
  });
});
