import { isUtf8 } from 'node:buffer';
import type { BrokerEvent, SeenMessage } from '../index.ts';
import { formatElapsed } from './moments.ts';

/** Messages a failed expectation tells of: the first. */
const MOST_MESSAGES = 5;
/** Events of one message, at most. */
const MOST_LINES = 30;
const LONGEST_BODY = 40;

type MessageEvent = Extract<BrokerEvent, { readonly message: SeenMessage }>;

/** A message with the dead-lettered and delayed copies it became. */
interface Life {
  readonly first: SeenMessage;
  readonly events: MessageEvent[];
}

/** Of whose life a timeline tells. */
export interface TimelineFilter {
  readonly vhost?: string;
  /** Only messages that came to this queue, or were to. */
  readonly queue?: string;
}

/**
 * What happened to messages, each with the copies it became, in words.
 * @param begin what times are counted from
 */
export function tellTimeline(events: readonly BrokerEvent[], begin: number, filter: TimelineFilter): string {
  const lives = livesOf(events.filter(({ vhost }) => filter.vhost === undefined || vhost === filter.vhost));
  const told = lives.filter((life) => filter.queue === undefined || touches(life, filter.queue));
  if (told.length === 0) return 'nothing happened to any message';
  const texts = told.slice(0, MOST_MESSAGES).map((life) => tellLife(life, begin));
  const more = told.length - texts.length;
  return [...texts, ...(more > 0 ? [`... and ${more} more messages`] : [])].join('\n');
}

function livesOf(events: readonly BrokerEvent[]): Life[] {
  const lives = new Map<number, Life>();
  for (const event of events) {
    if (!('message' in event)) continue;
    const known = lives.get('original' in event ? event.original : event.message.id);
    const life = known ?? { first: event.message, events: [] };
    lives.set(event.message.id, life);
    life.events.push(event);
  }
  return [...new Set(lives.values())];
}

function touches({ events }: Life, queue: string): boolean {
  return events.some(
    (event) =>
      ('queue' in event && event.queue === queue) || ('queues' in event && event.queues.includes(queue)),
  );
}

function tellLife({ first, events }: Life, begin: number): string {
  const lines = events.map((event) => `  ${formatElapsed(event.time - begin)}  ${tell(event, begin)}`);
  const left = lines.length > MOST_LINES ? [`  ... ${lines.length - MOST_LINES} events in between`] : [];
  const shown =
    left.length === 0 ? lines : [...lines.slice(0, MOST_LINES / 2), ...left, ...lines.slice(-MOST_LINES / 2)];
  return [`message ${first.id} ${previewOf(first.body)}`, ...shown].join('\n');
}

/** The beginning of a body, as one would write it. */
export function previewOf(body: Buffer): string {
  if (!isUtf8(body)) return `(${body.length} bytes)`;
  const text = body.toString();
  return JSON.stringify(text.length > LONGEST_BODY ? `${text.slice(0, LONGEST_BODY)}...` : text);
}

function tell(event: MessageEvent, begin: number): string {
  switch (event.type) {
    case 'published':
      return `published to ${wayOf(event.message)}${arrowTo(event.queues)}`;
    case 'unroutable':
      return `published to ${wayOf(event.message)}, and no queue gets it`;
    case 'delayed':
      return `held back by exchange '${event.exchange}' until ${formatElapsed(event.until - begin)}`;
    case 'released':
      return `let go by its exchange${arrowTo(event.queues)}`;
    case 'dead-lettered':
      return `dead-lettered (${event.reason}) from ${event.queue} to ${wayOf(event.message)}${arrowTo(event.queues)}`;
    default:
      return tellInQueue(event, begin);
  }
}

type InQueueEvent = Exclude<
  MessageEvent,
  { readonly type: 'published' | 'unroutable' | 'delayed' | 'released' | 'dead-lettered' }
>;

function tellInQueue(event: InQueueEvent, begin: number): string {
  const { queue } = event;
  switch (event.type) {
    case 'enqueued':
      return `waits in ${queue}${untilOf(event.expiresAt, begin)}`;
    case 'refused':
      return `refused by ${queue}, which is full`;
    case 'delivered': {
      const again = event.redelivered ? ' again' : '';
      const { consumerTag: tag } = event;
      return tag === undefined
        ? `fetched from ${queue}${again}`
        : `delivered from ${queue} to ${tag}${again}`;
    }
    case 'acked':
      return `acked, and gone from ${queue}`;
    case 'requeued':
      return `came back to ${queue}`;
    case 'rejected':
      return `rejected in ${queue}`;
    case 'expired':
      return `expired in ${queue}`;
    case 'dropped':
      return `gone from ${queue}: ${event.reason === undefined ? '' : `${event.reason}, `}${event.why}`;
    default:
      return event satisfies never;
  }
}

function wayOf({ exchange, routingKey }: SeenMessage): string {
  const name = exchange === '' ? 'the default exchange' : `exchange '${exchange}'`;
  return `${name} with key '${routingKey}'`;
}

function arrowTo(queues: readonly string[]): string {
  return queues.length === 0 ? '' : ` -> ${queues.join(', ')}`;
}

function untilOf(expiresAt: number, begin: number): string {
  return expiresAt === Infinity ? '' : `, until ${formatElapsed(expiresAt - begin)} at most`;
}
