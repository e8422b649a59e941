import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeadCopies } from '../../src/broker/dead-copy.ts';
import type { DeadCopy } from '../../src/broker/dead-copy.ts';
import { readHistory, recordDeath, writeHistory } from '../../src/broker/death.ts';
import type { Entry, Message } from '../../src/broker/message.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { DeathReason } from '../../src/broker/queue-host.ts';
import { PropertyScan, replaceHeaders } from '../../src/wire/properties.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { array, fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';

type Values = Record<string, FieldValue>;

const to = (exchange: string, routingKey?: string): Values => ({
  'x-dead-letter-exchange': longstr(exchange),
  ...(routingKey === undefined ? {} : { 'x-dead-letter-routing-key': longstr(routingKey) }),
});

/** The bytes a dead letter would have if nothing were remembered from one to the next. */
function plainBytes(core: Core, queue: Queue, message: Message, reason: DeathReason): Buffer {
  const page = core.broker.journal.load(message.page);
  const at = message.propertiesAt;
  const bytes = page.subarray(at, at + message.propertiesLength);
  const scan = new PropertyScan().scan(bytes, 0, bytes.length);
  const before = scan.headersStart < 0 ? Buffer.alloc(0) : bytes.subarray(scan.headersStart, scan.headersEnd);
  const death = {
    queue: queue.name,
    reason,
    count: 1n,
    time: BigInt(Math.floor(core.clock.now() / 1000)),
    exchange: message.exchange,
    routingKeys: [message.routingKey, ...(message.moreKeys?.cc ?? [])],
    originalExpiration: scan.expiration,
  };
  const history = recordDeath(message.died ? readHistory(before) : [], death);
  return replaceHeaders(bytes, scan, writeHistory(before, history, death, !message.died));
}

function queueIn(core: Core, name: string): Queue {
  return core.vhost.queues.get(name) as Queue;
}

function namesOf({ targets }: DeadCopy): string[] {
  return targets.map(({ name }) => name);
}

/** The dead-letter exchange of a queue there is. */
function copyOf(copies: DeadCopies, core: Core, queue: Queue, entry: Entry, reason: DeathReason): DeadCopy {
  const exchange = core.vhost.exchanges.get(queue.settings.deadLetterExchange ?? '');
  if (exchange === undefined) throw new Error(`${queue.name} has no dead-letter exchange`);
  return copies.of(queue, entry.message, reason, exchange);
}

const header = fc.constantFrom('a', 'b', 'x-death', 'x-first-death-queue', 'x-last-death-reason', 'x-z', 'z');
const headers = fc
  .dictionary(header, fc.constantFrom(longstr('one'), longstr(''), byte(7), array([byte(1)])))
  .map(fieldTable);
const properties: fc.Arbitrary<Properties> = fc.record(
  {
    headers,
    expiration: fc.constantFrom('5000', '5001', '50000'),
    messageId: fc.constantFrom('m-1', 'm-2'),
    correlationId: fc.constant('c'.repeat(60)),
    priority: fc.constantFrom(0, 3),
    deliveryMode: fc.constantFrom(1, 2),
  },
  { requiredKeys: [] },
);
/** Where it is published, what it says, and how often it is published like that. */
const publish = fc.record({
  exchange: fc.constantFrom('', 'in'),
  properties,
  cc: fc.constantFrom(undefined, undefined, ['other']),
  times: fc.integer({ min: 1, max: 4 }),
  /** Milliseconds until the next. */
  pause: fc.constantFrom(0, 0, 400),
});

describe('copies of dead messages', () => {
  test('are the same whatever died before them, along chains of queues [XD-01 to XD-14, DLX-15 to DLX-20]', () => {
    const queues = { one: to('dx'), two: to('', 'three'), three: to('dx', 'k'), end: {} };
    const reasons = fc.array(fc.constantFrom<DeathReason>('expired', 'rejected', 'maxlen'), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(publish, { minLength: 1, maxLength: 12 }), reasons, (publishes, why) => {
        const core = new Core();
        for (const [name, args] of Object.entries(queues)) core.queue(name, args);
        core.exchange('in', 'fanout');
        core.exchange('dx', 'topic');
        core.bind('in', 'one');
        core.bind('dx', 'two', '#');
        core.bind('dx', 'end', 'k');
        const copies = new DeadCopies(core.vhost);
        for (const { exchange, properties: said, cc, times, pause } of publishes) {
          const more = cc === undefined ? {} : { CC: array(cc.map(longstr)) };
          const all = { ...said, headers: new Map([...(said.headers ?? []), ...Object.entries(more)]) };
          const sent = all.headers.size > 0 ? all : said;
          for (let n = 0; n < times; n++) core.publish(exchange, 'one', 'body', sent);
          core.clock.advance(pause);
        }
        let n = 0;
        for (const name of ['one', 'two', 'three']) {
          const queue = queueIn(core, name);
          for (let next = queue.get(); next !== undefined; next = queue.get()) {
            const reason = why[n++ % why.length] as DeathReason;
            const copy = copyOf(copies, core, queue, next, reason);
            expect(copy.properties.equals(plainBytes(core, queue, next.message, reason))).toBe(true);
            const fresh = copyOf(new DeadCopies(core.vhost), core, queue, next, reason);
            expect([namesOf(copy), copy.cycles]).toEqual([namesOf(fresh), fresh.cycles]);
            queue.reject(next);
            core.settle();
            if (n % 7 === 0) core.clock.advance(300);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('go where the topology of this moment leads, not where the last one went [DLX-03]', () => {
    const core = new Core();
    const queue = core.queue('q', { ...to('dx'), 'x-message-ttl': byte(100) });
    const [before, after] = [core.queue('before'), core.queue('after')];
    core.exchange('dx', 'fanout');
    core.bind('dx', 'before');
    core.send('q', 'a');
    core.advance(100);
    core.unbind('dx', 'before');
    core.bind('dx', 'after');
    core.send('q', 'b');
    core.advance(100);
    core.policy('other', { 'message-ttl': 50 });
    core.send('q', 'c');
    core.advance(50);
    expect([core.bodies(before), core.bodies(after)]).toEqual([['a'], ['b', 'c']]);
    expect(queue.messageCount).toBe(0);
  });

  test('are routed one by one where headers decide [DLX-19]', () => {
    const core = new Core();
    core.queue('q', { ...to('dx'), 'x-message-ttl': byte(100) });
    const [red, all] = [core.queue('red'), core.queue('all')];
    core.exchange('dx', 'headers');
    core.bind('dx', 'red', '', 'queue', { colour: longstr('red') });
    core.bind('dx', 'all', '', 'queue', { 'x-match': longstr('any'), red: longstr('no') });
    core.bind('dx', 'all', '', 'queue', { 'x-match': longstr('all') });
    for (const colour of ['red', 'blue', 'red', 'red']) {
      core.send('q', colour, { headers: fieldTable({ colour: longstr(colour) }) });
    }
    core.advance(100);
    expect([core.bodies(red), core.bodies(all)]).toEqual([
      ['red', 'red', 'red'],
      ['red', 'blue', 'red', 'red'],
    ]);
  });
});
