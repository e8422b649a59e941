import { PropertyScan } from '../wire/properties.ts';
import { AmqpError } from '../wire/errors.ts';
import { queueLabel } from './arguments.ts';
import { behindRecord, Chunk, CHUNK_SIZE, readRecord } from './chunk.ts';
import type { ChunkInfo } from './chunk.ts';
import { consumerTimeout } from './consumer-timeout.ts';
import type { Subscription } from './consumers.ts';
import { MessageCounts } from './counts.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Binding } from './exchange.ts';
import { Deadline } from './expiry.ts';
import type { CommitListener, Recovered } from './journal.ts';
import { LazySet } from './lazy-set.ts';
import { Entry, Message } from './message.ts';
import type { Page } from './message.ts';
import { NO_POLICIES } from './policies.ts';
import type { AppliedPolicies } from './policies.ts';
import type { QueueHost, QueueIdentity } from './queue-host.ts';
import { streamLimits } from './stream-arguments.ts';
import type { StreamArguments } from './stream-arguments.ts';
import { ChunkCache } from './stream-cache.ts';
import { streamFilter, withOffset } from './stream-headers.ts';
import { StreamLog } from './stream-log.ts';
import { startOffset } from './stream-offset.ts';
import { Reader, Readers } from './stream-readers.ts';

/** Messages one call of `work` looks at, and how many of them for one reader: about a millisecond. */
const MESSAGES = 256;
const TURN = 64;

type StreamHost = Pick<QueueHost, 'clock' | 'journal' | 'events' | 'later'>;

const NOTHING: Page = { bytes: Buffer.alloc(0) };

/**
 * A stream: a log that every consumer reads at its own pace, and that loses its oldest segments when it has a limit.
 * Messages gather in a chunk for each batch of the journal, and are handed out when that is on disk: an offset a
 * consumer has seen never means another message, not even after a crash.
 */
export class Stream implements DeclaredQueue, CommitListener {
  readonly kind = 'queue';
  readonly isStream = true;
  readonly isBehind = false;
  readonly identity: QueueIdentity;
  readonly arguments: StreamArguments;
  readonly consumers = new Readers();
  policies = NO_POLICIES;
  consumerTimeout: number | undefined;
  readonly incoming = new LazySet<Binding>();
  readonly counts = new MessageCounts();
  readonly deaths = undefined; // nothing dies in a log
  isScheduled = false;
  #isDeleted = false;
  readonly #host: StreamHost;
  readonly #log: StreamLog;
  readonly #cache: ChunkCache;
  readonly #trimming: Deadline;
  readonly #scan = new PropertyScan();
  /** Chunks that are not on disk yet; the last one may still grow. */
  #pending: Chunk[] = [];
  /** The offset behind the last message that is on disk. */
  #committedOffset = 0;
  /** It hears of the next commit. */
  #isListening = false;

  constructor(host: StreamHost, identity: QueueIdentity, args: StreamArguments) {
    this.#host = host;
    this.identity = identity;
    this.arguments = args;
    this.consumerTimeout = consumerTimeout(identity.table, NO_POLICIES.definition);
    this.#log = new StreamLog(args);
    this.#cache = new ChunkCache(host.journal, identity.id);
    this.#trimming = new Deadline(host.clock, () => this.#trim());
  }

  /** A policy wins over arguments here, and what is too much or too old goes at once (STR-03). */
  govern(policies: AppliedPolicies): void {
    this.policies = policies;
    this.consumerTimeout = consumerTimeout(this.identity.table, policies.definition);
    this.#log.limits = streamLimits(this.arguments, policies.definition);
    this.#trim();
  }

  get name(): string {
    return this.identity.name;
  }

  get durable(): boolean {
    return this.identity.durable;
  }

