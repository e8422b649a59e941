import type { Context } from './context.ts';
import type { Feature } from './features.ts';
import type { Table } from './fields.ts';

interface Kind {
  readonly kind: 'classic' | 'quorum';
  readonly args: Table;
  readonly needs: readonly Feature[];
}

export const QUORUM: Table = { 'x-queue-type': 'quorum' };

/** The types of queue that many rules are the same for. */
export const kinds: readonly Kind[] = [
  { kind: 'classic', args: {}, needs: [] },
  { kind: 'quorum', args: QUORUM, needs: ['quorum-queues'] },
];

export interface Limited {
  /** Where the dead letters of the queue go. */
  readonly dead: string;
  readonly queue: string;
}

/** A queue with these arguments, and the one its dead letters go to. */
export async function limited(t: Context, args: Table): Promise<Limited> {
  const dead = await t.queue({}, { queue: t.name('dead') });
  return { dead, queue: await t.deadLetteringTo(dead, args) };
}

/** Publishes each of them straight into a queue; their confirms. */
export async function sendAll(t: Context, queue: string, ...bodies: string[]): Promise<('ack' | 'nack')[]> {
  const confirms: ('ack' | 'nack')[] = [];
  for (const body of bodies) confirms.push(await t.send(queue, body));
  return confirms;
}

/** Fetches so many dead letters; the body and the latest reason of each: `a maxlen`. */
export async function takeDeaths(t: Context, dead: string, count: number): Promise<string[]> {
  const deaths: string[] = [];
  while (deaths.length < count) {
    const { body, headers } = await t.take(dead);
    const [latest] = (headers['x-death'] ?? []) as { readonly reason: string }[];
    deaths.push(`${body} ${latest?.reason ?? 'alive'}`);
  }
  return deaths;
}
