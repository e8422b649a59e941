import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib';
import { expect, test } from 'vitest';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';

/** `LEVERET_KILLS=100 npx vitest run test/crash/load.test.ts` for a night. */
const KILLS = Number(process.env['LEVERET_KILLS'] ?? 4);
const PUBLISHERS = 3;
const WINDOW = 400;
/** Confirmed messages that each life has at least. */
const LEAST = 1_500;
const TTL = 150;

/** Where a message goes, by its number. */
const ROUTES = ['work', 'wait', 'parked', 'fan', 'work', 'wait', 'work', 'wait'] as const;

/** From `wait` they go to `late`, whose consumer refuses some, and these go to `refused`. */
const QUEUES = {
  work: {},
  wait: { messageTtl: TTL, deadLetterExchange: '', deadLetterRoutingKey: 'late' },
  late: { deadLetterExchange: '', deadLetterRoutingKey: 'refused' },
  parked: {},
  refused: {},
};
type QueueName = keyof typeof QUEUES;

function routeOf(id: number): (typeof ROUTES)[number] {
  return ROUTES[id % ROUTES.length] as (typeof ROUTES)[number];
}

function isRefused(id: number): boolean {
  return id % 3 === 0;
}

/** Of many sizes; every octet says whose it is. */
function bodyOf(id: number): Buffer {
  const body = Buffer.alloc(4 + ((id * 7919) % 8_000), id % 251);
  body.writeUInt32BE(id);
  return body;
}

/** What the clients know, over all lives of the broker. */
class Ledger {
  sent = 0;
  readonly confirmed = new Set<number>();
  readonly damaged: number[] = [];
  /** By queue: how often each message came, in all lives. */
  readonly came = new Map<QueueName, Map<number, number>>();
  /** Came twice within a life, though nothing gave it back. */
  readonly repeated: string[] = [];
  readonly #thisLife = new Set<string>();

  begin(): void {
    this.#thisLife.clear();
  }

  arrived(queue: QueueName, body: Buffer): number {
    const id = body.readUInt32BE(0);
    if (!body.equals(bodyOf(id))) this.damaged.push(id);
    const arrival = `${queue} ${id}`;
    if (this.#thisLife.has(arrival)) this.repeated.push(arrival);
    this.#thisLife.add(arrival);
    const counts = this.came.get(queue) ?? new Map<number, number>();
    this.came.set(queue, counts.set(id, (counts.get(id) ?? 0) + 1));
    return id;
  }

  has(queue: QueueName, id: number): boolean {
    return this.came.get(queue)?.has(id) ?? false;
  }

  /** Confirmed messages that are not where they should be. */
  missing(): string[] {
    const isThere = {
      work: (id: number) => this.has('work', id),
      wait: (id: number) => this.has(isRefused(id) ? 'refused' : 'late', id),
      parked: (id: number) => this.has('parked', id),
      fan: (id: number) => this.has('work', id) && this.has('parked', id),
    };
    return [...this.confirmed].filter((id) => !isThere[routeOf(id)](id)).map((id) => `${routeOf(id)} ${id}`);
  }

  /** Messages in one of the queues that a publish filled together, and not in the other. */
  torn(): number[] {
    const parked = [...(this.came.get('parked')?.keys() ?? [])];
    return parked.filter((id) => routeOf(id) === 'fan' && !this.has('work', id));
  }
}

async function open(url: string): Promise<ChannelModel> {
  const connection = await connect(url);
  connection.on('error', () => {});
  return connection;
}

async function declare(url: string): Promise<void> {
  const connection = await open(url);
  const channel = await connection.createChannel();
  for (const [name, options] of Object.entries(QUEUES)) await channel.assertQueue(name, options);
  await channel.assertExchange('fan', 'fanout');
  for (const queue of ['work', 'parked']) await channel.bindQueue(queue, 'fan', '');
  await connection.close();
}

/** Publishes until the broker is gone. */
async function publish(url: string, ledger: Ledger): Promise<void> {
  const connection = await open(url);
  const channel = await connection.createConfirmChannel();
  const over = new AbortController();
  let unconfirmed = 0;
  channel.on('error', () => {});
  channel.on('close', () => over.abort());
  for (; !over.signal.aborted; await turn()) {
    for (let left = 20; left > 0 && unconfirmed < WINDOW && !over.signal.aborted; left--) {
      unconfirmed++;
      publishNext(channel, ledger, () => unconfirmed--);
    }
  }
}

function publishNext(channel: ConfirmChannel, ledger: Ledger, answered: () => void): void {
  const id = ledger.sent++;
  const route = routeOf(id);
  const [exchange, key] = route === 'fan' ? ['fan', ''] : ['', route];
  channel.publish(exchange, key, bodyOf(id), { persistent: true }, (error) => {
    answered();
    if (error === null || error === undefined) ledger.confirmed.add(id);
  });
}

async function consume(url: string, queue: QueueName, ledger: Ledger): Promise<Channel> {
  const connection = await open(url);
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await channel.prefetch(300);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    const id = ledger.arrived(queue, message.content);
    if (queue === 'late' && isRefused(id)) channel.reject(message, false);
    else channel.ack(message);
  });
  return channel;
}

async function waitUntilEmpty(channel: Channel): Promise<void> {
  for (let left = 300; left > 0; left--) {
    const counts = await Promise.all(Object.keys(QUEUES).map((queue) => channel.checkQueue(queue)));
    if (counts.every(({ messageCount }) => messageCount === 0)) return;
    await sleep(100);
  }
  throw new Error('the queues were not emptied');
}

test(
  `${KILLS} kills under load: what was confirmed is in the queue where it should be, once, and whole`,
  { timeout: 60_000 + KILLS * 15_000 },
  async () => {
    const directory = await temporaryDirectory();
    const start = (): ReturnType<typeof spawnBroker> =>
      spawnBroker('--data', directory, '--port', '0', '--memory-limit', '2000000');
    const ledger = new Ledger();
    let broker = await start();
    await declare(broker.url);
    for (let life = 0; life < KILLS; life++) {
      ledger.begin();
      await consume(broker.url, 'work', ledger);
      await consume(broker.url, 'late', ledger);
      const publishers = Array.from({ length: PUBLISHERS }, () => publish(broker.url, ledger));
      const enough = ledger.confirmed.size + LEAST;
      while (ledger.confirmed.size < enough) await sleep(20);
      await sleep(Math.random() * 500);
      await broker.kill('SIGKILL');
      await Promise.all(publishers);
      broker = await start();
    }
    ledger.begin();
    for (const queue of ['work', 'late', 'parked', 'refused'] as const) {
      await consume(broker.url, queue, ledger);
    }
    const last = await open(broker.url);
    await waitUntilEmpty(await last.createChannel());
    await sleep(200); // what is handed out is not counted as waiting
    expect(await broker.kill('SIGTERM')).toBe(0);
    expect(ledger.confirmed.size).toBeGreaterThanOrEqual(LEAST * KILLS);
    expect(ledger.missing()).toEqual([]);
    expect(ledger.torn()).toEqual([]);
    expect(ledger.repeated).toEqual([]);
    expect(ledger.damaged).toEqual([]);
  },
);
