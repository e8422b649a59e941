import type { Broker } from '../broker/broker.ts';
import type { ChannelStatus, OpenChannel, OpenDelivery } from '../broker/connections.ts';
import type { Receiver, Subscription } from '../broker/consumers.ts';
import type { MessageCounts } from '../broker/counts.ts';
import type { Actor } from '../broker/declare.ts';
import type { CommitListener } from '../broker/journal.ts';
import { withReturnCounts } from '../broker/delivery-count.ts';
import type { Entry } from '../broker/message.ts';
import type { Queue } from '../broker/queue.ts';
import { QUORUM } from '../broker/queue-type.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { Tracer } from '../broker/trace.ts';
import type { Vhost } from '../broker/vhost.ts';
import { FrameType } from '../wire/constants.ts';
import { ContentAssembler } from '../wire/content.ts';
import type { Content } from '../wire/content.ts';
import { AmqpError, replyText } from '../wire/errors.ts';
import type { MethodIds } from '../wire/errors.ts';
import { methodIds, methods } from '../wire/methods.ts';
import type { Method } from '../wire/methods.ts';
import { Basic } from './basic.ts';
import type { ConnectionFaults } from './connection-faults.ts';
import type { Consumer } from './consumer.ts';
import type { ServerLimits } from './limits.ts';
import type { ContentBytes, Output } from './output.ts';
import { TopologyMethods } from './topology.ts';

/** What a channel needs of the connection it is on. */
export interface ChannelPeer {
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly actor: Actor;
  readonly output: Output;
  readonly capabilities: ReadonlySet<string>;
  readonly limits: ServerLimits;
  /** `HOST:PORT -> HOST:PORT` */
  readonly name: string;
  readonly faults: ConnectionFaults;
  /** Has `channel.endTurn()` called before this turn's output leaves. */
  beforeFlush(channel: Channel): void;
  /** The channel is over and its number free. */
  closed(channel: Channel): void;
  /** The whole connection is over: a connection error. */
  fail(error: AmqpError, at: MethodIds): void;
}

const CHANNEL_CLOSE = idsOf('channel.close');
const CHANNEL_CLOSE_OK = idsOf('channel.close-ok');
const CHANNEL_OPEN = idsOf('channel.open');

function idsOf(name: 'channel.close' | 'channel.close-ok' | 'channel.open'): number {
  return methods[name].classId * 65_536 + methods[name].methodId;
}

/** One channel: takes methods in order, answers in order, hands out deliveries. */
export class Channel implements Receiver, CommitListener, OpenChannel {
  readonly number: number;
  readonly peer: ChannelPeer;
  readonly tracer: Tracer;
  /** What an empty queue name means (GEN-09). */
  lastQueue: string | undefined = undefined;
  readonly #basic: Basic;
  readonly #topology: TopologyMethods;
  readonly #assembler: ContentAssembler;
  #isClosing = false;
  /** Answers that wait until what was declared is on disk, in order (QUE-34). */
  #held: (() => void)[] = [];
  #heldUntil = 0;
  readonly #content: { -readonly [K in keyof ContentBytes]: ContentBytes[K] };

