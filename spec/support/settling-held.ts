import type { Channel } from './channel.ts';
import type { Context } from './context.ts';
import type { Table } from './fields.ts';

/** A new queue with these messages, none of them handed out. */
export async function filled(t: Context, bodies: readonly string[], args: Table = {}): Promise<string> {
  const queue = await t.queue(args);
  for (const body of bodies) await t.send(queue, body);
  return queue;
}

/** A new channel that holds these messages of a new queue unacked: the first has delivery tag 1. */
export async function held(
  t: Context,
  bodies: readonly string[],
  args: Table = {},
): Promise<{ readonly channel: Channel; readonly queue: string }> {
  const queue = await filled(t, bodies, args);
  const channel = await t.channel();
  for (const _ of bodies) await channel.get(queue, false);
  return { channel, queue };
}

/** What is said of a delivery tag that is not outstanding. */
export function unknownTag(tag: number): string {
  return `PRECONDITION_FAILED - unknown delivery tag ${tag}`;
}
