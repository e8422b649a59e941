import { AmqpError } from '../wire/errors.ts';
import { EMPTY_TABLE } from '../wire/table.ts';
import { queueLabel, readQueueArguments } from './arguments.ts';
import type { QueueArguments } from './arguments.ts';
import type { Subscription } from './consumers.ts';
import type { LostReason } from './dead-letter.ts';
import type { Entry, Message } from './message.ts';
import { Queue } from './queue.ts';
import type { DeathReason, QueueHost, QueueIdentity } from './queue-host.ts';

/** What a requester consumes from, and names in the `reply-to` of its requests (RTO-01, RTO-04). */
export const REPLY_TO = 'amq.rabbitmq.reply-to';

/** What the names of requesters begin with; a token of `TOKEN_BYTES` random bytes follows. */
export const REPLY_PREFIX = `${REPLY_TO}.`;

/** What requesters need of the vhost they are in. */
interface ReplyHost extends QueueHost {
  lost(queue: Queue, reason: DeathReason, why: LostReason): void;
}

/** Too many to be guessed (RTO-05). */
const TOKEN_BYTES = 24;
/** The token in URL-safe base64: only these names count as routed when nobody is there any more (RTO-08). */
const WELL_FORMED = /^amq\.rabbitmq\.reply-to\.[\w-]{32}$/;

/**
 * How many answers wait for a requester that does not take them, and how many bytes of them. RabbitMQ knows no end;
 * where its requesters have credit it drops what is beyond, and counts that as dead by the length of a queue.
 */
const MOST_WAITING = 20_000;
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * Where the answers for one requester arrive: a queue in no list and with one consumer, in which nothing stays but what
 * a slow client has not taken yet. Without its consumer it takes answers and forgets them (RTO-07).
 */
export class ReplyQueue extends Queue {
  readonly #host: ReplyHost;

  constructor(host: ReplyHost, identity: QueueIdentity, args: QueueArguments) {
    super(host, identity, args);
    this.#host = host;
  }

  /**
   * The expiration of an answer means nothing, and it need not wait for the queue's turn. One for which there is no room
   * is dropped: who answers cannot do anything about a slow requester.
   */
  override publish(message: Message): boolean {
    if (this.consumers.count === 0) return true;
    if (this.#hasRoom(message)) {
      super.publish(message, Infinity);
      this.work();
    } else {
      if (this.#host.events.isHeard) this.#host.events.dropped(this, message, 'slow requester', 'maxlen');
      this.#host.lost(this, 'maxlen', 'slow requester');
    }
    return true;
  }

  /** Where nothing waits there is always room. */
  #hasRoom({ bodyLength }: Message): boolean {
    const { length, bytes } = this.ready;
    return length === 0 || (length < MOST_WAITING && bytes + bodyLength <= MOST_WAITING_BYTES);
  }

  /** @throws {AmqpError} NOT_IMPLEMENTED (RTO-11) */
  override get(): Entry | undefined {
    throw new AmqpError('NOT_IMPLEMENTED', `basic.get not supported by volatile ${this.label}`);
  }

  /** There is nothing to purge (RTO-11). */
  override purge(): number {
    return 0;
  }

  /** @throws {AmqpError} PRECONDITION_FAILED, as the requester has it for itself */
  override addConsumer(): void {
    throw new AmqpError('PRECONDITION_FAILED', `only creator channel may consume from ${this.label}`);
  }

  /** Lets the requester in. */
  serve(requester: Subscription): void {
    super.addConsumer(requester);
  }

  /** The requester goes, and with it what it has not taken. */
  override removeConsumer(requester: Subscription): void {
    super.removeConsumer(requester);
    super.purge();
  }
}

/** The requesters of a vhost: direct reply-to (RTO-01 to RTO-13). */
export class Replies {
  readonly #vhost: string;
  readonly #host: ReplyHost;
  readonly #open = new Map<string, ReplyQueue>();

  constructor(vhost: string, host: ReplyHost) {
    this.#vhost = vhost;
    this.#host = host;
  }

  /**
   * A new requester's queue; who opens it serves it.
   * @param random gives so many bytes that nobody can guess
   */
  open(random: (bytes: number) => Buffer): ReplyQueue {
    const queue = this.#queue(REPLY_PREFIX + random(TOKEN_BYTES).toString('base64url'));
    this.#open.set(queue.name, queue);
    return queue;
  }

  close(name: string): void {
    this.#open.delete(name);
  }

  /** Whether somebody waits for answers under this name. */
  has(name: string): boolean {
    return this.#open.has(name);
  }

  /** The queue of a requester, also of one that is gone; undefined for any other name. */
  find(name: string): ReplyQueue | undefined {
    if (!name.startsWith(REPLY_PREFIX)) return undefined;
    return this.#open.get(name) ?? (WELL_FORMED.test(name) ? this.#queue(name) : undefined);
  }

  #queue(name: string): ReplyQueue {
    const args = readQueueArguments(queueLabel(this.#vhost, name), EMPTY_TABLE);
    const flags = { durable: false, autoDelete: false, owner: undefined };
    const identity = { id: 0, vhost: this.#vhost, name, ...flags, table: EMPTY_TABLE }; // no record names it
    return new ReplyQueue(this.#host, identity, args);
  }
}
