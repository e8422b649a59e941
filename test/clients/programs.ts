import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import type { RunningBroker } from '../../src/index.ts';

/** What a program reads of a message, whatever its library calls it. */
export interface Delivery {
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly expiration: string | undefined;
}

export type Verdict = 'ack' | 'reject';

/** What the programs ask of a client library. */
export interface Client {
  declare(queue: string, args?: Record<string, unknown>): Promise<void>;
  delete(queue: string): Promise<void>;
  /** Persistent, to a queue; resolves when it is confirmed. */
  publish(queue: string, body: string, expiration?: string): Promise<void>;
  /** Mandatory; resolves with what comes back. */
  publishMandatory(exchange: string, routingKey: string, body: string): Promise<[number, string, string]>;
  consume(queue: string, take: (delivery: Delivery) => Verdict): Promise<void>;
  /** Resolves when the consumer is there; what is inside resolves when the server cancels it. */
  consumeUntilCancelled(queue: string): Promise<{ readonly cancelled: Promise<void> }>;
  count(queue: string): Promise<number>;
  /** What a declaration is refused with, on a channel of its own. */
  refusal(queue: string, args: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** Much longer than anything here takes, for machines with other things to do. */
const GENEROUS_MS = 5_000;

/** Waits for what is certain to come. */
export async function within<T>(promise: Promise<T>, what: string, ms = GENEROUS_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come about in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves with what a queue delivers, when so much has come. */
function collect(client: Client, queue: string, count: number): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  const all = new Promise<Delivery[]>((resolve, reject) => {
    const take = (delivery: Delivery): Verdict => {
      taken.push(delivery);
      if (taken.length === count) resolve(taken);
      return 'ack';
    };
    client.consume(queue, take).catch(reject);
  });
  return within(all, `${count} from ${queue}`);
}

const to = (queue: string): Record<string, unknown> => ({
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
});

/** A death as clients see it, without its time. */
const death = (queue: string, reason: string, more: Record<string, unknown> = {}) =>
  expect.objectContaining({
    queue,
    reason,
    count: 1,
    exchange: '',
    'routing-keys': [queue],
    ...more,
  }) as unknown;

/** The programs people write with a broker like this one, with one client library. */
export function describePrograms(library: string, connect: (url: string) => Promise<Client>): void {
  describe(`with ${library}`, () => {
    let broker: RunningBroker;
    let client: Client;
    beforeAll(async () => {
      broker = await startTestBroker();
      client = await connect(broker.url);
    });
    afterAll(async () => {
      await client.close();
      await broker.stop();
    });

    delays(() => client);
    answers(() => client);
  });
}

function delays(client: () => Client): void {
  test('a queue with a TTL delays what is published to it', async () => {
    await client().declare('delay.work');
    await client().declare('delay.wait', { 'x-message-ttl': 100, ...to('delay.work') });
    const published = Date.now();
    await client().publish('delay.wait', 'later');
    const [delivery] = await collect(client(), 'delay.work', 1);
    expect(Date.now() - published).toBeGreaterThanOrEqual(100);
    expect(delivery).toMatchObject({ body: 'later', exchange: '', routingKey: 'delay.work' });
    expect(delivery?.headers).toMatchObject({
      'x-death': [death('delay.wait', 'expired')],
      'x-first-death-queue': 'delay.wait',
      'x-first-death-reason': 'expired',
      'x-first-death-exchange': '',
      'x-last-death-queue': 'delay.wait',
      'x-last-death-reason': 'expired',
      'x-last-death-exchange': '',
    });
  });

  test('a message has an expiration of its own', async () => {
    await client().declare('own.work');
    await client().declare('own.wait', to('own.work'));
    const published = Date.now();
    await client().publish('own.wait', 'soon', '60');
    const [delivery] = await collect(client(), 'own.work', 1);
    expect(Date.now() - published).toBeGreaterThanOrEqual(60);
    expect(delivery?.expiration).toBeUndefined();
    expect(delivery?.headers['x-death']).toEqual([
      death('own.wait', 'expired', { 'original-expiration': '60' }),
    ]);
  });

  test('what is rejected comes back after three waits, and then goes to the parking lot', async () => {
    const waits = [50, 100, 150];
    await client().declare('retry.parking');
    for (const [index, wait] of waits.entries()) {
      await client().declare(`retry.work.${index}`, to(`retry.wait.${index}`));
      const next = `retry.work.${index + 1}`;
      await client().declare(`retry.wait.${index}`, { 'x-message-ttl': wait, ...to(next) });
    }
    await client().declare('retry.work.3', to('retry.parking'));
    const seenAt: number[] = [];
    for (let index = 0; index < 4; index++) {
      await client().consume(`retry.work.${index}`, () => {
        seenAt.push(Date.now());
        return 'reject';
      });
    }
    await client().publish('retry.work.0', 'broken');
    const [parked] = await collect(client(), 'retry.parking', 1);
    for (const [index, wait] of waits.entries()) {
      expect((seenAt[index + 1] ?? 0) - (seenAt[index] ?? 0)).toBeGreaterThanOrEqual(wait);
    }
    expect(seenAt.length).toBe(4);
    expect(parked?.headers['x-death']).toEqual([
      death('retry.work.3', 'rejected'),
      death('retry.wait.2', 'expired'),
      death('retry.work.2', 'rejected'),
      death('retry.wait.1', 'expired'),
      death('retry.work.1', 'rejected'),
      death('retry.wait.0', 'expired'),
      death('retry.work.0', 'rejected'),
    ]);
  });

  test('what is rejected again and again is counted', async () => {
    await client().declare('count.work', to('count.wait'));
    await client().declare('count.wait', { 'x-message-ttl': 20, ...to('count.work') });
    const counts: unknown[] = [];
    const done = new Promise<void>((resolve, reject) => {
      const take = ({ headers }: Delivery): Verdict => {
        const [first] = (headers['x-death'] ?? []) as { readonly count: number }[];
        counts.push(first?.count);
        if (counts.length === 4) resolve();
        return counts.length < 4 ? 'reject' : 'ack';
      };
      client().consume('count.work', take).catch(reject);
    });
    await client().publish('count.work', 'again');
    await within(done, 'four deliveries');
    expect(counts).toEqual([undefined, 1, 2, 3]);
  });
}

function answers(client: () => Client): void {
  test('every publish is confirmed', async () => {
    await client().declare('confirmed');
    const bodies = Array.from({ length: 200 }, (_, index) => `${index}`);
    const publishes = bodies.map((body) => client().publish('confirmed', body));
    await within(Promise.all(publishes), 'the confirms');
    expect(await client().count('confirmed')).toBe(200);
    const deliveries = await collect(client(), 'confirmed', 200);
    expect(deliveries.map(({ body }) => body)).toEqual(bodies);
  });

  test('a mandatory message without a queue comes back', async () => {
    const returned = await within(client().publishMandatory('amq.direct', 'nowhere', 'body'), 'the return');
    expect(returned).toEqual([312, 'NO_ROUTE', 'body']);
  });

  test('a consumer hears that its queue is deleted', async () => {
    await client().declare('doomed');
    const { cancelled } = await client().consumeUntilCancelled('doomed');
    await client().delete('doomed');
    await within(cancelled, 'the cancel');
  });

  test('a declaration that differs is refused, and the connection goes on', async () => {
    await client().declare('fixed', { 'x-message-ttl': 1000 });
    const text = await client().refusal('fixed', { 'x-message-ttl': 2000 });
    expect(text).toMatch(/406|PRECONDITION.FAILED/);
    expect(text).toContain(
      "inequivalent arg 'x-message-ttl' for queue 'fixed' in vhost '/': received '2000' but current is '1000'",
    );
    expect(await client().count('fixed')).toBe(0);
  });
}