  constructor(number: number, peer: ChannelPeer) {
    this.number = number;
    this.peer = peer;
    const { vhost, actor, name: connection } = peer;
    this.tracer = new Tracer(vhost, { user: actor.user, connection, channel: number });
    this.#basic = new Basic(this);
    this.#topology = new TopologyMethods(this);
    this.#assembler = new ContentAssembler(peer.limits.largestBody, (method, content) =>
      this.#handle(method, content),
    );
    const nothing = Buffer.alloc(0);
    this.#content = {
      properties: nothing,
      propertiesAt: 0,
      propertiesLength: 0,
      body: nothing,
      bodyAt: 0,
      bodyLength: 0,
    };
  }

  get counts(): MessageCounts {
    return this.#basic.counts;
  }

  get consumers(): Iterable<Subscription> {
    return this.#basic.consumers;
  }

  get deliveries(): Iterable<OpenDelivery> {
    return this.#basic.deliveries();
  }

  status(): ChannelStatus {
    return this.#basic.status();
  }

  /** Nothing is left of it but the closing. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Takes the next frame, whose payload stands from `start` to `end`. Throws what ends the connection. */
  accept(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isClosing) this.#acceptClosing(type, bytes.subarray(start, end));
    else this.#assembler.accept(type, bytes, start, end);
  }

  /**
   * An empty name means the queue declared last on this channel (GEN-09).
   * @throws {AmqpError} NOT_FOUND when there is none
   */
  queueName(asked: string): string {
    const name = asked === '' ? this.lastQueue : asked;
    if (name === undefined) throw new AmqpError('NOT_FOUND', 'no previously declared queue');
    return name;
  }

  /** Answers in order: behind what is held. */
  send(method: Method): void {
    this.#say(() => this.peer.output.method(this.number, method));
  }

  /** The same for a method that brings a message along. */
  sendMessage(method: Method, entry: Entry, queue: DeclaredQueue): void {
    const content = this.#contentOf(entry, queue);
    this.sendContent(method, this.isHeld ? { ...content } : content);
  }

  /** @param content must stay as it is */
  sendContent(method: Method, content: ContentBytes): void {
    this.#say(() => this.peer.output.methodWithContent(this.number, method, content));
  }

  /** Answers from here on wait until every definition made so far is on disk. */
  hold(): void {
    this.#holdUntil(this.peer.broker.journal.defined);
  }

  /** Answers from here on wait until everything recorded so far is on disk. */
  holdAll(): void {
    this.#holdUntil(this.peer.broker.journal.gathering);
  }

  #holdUntil(batch: number): void {
    const { journal } = this.peer.broker;
    if (batch <= journal.committed) return;
    this.#heldUntil = Math.max(batch, this.#heldUntil);
    journal.onCommit(this);
  }

  get isHeld(): boolean {
    return this.#heldUntil > this.peer.broker.journal.committed || this.#held.length > 0;
  }

  committed(batch: number): void {
    this.#basic.committed(batch);
    if (this.#heldUntil > batch) return this.peer.broker.journal.onCommit(this);
    const held = this.#held;
    this.#held = [];
    for (const answer of held) answer();
    this.resume();
    this.peer.beforeFlush(this);
  }

  /** Confirms decided in this turn. */
  endTurn(): void {
    if (!this.#isClosing && !this.isHeld) this.#basic.sendConfirms();
  }

  hasCredit(subscription: Subscription): boolean {
    return !this.isHeld && !this.peer.output.isFull && this.#basic.hasCredit(subscription);
  }

  deliver(subscription: Subscription, entry: Entry): void {
    const consumer = subscription as Consumer; // every subscription of a channel is one of its consumers
    this.#deliver(consumer, this.#basic.handOut(consumer, entry), entry.redelivered, entry);
    const { faults } = this.peer;
    if (faults.isArmed) faults.delivered(this, consumer, entry);
  }

  #deliver(consumer: Consumer, tag: number, redelivered: boolean, entry: Entry): void {
    const content = this.#contentOf(entry, consumer.queue);
    const { exchange, routingKey } = entry.message;
    const { tagBytes } = consumer;
    this.peer.output.deliver(this.number, tagBytes, tag, redelivered, exchange, routingKey, content);
  }

  /** The message that was just delivered, as if it had come back: what becomes of this copy changes nothing. */
  deliverAgain(subscription: Subscription, entry: Entry): void {
    const consumer = subscription as Consumer; // as above
    this.#deliver(consumer, this.#basic.handOutCopy(consumer, entry), true, entry);
  }

  /** Ends a consumer that did not ask for it. */
  cancelConsumer(subscription: Subscription): void {
    if (!this.#basic.owns(subscription)) return;
    subscription.queue.removeConsumer(subscription);
    this.cancelled(subscription);
  }

  cancelled(subscription: Subscription): void {
    this.#basic.forget(subscription as Consumer);
    if (this.#isClosing || !this.peer.capabilities.has('consumer_cancel_notify')) return; // CNS-25
    this.send({ name: 'basic.cancel', consumerTag: subscription.consumerTag, noWait: true });
  }

  /** Consumers may have credit again. */
  resume(): void {
    this.#basic.resume();
  }

  /** Where the bytes of a message lie. The object is used again by the next call. */
  #contentOf(entry: Entry, queue: DeclaredQueue): ContentBytes {
    const { message } = entry;
    const { journal } = this.peer.broker;
    const content = this.#content;
    content.properties = message.page.bytes ?? journal.load(message.page);
    content.propertiesAt = message.propertiesAt;
    content.propertiesLength = message.propertiesLength;
    content.body = message.bodyPage.bytes ?? journal.load(message.bodyPage);
    content.bodyAt = message.bodyAt;
    content.bodyLength = message.bodyLength;
    if (entry.returns > 0 && queue.arguments.type === QUORUM) this.#countReturns(entry, queue as Queue);
    if (this.tracer.isOn) this.#trace(entry, queue);
    return content;
  }

  #trace(entry: Entry, queue: DeclaredQueue): void {
    const { properties, propertiesAt, propertiesLength, body, bodyAt, bodyLength } = this.#content;
    const sent = properties.subarray(propertiesAt, propertiesAt + propertiesLength);
    this.tracer.delivered(queue, entry, sent, body.subarray(bodyAt, bodyAt + bodyLength));
  }

  /** In the content to be sent (DLV-05). */
  #countReturns(entry: Entry, queue: Queue): void {
    const content = this.#content;
    const { properties, propertiesAt: at, propertiesLength } = content;
    const counts = queue.returnCounts(entry);
    content.properties = withReturnCounts(properties.subarray(at, at + propertiesLength), counts);
    content.propertiesAt = 0;
    content.propertiesLength = content.properties.length;
  }

  /** Ends it without a word: its connection is over. */
  release(): void {
    this.#held = [];
    this.#end();
  }

  /** What it handed out goes back, its consumers are cancelled (CHN-07). */
  #end(): void {
    if (!this.#isClosing) this.peer.vhost.counts.add(this.counts);
    this.#isClosing = true;
    this.#basic.release();
  }

  #say(answer: () => void): void {
    if (this.isHeld) this.#held.push(answer);
    else answer();
  }

  /** Until close-ok everything is dropped but the closing itself (CHN-08). */
  #acceptClosing(type: number, payload: Buffer): void {
    if (type !== FrameType.METHOD) return;
    const ids = payload.readUInt32BE(0);
    if (ids === CHANNEL_CLOSE) this.peer.output.method(this.number, { name: 'channel.close-ok' });
    if (ids === CHANNEL_CLOSE_OK) this.peer.closed(this);
    if (ids === CHANNEL_OPEN)
      throw new AmqpError('CHANNEL_ERROR', `second 'channel.open' seen`, methodIds('channel.open'));
  }

  /** Refusals are answered here, where the method is known. Anything else is a bug of ours and passes on. */
  #handle(method: Method, content: Content | undefined): void {
    try {
      this.#dispatch(method, content);
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      this.fail(error, error.at ?? methodIds(method.name));
    }
  }

  /** Closes the channel, or with it the connection, as the error demands. */
  fail(error: AmqpError, at: MethodIds): void {
    if (error.closes === 'connection') return this.peer.fail(error, at);
    if (this.#isClosing) return;
    this.endTurn(); // confirms already decided may precede the close
    this.#end();
    this.send({ name: 'channel.close', replyCode: error.code, replyText: replyText(error.message), ...at });
  }

  /** One line per method, no logic here. */
  #dispatch(method: Method, content: Content | undefined): void {
    switch (method.name) {
      case 'basic.publish':
        return this.#basic.publish(method, content as Content);
      case 'basic.ack':
        return this.#basic.settle(method.deliveryTag, method.multiple, 'ack');
      case 'basic.nack':
        return this.#basic.settle(method.deliveryTag, method.multiple, method.requeue ? 'return' : 'reject');
      case 'basic.reject':
        return this.#basic.settle(method.deliveryTag, false, method.requeue ? 'requeue' : 'reject');
      case 'basic.get':
        return this.#basic.get(method);
      case 'basic.consume':
        return this.#basic.consume(method);
      case 'basic.cancel':
        return this.#basic.cancel(method);
      case 'basic.qos':
        return this.#basic.qos(method);
      case 'basic.recover':
        return this.#basic.recover(method.requeue, true);
      case 'basic.recover-async':
        return this.#basic.recover(method.requeue, false);
      case 'confirm.select':
        return this.#basic.confirmSelect(method);
      default:
        return this.#dispatchRest(method);
    }
  }

  #dispatchRest(method: Method): void {
    switch (method.name) {
      case 'queue.declare':
        return this.#topology.declareQueue(method);
      case 'queue.bind':
        return this.#topology.bindQueue(method);
      case 'queue.unbind':
        return this.#topology.unbindQueue(method);
      case 'queue.purge':
        return this.#topology.purgeQueue(method);
      case 'queue.delete':
        return this.#topology.deleteQueue(method);
      case 'exchange.declare':
        return this.#topology.declareExchange(method);
      case 'exchange.delete':
        return this.#topology.deleteExchange(method);
      case 'exchange.bind':
        return this.#topology.bindExchange(method);
      case 'exchange.unbind':
        return this.#topology.unbindExchange(method);
      case 'access.request':
        return this.send({ name: 'access.request-ok', ticket: 1 }); // GEN-11
      case 'channel.flow':
        return this.#flow(method.active);
      case 'channel.close':
        return this.#close();
      case 'channel.open':
        throw new AmqpError('CHANNEL_ERROR', `second 'channel.open' seen`);
      case 'tx.select':
        return this.#basic.txSelect();
      case 'tx.commit':
        return this.#basic.txCommit();
      case 'tx.rollback':
        return this.#basic.txRollback();
      default:
        throw new AmqpError('COMMAND_INVALID', 'unimplemented method'); // CON-44
    }
  }

  #flow(active: boolean): void {
    if (!active) throw new AmqpError('NOT_IMPLEMENTED', 'active=false'); // CHN-11
    this.send({ name: 'channel.flow-ok', active });
  }

  /** close-ok comes after everything received before it took effect (CHN-06). */
  #close(): void {
    this.endTurn();
    this.#end();
    this.#say(() => {
      this.peer.output.method(this.number, { name: 'channel.close-ok' });
      this.peer.closed(this);
    });
  }
}
