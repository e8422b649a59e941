import type { QueueView, RunningBroker } from '../index.ts';
import { formatElapsed } from './moments.ts';
import { previewOf } from './timeline.ts';

export type LeftoverKind =
  'connection' | 'consumer' | 'unacked' | 'ready' | 'delayed' | 'transient queue' | 'deadline';

/** Something a test left behind. */
export interface Leftover {
  readonly kind: LeftoverKind;
  /** What it is, in words. */
  readonly text: string;
}

/** Bodies that are told of each queue. */
const MOST_BODIES = 3;

/**
 * What is left over in a broker that nobody uses any more.
 * @param vhost undefined for all
 * @param begin what times are counted from
 */
export function leftoversOf(broker: RunningBroker, vhost: string | undefined, begin: number): Leftover[] {
  const { view, clock } = broker;
  const { nextDeadline } = clock;
  const deadline =
    vhost === undefined && nextDeadline !== undefined
      ? [leftover('deadline', `something is due at ${formatElapsed(nextDeadline - begin)}`)]
      : [];
  return [
    ...view.connections(vhost).map(({ name, clientName, vhost: where, channels }) => {
      const shown = clientName === undefined ? name : `${name} (${clientName})`;
      return leftover('connection', `connection ${shown} in vhost ${where} with ${channels} channels`);
    }),
    ...view.queues(vhost).flatMap((queue) => ofQueue(broker, queue)),
    ...view
      .exchanges(vhost)
      .filter(({ delayed }) => delayed > 0)
      .map(({ name, delayed }) =>
        leftover('delayed', `exchange ${name} holds back ${delayed} ${messages(delayed)}`),
      ),
    ...deadline,
  ];
}

function ofQueue({ view }: RunningBroker, queue: QueueView): Leftover[] {
  const { name, vhost, consumers, type } = queue;
  const held = type === 'stream' ? [] : view.messages(name, vhost);
  const kinds = [
    ['ready', 'ready', held.filter(({ state }) => state === 'ready')],
    ['unacked', 'unacked', held.filter(({ state }) => state === 'unacked')],
    ['delayed', 'delayed', held.filter(({ state }) => state === 'delayed' || state === 'dead')],
  ] as const;
  const found = kinds.flatMap(([kind, word, some]) => {
    if (some.length === 0) return [];
    const bodies = some.slice(0, MOST_BODIES).map(({ body }) => previewOf(body));
    const more = some.length > MOST_BODIES ? ', ...' : '';
    return [
      leftover(
        kind,
        `queue ${name} has ${some.length} ${word} ${messages(some.length)}: ${bodies.join(', ')}${more}`,
      ),
    ];
  });
  return [
    ...consumers.map((tag) => leftover('consumer', `consumer ${tag} of queue ${name}`)),
    ...found,
    ...(queue.durable ? [] : [leftover('transient queue', `queue ${name} is not durable`)]),
  ];
}

function messages(count: number): string {
  return count === 1 ? 'message' : 'messages';
}

function leftover(kind: LeftoverKind, text: string): Leftover {
  return { kind, text };
}

/** @throws {Error} that names what is left over, when anything is */
export function expectNone(leftovers: readonly Leftover[], except: readonly LeftoverKind[]): void {
  const left = leftovers.filter(({ kind }) => !except.includes(kind));
  if (left.length === 0) return;
  throw new Error(`this is left over:\n${left.map(({ text }) => `  ${text}`).join('\n')}`);
}
