import { connect } from 'amqplib';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { expect, test } from 'vitest';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';

const KILLS = 5;
const PER_LIFE = 4000;
/** Of the time in which so many messages are published, a different part each time. */
const KILL_AFTER = [300, 1700, 900, 3100, 2300];

const stream = { durable: true, arguments: { 'x-queue-type': 'stream' } };

function offsetOf(message: ConsumeMessage): number {
  return message.properties.headers?.['x-stream-offset'] as number;
}

/** Publishes until so many are confirmed; those before the end of the connection are in `confirmed`. */
function publish(
  channel: ConfirmChannel,
  from: number,
  confirmed: Set<number>,
  enough: number,
): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    for (let id = from; id < from + PER_LIFE; id++) {
      const body = Buffer.alloc(100);
      body.writeUInt32BE(id);
      channel.publish('', 'log', body, { persistent: false }, (error) => {
        if (error !== null && error !== undefined) return;
        confirmed.add(id);
        if (++count === enough) resolve();
      });
    }
  });
}

test('a stream keeps what was confirmed, and no offset ever means another message, over kills [STR-14]', async () => {
  const directory = await temporaryDirectory();
  const confirmed = new Set<number>();
  const byOffset = new Map<number, number>();
  const disputed: number[] = [];
  const note = (message: ConsumeMessage | null): void => {
    if (message === null) return;
    const [offset, id] = [offsetOf(message), message.content.readUInt32BE(0)];
    if ((byOffset.get(offset) ?? id) !== id) disputed.push(offset);
    byOffset.set(offset, id);
  };
  for (let life = 0; life < KILLS; life++) {
    const broker = await spawnBroker('--data', directory, '--port', '0');
    const connection = await connect(broker.url);
    connection.on('error', () => {});
    const [channel, reader] = [await connection.createConfirmChannel(), await connection.createChannel()];
    for (const one of [channel, reader]) one.on('error', () => {});
    await channel.assertQueue('log', stream);
    await reader.prefetch(10_000);
    await reader.consume('log', (message) => {
      note(message);
      if (message !== null) reader.ack(message);
    });
    await publish(channel, life * PER_LIFE, confirmed, KILL_AFTER[life] ?? 1);
    await broker.kill('SIGKILL');
  }
  const broker = await spawnBroker('--data', directory, '--port', '0');
  const connection = await connect(broker.url);
  const channel = await connection.createChannel();
  const { messageCount } = await channel.checkQueue('log');
  await channel.prefetch(65_535);
  const found: ConsumeMessage[] = [];
  await new Promise<void>((resolve) => {
    const options = { arguments: { 'x-stream-offset': 'first' } };
    void channel.consume(
      'log',
      (message) => {
        note(message);
        if (message !== null) found.push(message);
        if (found.length === messageCount) resolve();
      },
      options,
    );
  });
  await connection.close();
  await broker.kill('SIGTERM');
  const ids = new Set(found.map(({ content }) => content.readUInt32BE(0)));
  expect(disputed).toEqual([]);
  expect(found.map(offsetOf)).toEqual(found.map((_, index) => index));
  expect([...confirmed].filter((id) => !ids.has(id))).toEqual([]);
  expect(confirmed.size).toBeGreaterThan(KILLS);
});
