import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Message } from 'amqplib';
import { BrokerAsPromised, withDefaultConfig } from 'rascal';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Example } from './example.ts';
import { within } from './programs.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

// The examples `simple`, `promises` and `default-exchange` share demo_q. Others need packages that Rascal does not bring.
const queues = ['demo_q', 'demo_stream', 'rascal.orders', 'rascal.wait', 'rascal.dead', 'rascal.fixed'];
const exchanges = ['demo_ex', 'rascal.jobs', 'rascal.delay', 'rascal.retry', 'rascal.dead_letters'];

let target: Target;
beforeAll(async () => {
  target = await startTarget(queues, exchanges);
});
afterAll(() => target.stop());

/** What Rascal's documentation advises: retries through a queue that waits, found back by a CC key, then dead letters. */
function retries(): object {
  return {
    exchanges: exchanges.slice(1),
    queues: {
      'rascal.orders': {
        options: {
          arguments: {
            'x-dead-letter-exchange': 'rascal.dead_letters',
            'x-dead-letter-routing-key': 'rascal.orders.dead',
          },
        },
      },
      'rascal.wait': {
        options: { arguments: { 'x-message-ttl': 60, 'x-dead-letter-exchange': 'rascal.retry' } },
      },
      'rascal.dead': {},
    },
    bindings: [
      'rascal.jobs[order.#] -> rascal.orders',
      'rascal.delay[delay.short] -> rascal.wait',
      'rascal.retry[rascal.orders.#] -> rascal.orders',
      'rascal.dead_letters[#] -> rascal.dead',
    ],
    publications: {
      order: { exchange: 'rascal.jobs', routingKey: 'order.new' },
      later: { exchange: 'rascal.delay', options: { CC: ['delay.short'] } },
      nowhere: { exchange: 'rascal.jobs', routingKey: 'nobody' },
    },
    subscriptions: {
      orders: { queue: 'rascal.orders', prefetch: 1 },
      dead: { queue: 'rascal.dead' },
    },
  };
}

/** A Rascal broker with these vhost settings; its own reports of errors are gathered. */
async function create(settings: object, url = target.url): Promise<[BrokerAsPromised, Error[]]> {
  const connection = { url, retry: false };
  const vhosts = { '/': { connection, publicationChannelPools: {}, ...settings } };
  const broker = await BrokerAsPromised.create(withDefaultConfig({ vhosts }));
  const errors: Error[] = [];
  broker.on('error', (error: Error) => errors.push(error));
  onTestFinished(() => broker.shutdown());
  return [broker, errors];
}

/** The queues and reasons of the deaths of a message. */
function deathsOf({ properties }: Message): string[] {
  const deaths = (properties.headers?.['x-death'] ?? []) as {
    queue: string;
    reason: string;
    count: number;
  }[];
  return deaths.map(({ queue, reason, count }) => `${queue} ${reason} ${count}x`);
}

test("Rascal's own examples", async () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('rascal')), 'examples');
  const examples = ['simple', 'promises', 'default-exchange'].map(
    (name) => new Example(target.port, join(folder, name, 'index.js')),
  );
  for (const example of examples) {
    await example.prints('hello world');
    expect(await example.interrupt()).not.toContain('Error');
  }
});

test("Rascal's example of a subscriber reads a stream from its beginning", async () => {
  const stream = { 'x-queue-type': 'stream', 'x-max-length-bytes': 10_485_760 };
  const [broker] = await create({
    queues: { demo_stream: { options: { arguments: stream } } },
    publications: { stream: { queue: 'demo_stream' } },
  });
  for (const body of ['a', 'b']) {
    await within(once(await broker.publish('stream', body), 'success'), 'the confirm');
  }
  const folder = join(dirname(createRequire(import.meta.url).resolve('rascal')), 'examples');
  const subscriber = new Example(target.port, join(folder, 'streams', 'subscriber.js'));
  await subscriber.prints('Received message: 0');
  await subscriber.prints('Received message: 1');
});

describe('with Rascal', () => {
  test('work is retried through a queue that waits, and then dead-lettered', async () => {
    const [broker, errors] = await create(retries());
    const seenAt: number[] = [];
    const orders = await broker.subscribe('orders');
    orders.on('error', (error) => errors.push(error));
    orders.on('message', (_message, _content, ackOrNack) => {
      seenAt.push(Date.now());
      const options = { CC: ['delay.short', 'rascal.orders.order.new'] };
      ackOrNack(new Error('not today'), [
        { strategy: 'forward', publication: 'later', attempts: 2, options },
        { strategy: 'nack' },
      ]);
    });
    const subscription = await broker.subscribe('dead');
    const dead = new Promise<Message>((resolve) => {
      subscription.on('message', (message, _content, ackOrNack) => {
        ackOrNack();
        resolve(message);
      });
    });
    const publication = await broker.publish('order', { id: 7 });
    await within(once(publication, 'success'), 'the confirm');
    const message = await within(dead, 'the dead letter');
    expect(JSON.parse(message.content.toString())).toEqual({ id: 7 });
    expect(seenAt.length).toBe(3);
    for (const at of [1, 2]) expect((seenAt[at] ?? 0) - (seenAt[at - 1] ?? 0)).toBeGreaterThanOrEqual(60);
    // RabbitMQ 4 does not count on from an x-death that a client published: each forward begins anew.
    expect(deathsOf(message)).toEqual(['rascal.orders rejected 1x', 'rascal.wait expired 1x']);
    expect(errors).toEqual([]);
  });

  test('a message without a queue comes back', async () => {
    const [broker] = await create(retries());
    const publication = await broker.publish('nowhere', 'lost', { options: { mandatory: true } });
    const [returned] = (await within(once(publication, 'return'), 'the return')) as [Message];
    expect(returned.fields).toMatchObject({ replyCode: 312, replyText: 'NO_ROUTE', routingKey: 'nobody' });
  });
});

describe('a mistake with Rascal is told in the words of RabbitMQ', () => {
  test('a wrong password', async () => {
    await expect(create({}, target.wrongPasswordUrl)).rejects.toThrow(
      'Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."',
    );
  });

  test('a missing queue', async () => {
    const queues = { 'rascal.missing': { assert: false, check: true } };
    await expect(create({ queues })).rejects.toThrow(
      `404 (NOT-FOUND) with message "NOT_FOUND - no queue 'rascal.missing' in vhost '/'"`,
    );
  });

  test('an argument that differs', async () => {
    const withTtl = (ttl: number) => ({
      queues: { 'rascal.fixed': { options: { arguments: { 'x-message-ttl': ttl } } } },
    });
    await create(withTtl(1000));
    await expect(create(withTtl(2000))).rejects.toThrow(
      `406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'rascal.fixed' in vhost '/': received '2000' but current is '1000'"`,
    );
  });

  test('an expiration that is no number', async () => {
    const [broker] = await create(retries());
    const publication = await broker.publish('order', 'x', { options: { expiration: 'soon' } });
    const errors: string[] = [];
    const refused = new Promise<void>((resolve) => {
      publication.on('error', ({ message }) => {
        errors.push(message);
        if (message.includes('406')) resolve();
      });
    });
    await within(refused, 'the refusal');
    expect(errors).toContain(
      `Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - invalid expiration 'soon': no_integer"`,
    );
  });
});
