import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { expect, test } from 'vitest';
import { spawnBroker } from '../support/process.ts';
import type { BrokerProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';

const KILLS = Number(process.env['LEVERET_KILLS'] ?? 5);
const MESSAGES = KILLS * 10_000;
const TTL = 2_000;
/** How long an ack may be on its way when the broker dies (ms). */
const ACK_WINDOW = 2_000;

interface Arrival {
  readonly life: number;
  readonly at: number;
}

/** What one client saw over all lives of the broker. */
class Ledger {
  readonly sentAt = new Map<number, number>();
  readonly confirmed = new Set<number>();
  readonly arrivals = new Map<number, Arrival[]>();
  /** When each life of the broker ended. */
  readonly deaths: number[] = [];
  next = 0;

  get missing(): number {
    let missing = 0;
    for (const id of this.confirmed) if (!this.arrivals.has(id)) missing++;
    return missing;
  }

  arrived(id: number, life: number): void {
    const arrival = { life, at: performance.timeOrigin + performance.now() };
    const before = this.arrivals.get(id);
    if (before === undefined) this.arrivals.set(id, [arrival]);
    else before.push(arrival);
  }

  /** Messages that came before their time, by how much (ms). */
  early(): number[] {
    return [...this.arrivals].flatMap(([id, [first]]) => {
      const due = (this.sentAt.get(id) ?? 0) + TTL;
      return first !== undefined && first.at < due ? [due - first.at] : [];
    });
  }

  /** Messages that came again though their ack had had all the time in the world. */
  wronglyRepeated(): number[] {
    return [...this.arrivals].flatMap(([id, arrivals]) => {
      const isWrong = arrivals.slice(1).some(({ life }, i) => {
        const { life: earlier, at } = arrivals[i] as Arrival;
        return life === earlier || at < (this.deaths[earlier] ?? Infinity) - ACK_WINDOW;
      });
      return isWrong ? [id] : [];
    });
  }
}

/** Publishes and consumes until the broker dies or everything is sent. */
async function live(url: string, life: number, ledger: Ledger): Promise<ChannelModel> {
  const connection = await connect(url);
  connection.on('error', () => {});
  const consumer = await connection.createChannel();
  await consumer.prefetch(500);
  await consumer.assertQueue('work', { durable: true });
  const publisher = await connection.createConfirmChannel();
  for (const channel of [consumer, publisher]) channel.on('error', () => {});
  await publisher.assertQueue('delay', {
    durable: true,
    messageTtl: TTL,
    deadLetterExchange: '',
    deadLetterRoutingKey: 'work',
  });
  await consumer.consume('work', (message) => {
    if (message === null) return;
    ledger.arrived(message.content.readUInt32BE(0), life);
    consumer.ack(message);
  });
  void publish(publisher, ledger);
  return connection;
}

async function publish(
  channel: Awaited<ReturnType<ChannelModel['createConfirmChannel']>>,
  ledger: Ledger,
): Promise<void> {
  const over = new AbortController();
  channel.on('close', () => over.abort());
  channel.on('error', () => over.abort());
  while (!over.signal.aborted && ledger.next < MESSAGES) {
    for (let i = 0; i < 200 && ledger.next < MESSAGES; i++) {
      const id = ledger.next++;
      const body = Buffer.alloc(100);
      body.writeUInt32BE(id);
      ledger.sentAt.set(id, performance.timeOrigin + performance.now());
      channel.sendToQueue('delay', body, { persistent: true }, (error) => {
        if (error === null || error === undefined) ledger.confirmed.add(id);
      });
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (ledger.next - ledger.confirmed.size > 20_000) await sleep(20);
  }
}

test(
  `${KILLS} kills lose no confirmed message, deliver none early, and none twice but what was delivered and unacked`,
  { timeout: 90_000 + KILLS * 20_000 },
  async () => {
    const directory = await temporaryDirectory();
    const ledger = new Ledger();
    const start = (port: number): Promise<BrokerProcess> =>
      spawnBroker('--data', directory, '--port', String(port));
    let broker = await start(0);
    const { port } = broker;
    for (let life = 0; life < KILLS; life++) {
      const connection = await live(broker.url, life, ledger);
      const gone = new Promise((resolve) => connection.on('close', resolve));
      await sleep(100 + Math.random() * 900);
      ledger.deaths.push(performance.timeOrigin + performance.now());
      await broker.kill('SIGKILL');
      await gone;
      broker = await start(port);
    }
    const connection = await live(broker.url, KILLS, ledger);
    for (let left = 600; left > 0 && (ledger.next < MESSAGES || ledger.missing > 0); left--) await sleep(100);
    await sleep(500); // anything wrongly repeated would come now
    await connection.close();
    expect(await broker.kill('SIGTERM')).toBe(0);
    expect(ledger.next).toBe(MESSAGES);
    expect(ledger.confirmed.size).toBeGreaterThan(MESSAGES / 2);
    expect(ledger.missing).toBe(0);
    expect(ledger.early()).toEqual([]);
    expect(ledger.wronglyRepeated()).toEqual([]);
  },
);
