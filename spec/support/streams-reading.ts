import type { Consumer } from './channel.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import type { Table, Value } from './fields.ts';

/** A new stream with these messages, each in a chunk of its own. */
export async function stream(t: Context, bodies: readonly string[], args: Table = {}): Promise<string> {
  const queue = await t.queue({ 'x-queue-type': 'stream', ...args });
  for (const body of bodies) await t.send(queue, body);
  return queue;
}

/** A consumer that begins at this offset; without `x-stream-offset` when it is `undefined`. */
export async function reading(
  t: Context,
  queue: string,
  offset: Value | undefined,
  prefetch = 50,
  client?: Client,
): Promise<Consumer> {
  const args = offset === undefined ? {} : { 'x-stream-offset': offset };
  return t.consume(queue, { prefetch, arguments: args }, client);
}
