import type { Broker } from '../broker/broker.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Entry, Message } from '../broker/message.ts';
import { Queue } from '../broker/queue.ts';

/** Where in its queue a message is. */
export interface Whereabouts {
  readonly messageId: string;
  readonly state: 'ready' | 'unacked' | 'retried later' | 'dead and kept' | 'not here';
  /** Of a ready one: how many stand before it. */
  readonly ahead: number | undefined;
  /** Its deadline; undefined when it has none. */
  readonly expires: number | undefined;
  /** When it will be tried again; undefined when it does not wait for that. */
  readonly until?: number;
  /** In a sentence, without moments. */
  readonly text: string;
}

/** Each is decoded, some are read from disk: after so many the search ends. */
const MOST_READ = 100_000;

/** Looks for a message by its `message-id`. */
export function findMessage(broker: Broker, queue: DeclaredQueue, messageId: string): Whereabouts {
  const answer = (state: Whereabouts['state'], text: string, entry?: Entry, ahead?: number): Whereabouts => {
    const expires = entry === undefined || entry.expiresAt === Infinity ? undefined : entry.expiresAt;
    return { messageId, state, ahead, expires, text };
  };
  const isIt = ({ message }: Entry): boolean => idOf(broker, message) === messageId;
  if (!(queue instanceof Queue))
    return answer('not here', 'A stream hands no message out for good: look by offset.');
  let ahead = 0;
  for (const entry of queue.ready) {
    if (ahead === MOST_READ) return answer('not here', `It is not among the first ${MOST_READ} messages.`);
    if (isIt(entry)) return answer('ready', placeText(broker, queue, entry, ahead), entry, ahead);
    ahead++;
  }
  const holder = holderOf(broker, queue, isIt);
  if (holder !== undefined) return answer('unacked', holder.text, holder.entry);
  for (const [entry, until] of queue.delayed ?? []) {
    if (!isIt(entry)) continue;
    return {
      ...answer('retried later', 'It came back, and waits until another attempt is due.', entry),
      until,
    };
  }
  for (const { entry, reason } of queue.kept ?? []) {
    if (!isIt(entry)) continue;
    return answer('dead and kept', `It died (${reason}) and waits for those it is dead-lettered to.`, entry);
  }
  return answer('not here', 'It is not in the queue: consumed, dead, or never there.');
}

function placeText(broker: Broker, { ready }: Queue, entry: Entry, ahead: number): string {
  if (ahead === 0) return 'It is the next one.';
  const before = `${ahead === 1 ? 'One message stands' : `${ahead} messages stand`} before it`;
  const isLate = entry.expiresAt <= broker.clock.now();
  const head = ready.peek();
  if (!isLate || head === undefined) return `${before}.`;
  return head.expiresAt === Infinity
    ? `${before}. It has expired, and stays behind the first one, which never does.`
    : `${before}. It has expired, and leaves when the first one does.`;
}

function holderOf(
  { connections }: Broker,
  queue: Queue,
  isIt: (entry: Entry) => boolean,
): { readonly entry: Entry; readonly text: string } | undefined {
  for (const { channels, details } of connections) {
    for (const { number, deliveries } of channels) {
      for (const { queue: from, entry, consumer } of deliveries) {
        if (from !== queue || !isIt(entry)) continue;
        const who = consumer === undefined ? 'It was fetched' : `Consumer '${consumer.consumerTag}' has it`;
        return { entry, text: `${who} on channel ${number} of ${details.name}, and it is not settled.` };
      }
    }
  }
  return undefined;
}

function idOf({ events }: Broker, message: Message): string | undefined {
  return events.see(message).properties.messageId;
}
