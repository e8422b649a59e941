import assert from 'node:assert/strict';
import type { Message } from './client.ts';
import type { Properties } from './content.ts';
import type { Context } from './context.ts';

/** One entry of `x-death` without its types. */
export interface Death {
  readonly count: number;
  readonly reason: string;
  readonly queue: string;
  /** Whole seconds. */
  readonly time: number;
  readonly exchange: string;
  readonly 'routing-keys': readonly string[];
  readonly 'original-expiration'?: string;
}

type Read = Pick<Message, 'headers'>;
export type Taken = Message<'basic.get-ok'>;

/** The history of a message, newest first. */
export function deathsOf({ headers }: Read): readonly Death[] {
  return (headers['x-death'] ?? []) as readonly Death[];
}

/** The newest death of a message. */
export function lastDeathOf(message: Read): Death | undefined {
  return deathsOf(message)[0];
}

/** The history in short: `queue reason count`, newest first. */
export function deathLines(message: Read): string[] {
  return deathsOf(message).map(({ queue, reason, count }) => `${queue} ${reason} ${count}`);
}

/** Fetches the head of a queue without an ack, waiting for it. */
export async function hold(t: Context, queue: string): Promise<Taken> {
  const control = await t.control();
  let message: Taken | undefined;
  await t.until(async () => (message = await control.get(queue, false)) !== undefined);
  if (message === undefined) throw new Error(`no message came to ${queue}`);
  return message;
}

/** Rejects the head of a queue, waiting for it, without requeue. */
export async function reject(t: Context, queue: string): Promise<Taken> {
  const message = await hold(t, queue);
  (await t.control()).reject(message.deliveryTag, false);
  return message;
}

/** As `reject`, of the only message of a queue: what becomes of it has become of it afterwards. */
export async function rejectOnly(t: Context, queue: string): Promise<Taken> {
  const message = await reject(t, queue);
  assert.equal(await t.get(queue), undefined, 'a rejected message is gone from its queue');
  return message;
}

/** Waits for the only message of a queue to be gone by its TTL, which takes so many milliseconds. */
export async function expireOnly(t: Context, queue: string, ms: number): Promise<void> {
  await t.elapse(ms + 50);
  await t.untilCount(queue, 0);
}

/** A message that was rejected, as it comes out of another queue. */
export async function died(
  t: Context,
  properties: Properties = {},
): Promise<{ source: string; message: Taken }> {
  const dead = await t.queue();
  const source = await t.deadLetteringTo(dead);
  await t.send(source, 'a', properties);
  await rejectOnly(t, source);
  return { source, message: await t.take(dead) };
}

/** So many queues; each dead-letters to the next. */
export async function chain(t: Context, length: number): Promise<readonly string[]> {
  const queues = [await t.queue()];
  while (queues.length < length) queues.unshift(await t.deadLetteringTo(queues[0] ?? ''));
  return queues;
}

/** So many queues; each dead-letters to the next, and the last to the first. */
export async function ring(t: Context, length: number): Promise<readonly string[]> {
  const queues = Array.from({ length }, () => t.name('q'));
  for (const [n, queue] of queues.entries()) {
    await t.deadLetteringTo(queues[(n + 1) % length] ?? '', {}, { queue });
  }
  return queues;
}