  get label(): string {
    return queueLabel(this.identity.vhost, this.name);
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** How many messages it keeps. */
  get messageCount(): number {
    return this.#log.nextOffset - this.#log.firstOffset;
  }

  get unackedCount(): number {
    let count = 0;
    for (const { unacked } of this.consumers) count += unacked;
    return count;
  }

  /** What is known of its chunks, in order, without looking at them. */
  get chunks(): Iterable<Omit<ChunkInfo, 'size'>> {
    return this.#log.chunks();
  }

  /** Its chunks have the whole message: no place is noted. */
  records(): boolean {
    return false;
  }

  /** Takes a message in, whatever its TTL (TTL-20) and delivery-mode (STR-14). */
  publish(message: Message): boolean {
    const { journal } = this.#host;
    const chunk = this.#openChunk(message.propertiesLength + message.bodyLength);
    const properties = message.page.bytes ?? journal.load(message.page);
    const size = chunk.append(message, properties, message.bodyPage.bytes ?? journal.load(message.bodyPage));
    if (this.#host.events.isHeard) this.#host.events.enqueued(this, message, Infinity);
    this.#log.grow(1, size);
    journal.append(chunk, size);
    this.#listen();
    return true;
  }

  /** @throws {AmqpError} NOT_IMPLEMENTED (STR-07) */
  get(): never {
    throw this.#notSupported('basic.get');
  }

  /** @throws {AmqpError} NOT_IMPLEMENTED (STR-07) */
  purge(): never {
    throw this.#notSupported('queue.purge');
  }

  /** @throws {AmqpError} in the order in which RabbitMQ looks at what a consumer asks for (STR-05, STR-06, STR-08) */
  addConsumer(subscription: Subscription): void {
    const { prefetch, noAck, arguments: table } = subscription;
    if (prefetch === 0) {
      const text = `consumer prefetch count is not set for stream ${this.label}`;
      throw new AmqpError('PRECONDITION_FAILED', text);
    }
    if (noAck || subscription.hasChannelLimit) {
      const automatic = `automatic acknowledgement not supported by stream ${this.label}`;
      throw new AmqpError('NOT_IMPLEMENTED', noAck ? automatic : `${this.label} does not support global qos`);
    }
    const next = startOffset(this.label, table, this.#log, this.#host.clock.now());
    this.consumers.add(new Reader(subscription, streamFilter(table), next));
    if (this.#host.events.isHeard) this.#host.events.consumer('consumer-added', subscription);
    this.#host.later(this);
  }

  removeConsumer(subscription: Subscription): void {
    this.consumers.remove(subscription);
    if (this.#host.events.isHeard) this.#host.events.consumer('consumer-removed', subscription);
  }

  /** A consumer has credit again. */
  resume(subscription: Subscription): void {
    this.consumers.resume(subscription);
    if (!this.#isDeleted) this.#host.later(this);
  }

  /** Nothing is removed; the channel returns the credit, whichever of the three it is (STR-10). */
  ack(): void {}
  reject(): void {}
  requeue(): void {}

  /** It has no lease that could be renewed. */
  touch(): void {}

  /** Hears that a batch is on disk. */
  committed(): void {
    this.#isListening = false;
    if (!this.#isDeleted) this.#host.later(this);
  }

  work(): void {
    if (this.#isDeleted) return;
    this.#takeCommitted();
    for (let left = MESSAGES; left > 0;) {
      const reader = this.consumers.take();
      if (reader === undefined) break;
      left -= this.#serve(reader, Math.min(left, TURN));
    }
    if (this.consumers.isAtRest) this.#cache.clear();
    else this.#host.later(this);
  }

  restore({ chunks }: Recovered): void {
    this.#log.restore(chunks.get(this.identity.id) ?? []);
    this.#committedOffset = this.#log.nextOffset;
    this.#trim();
  }

  close(): void {
    this.#isDeleted = true;
    this.#trimming.cancel();
    this.#pending = [];
    this.#cache.clear();
    this.#host.journal.dropChunks(this.identity.id, Infinity);
  }

  #notSupported(method: string): AmqpError {
    return new AmqpError('NOT_IMPLEMENTED', `${method} not supported by stream queues ${this.label}`);
  }

  #openChunk(length: number): Chunk {
    const { clock, journal } = this.#host;
    const open = this.#pending.at(-1);
    if (open?.batch === journal.gathering && open.size + length <= CHUNK_SIZE) return open;
    const now = clock.now();
    const chunk = new Chunk(this.identity.id, this.#log.nextOffset, now, journal.gathering);
    this.#pending.push(chunk);
    if (this.#log.begin(now)) this.#trim();
    return chunk;
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#host.journal.onCommit(this);
  }

  /** What is on disk may be read. */
  #takeCommitted(): void {
    const { committed } = this.#host.journal;
    const count = this.#pending.findIndex(({ batch }) => batch > committed);
    const chunks = this.#pending.splice(0, count < 0 ? this.#pending.length : count);
    for (const chunk of chunks) {
      this.#committedOffset = chunk.endOffset;
      if (this.consumers.count > 0) this.#cache.offer(chunk.firstOffset, chunk.bytes);
    }
    if (chunks.length > 0) this.consumers.wake();
    if (this.#pending.length > 0) this.#listen();
  }

  #trim(): void {
    if (this.#log.trim(this.#host.clock.now())) {
      this.#host.journal.dropChunks(this.identity.id, this.#log.firstOffset);
    }
    this.#trimming.aim(this.#log.trimAt);
  }

  /** @returns how many messages were looked at, and one for the turn */
  #serve(reader: Reader, most: number): number {
    reader.next = Math.max(reader.next, this.#log.firstOffset); // what it wanted is not kept any more
    for (let looked = 0; looked < most; looked++) {
      if (reader.next >= this.#committedOffset) {
        this.consumers.rest(reader);
        return looked + 1;
      }
      if (!reader.subscription.hasCredit) {
        reader.subscription.blocked = true;
        return looked + 1;
      }
      this.#hand(reader);
    }
    this.consumers.enter(reader);
    return most;
  }

  /** The next message goes to the reader, unless its filter is against it. */
  #hand(reader: Reader): void {
    const bytes = this.#locate(reader);
    const record = readRecord(bytes, reader.at);
    const offset = reader.next++;
    reader.at = record.end;
    const properties = bytes.subarray(record.propertiesAt, record.bodyAt - 4);
    const scan = this.#scan.scan(properties, 0, properties.length);
    if (reader.filter !== undefined && !reader.filter.matches(properties, scan)) return;
    const message = new Message(0, record.exchange, record.routingKey, undefined, true, false, 0);
    const marked = withOffset(properties, scan, offset);
    message.page = { bytes: marked };
    message.propertiesLength = marked.length;
    message.bodyPage = { bytes };
    message.bodyAt = record.bodyAt;
    message.bodyLength = record.end - record.bodyAt;
    const { subscription } = reader;
    subscription.unacked++;
    const entry = new Entry(message, Infinity, 0, false, 0);
    if (this.#host.events.isHeard) this.#host.events.delivered(this, entry, subscription.consumerTag);
    subscription.receiver.deliver(subscription, entry);
    message.page = NOTHING; // what is unacked needs no bytes, and a chunk is large
    message.bodyPage = NOTHING;
  }

  /** The bytes of the chunk that has the next message, and `at` on that message. */
  #locate(reader: Reader): Buffer {
    const chunk = this.#log.chunkOf(reader.next);
    const bytes = this.#cache.get(chunk);
    if (chunk === reader.chunk) return bytes;
    reader.chunk = chunk;
    reader.at = 0;
    for (let left = reader.next - chunk; left > 0; left--) reader.at = behindRecord(bytes, reader.at);
    return bytes;
  }
}
