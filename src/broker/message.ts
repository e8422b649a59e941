/**
 * A stretch of bytes the journal gave out. `bytes` is undefined while it is only on disk:
 * whoever needs it asks `Journal.load`.
 */
export interface Page {
  bytes: Buffer | undefined;
}

/** The page of a message that has not been written yet. */
const NO_PAGE: Page = { bytes: undefined };

/** Further routing keys of a message: those of its CC header, and those of its BCC header (which is gone). */
export interface MoreKeys {
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
}

/** The main key, then CC, then BCC. */
export function allKeys(routingKey: string, moreKeys: MoreKeys | undefined): readonly string[] {
  return moreKeys === undefined ? [routingKey] : [routingKey, ...moreKeys.cc, ...moreKeys.bcc];
}

/**
 * A message as it rests in the broker, once however many queues hold it. Its properties and body are bytes in pages
 * of the journal; a dead-lettered copy has properties of its own and shares the body of the original.
 */
export class Message {
  /** Ascending in the order of arrival; its place in every queue. */
  readonly id: number;
  /** Where it was published to; the dead-letter exchange after a death. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly moreKeys: MoreKeys | undefined;
  /** delivery-mode 2. */
  readonly persistent: boolean;
  /** It has been dead-lettered, so the `x-death` in its headers is ours. */
  readonly died: boolean;
  /** The priority property; 0 when absent. */
  readonly priority: number;
  page: Page = NO_PAGE;
  propertiesAt = 0;
  propertiesLength = 0;
  bodyPage: Page = NO_PAGE;
  bodyAt = 0;
  bodyLength = 0;
  /** The message whose record holds the body: its own id, or that of the first of a line of dead-lettered copies. */
  bodyId = 0;
  /** How many queues hold it, ready or unacked. */
  places = 0;
  /** For the journal: where its page lists it. */
  slot = -1;
  /** For the journal: where in its page the record starts. */
  recordAt = 0;
  /** For the journal: where in its page the next durable queue that holds it is noted. */
  placeAt = 0;

  constructor(
    id: number,
    exchange: string,
    routingKey: string,
    moreKeys: MoreKeys | undefined,
    persistent: boolean,
    died: boolean,
    priority: number,
  ) {
    this.id = id;
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.moreKeys = moreKeys;
    this.persistent = persistent;
    this.died = died;
    this.priority = priority;
  }

  /** All keys it is routed by. */
  get routingKeys(): readonly string[] {
    return allKeys(this.routingKey, this.moreKeys);
  }
}

/** A message in one queue: what differs from queue to queue. */
export class Entry {
  readonly message: Message;
  /** When it falls due in this queue, in milliseconds since the epoch; Infinity when it never does (TTL-10). */
  readonly expiresAt: number;
  /** Its priority here: 0 but in a priority queue. */
  readonly lane: number;
  /** The journal knows that this queue holds it. */
  readonly recorded: boolean;
  /** How often it came back from a client, at least: queues that do not count returns forget some at a restart. */
  returns: number;

  constructor(message: Message, expiresAt: number, lane: number, recorded: boolean, returns: number) {
    this.message = message;
    this.expiresAt = expiresAt;
    this.lane = lane;
    this.recorded = recorded;
    this.returns = returns;
  }

  get redelivered(): boolean {
    return this.returns > 0;
  }
}
