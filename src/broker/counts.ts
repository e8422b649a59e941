/**
 * What happened to messages in one place (a queue, a channel, a vhost) since it came to be. Plain fields, counted up
 * where it happens: nothing is allocated for a message.
 */
export class MessageCounts {
  publish = 0;
  confirm = 0;
  /** Published with `mandatory` and without a route. */
  returned = 0;
  /** The same without `mandatory`. */
  dropped = 0;
  deliver = 0;
  deliverNoAck = 0;
  get = 0;
  getNoAck = 0;
  /** Fetches that found nothing. */
  getEmpty = 0;
  /** Those of the deliveries and fetches that were not the first of their message. */
  redeliver = 0;
  ack = 0;

  countDelivery(redelivered: boolean, noAck: boolean): void {
    if (noAck) this.deliverNoAck++;
    else this.deliver++;
    if (redelivered) this.redeliver++;
  }

  countGet(redelivered: boolean, noAck: boolean): void {
    if (noAck) this.getNoAck++;
    else this.get++;
    if (redelivered) this.redeliver++;
  }

  /** Takes up what another one counted. */
  add(other: MessageCounts): void {
    for (const counter of messageCounters) this[counter] += other[counter];
  }
}

export type MessageCounter = keyof Omit<MessageCounts, 'add' | 'countDelivery' | 'countGet'>;

/** Every counter there is. */
export const messageCounters = Object.keys(new MessageCounts()) as readonly MessageCounter[];

/** What came and went since the broker started. */
export class Churn {
  connectionsOpened = 0;
  connectionsClosed = 0;
  channelsOpened = 0;
  channelsClosed = 0;
  /** Declarations of queues, of those that were there, too. */
  queuesDeclared = 0;
  queuesCreated = 0;
  queuesDeleted = 0;
}

/** What went over a connection. */
export interface Traffic {
  readonly receivedOctets: number;
  readonly sentOctets: number;
  /** How often something was read from the socket, and written to it. */
  readonly reads: number;
  readonly writes: number;
}

export const NO_TRAFFIC: Traffic = { receivedOctets: 0, sentOctets: 0, reads: 0, writes: 0 };

export function sumOf(a: Traffic, b: Traffic): Traffic {
  return {
    receivedOctets: a.receivedOctets + b.receivedOctets,
    sentOctets: a.sentOctets + b.sentOctets,
    reads: a.reads + b.reads,
    writes: a.writes + b.writes,
  };
}
