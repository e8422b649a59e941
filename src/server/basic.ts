import { consumerPriority } from '../broker/arguments.ts';
import type { ChannelStatus } from '../broker/connections.ts';
import type { Subscription } from '../broker/consumers.ts';
import { MessageCounts } from '../broker/counts.ts';
import { findQueue } from '../broker/declare.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Entry } from '../broker/message.ts';
import { Outcome } from '../broker/publish.ts';
import { QUORUM } from '../broker/queue-type.ts';
import { REPLY_TO } from '../broker/replies.ts';
import type { Content } from '../wire/content.ts';
import { AmqpError, NO_METHOD } from '../wire/errors.ts';
import type { MethodOf } from '../wire/methods.ts';
import { AckWatch } from './ack-watch.ts';
import type { AckWatchPeer } from './ack-watch.ts';
import type { Channel } from './channel.ts';
import { Consumer } from './consumer.ts';
import { cut } from './cut-name.ts';
import { Publishing } from './publishing.ts';
import { Requester } from './requester.ts';
import { Transaction, withoutDeleted } from './tx.ts';
import type { Settlement } from './tx.ts';
import { Delivery, Unacked } from './unacked.ts';
import type { Source } from './unacked.ts';

/** What a consumer of a quorum queue may have unacked when it asked for no limit (QOS-04). */
const LARGEST_QUORUM_PREFETCH = 2000;

/** What the basic and confirm classes do on one channel. */
export class Basic implements AckWatchPeer {
  readonly counts = new MessageCounts();
  readonly #channel: Channel;
  readonly #publishing: Publishing;
  readonly #ackWatch: AckWatch;
  readonly #unacked: Unacked;
  readonly #consumers = new Map<string, Consumer>();
  readonly #requester: Requester;
  /** Undefined until tx.select. */
  #transaction: Transaction | undefined = undefined;
  #deliveryTag = 0;
  /** For consumers started from now on (QOS-02); 0 is no limit. */
  #prefetch = 0;
  /** For the channel as a whole (QOS-03); 0 is no limit. */
  #globalPrefetch = 0;
  /** Unacked deliveries that count towards it. */
  #globalCount = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    const { broker, limits } = channel.peer;
    this.#publishing = new Publishing(channel, this.counts);
    this.#ackWatch = new AckWatch(broker.clock, limits.ackTimeout, this);
    this.#unacked = new Unacked(this.#ackWatch);
    this.#requester = new Requester(channel, this.#publishing.publisher);
  }

  publish(method: MethodOf<'basic.publish'>, content: Content): void {
    const routed = this.#publishing.route(method, content);
    const body = content.body as Buffer;
    if (this.#channel.tracer.isOn) this.#channel.tracer.published(routed, body);
    if (this.#transaction === undefined) this.#publishing.publish(method, routed, body);
    else this.#transaction.publish(method, routed, body);
  }

  /** @throws {AmqpError} PRECONDITION_FAILED on a transactional channel (CNF-02) */
  confirmSelect({ noWait }: MethodOf<'confirm.select'>): void {
    if (this.#transaction !== undefined) {
      throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from tx to confirm mode');
    }
    this.#publishing.confirm();
    if (!noWait) this.#channel.send({ name: 'confirm.select-ok' });
  }

  /** A batch of the journal is on disk. */
  committed(batch: number): void {
    this.#publishing.committed(batch);
  }

  sendConfirms(): void {
    this.#publishing.sendConfirms();
  }

  get(method: MethodOf<'basic.get'>): void {
    const queue = this.#queue(method.queue);
    const entry = queue.get();
    if (entry === undefined) return this.#getEmpty(queue);
    queue.counts.countGet(entry.redelivered, method.noAck);
    this.counts.countGet(entry.redelivered, method.noAck);
    const deliveryTag = ++this.#deliveryTag;
    const { exchange, routingKey } = entry.message;
    this.#channel.sendMessage(
      {
        name: 'basic.get-ok',
        deliveryTag,
        redelivered: entry.redelivered,
        exchange: cut(exchange),
        routingKey: cut(routingKey),
        messageCount: queue.messageCount,
      },
      entry,
      queue,
    );
    if (method.noAck) queue.ack(entry);
    else this.#unacked.add(new Delivery(deliveryTag, queue, entry, undefined));
  }

  #getEmpty({ counts }: DeclaredQueue): void {
    counts.getEmpty++;
    this.counts.getEmpty++;
    this.#channel.send({ name: 'basic.get-empty', clusterId: '' });
  }

  /** The queue of that name, or the one declared last, if it may be read. */
  #queue(asked: string): DeclaredQueue {
    const { vhost, actor } = this.#channel.peer;
    const name = this.#channel.queueName(asked);
    actor.users.check(actor.user, vhost.name, 'read', 'queue', name);
    return findQueue(vhost, name, actor);
  }

  consume(method: MethodOf<'basic.consume'>): void {
    const { broker, limits } = this.#channel.peer;
    const { noAck, exclusive } = method;
    if (this.#consumers.has(method.consumerTag)) {
      throw new AmqpError('NOT_ALLOWED', `attempt to reuse consumer tag '${method.consumerTag}'`);
    }
    if (this.#consumers.size >= limits.consumersPerChannel) {
      throw new AmqpError(
        'NOT_ALLOWED',
        `reached maximum (${limits.consumersPerChannel}) of consumers per channel`, // CNS-12
      );
    }
    if (this.#channel.queueName(method.queue) === REPLY_TO) return this.#requester.consume(method);
    const queue = this.#queue(method.queue);
    const priority = consumerPriority(queue.arguments.type, queue.label, method.arguments);
    const isQuorum = queue.arguments.type === QUORUM;
    if (isQuorum && this.#globalPrefetch !== 0) {
      throw new AmqpError('NOT_IMPLEMENTED', `${queue.label} does not support global qos`); // QOS-07
    }
    const prefetch = isQuorum && this.#prefetch === 0 ? LARGEST_QUORUM_PREFETCH : this.#prefetch;
    const consumerTag = method.consumerTag === '' ? broker.generatedName('amq.ctag') : method.consumerTag;
    const settings = {
      consumerTag,
      noAck,
      exclusive,
      priority,
      prefetch,
      hasChannelLimit: this.#globalPrefetch !== 0,
      arguments: method.arguments,
    };
    const consumer = new Consumer(queue, this.#channel, settings);
    queue.addConsumer(consumer);
    this.#consumers.set(consumerTag, consumer);
    if (!method.noWait) this.#channel.send({ name: 'basic.consume-ok', consumerTag });
  }

  /** What it has not settled stays outstanding (CNS-22); an unknown tag is no error (CNS-20). */
  cancel({ consumerTag, noWait }: MethodOf<'basic.cancel'>): void {
    const consumer = this.#consumers.get(consumerTag);
    if (consumer !== undefined) {
      this.#consumers.delete(consumerTag);
      consumer.queue.removeConsumer(consumer);
    } else if (consumerTag === this.#requester.consumerTag) this.#requester.cancel();
    if (!noWait) this.#channel.send({ name: 'basic.cancel-ok', consumerTag });
  }

  /** Its queue is gone. */
  forget(consumer: Consumer): void {
    if (this.#consumers.get(consumer.consumerTag) === consumer) this.#consumers.delete(consumer.consumerTag);
  }

  qos({ prefetchSize, prefetchCount, global }: MethodOf<'basic.qos'>): void {
    if (prefetchSize !== 0) throw new AmqpError('NOT_IMPLEMENTED', `prefetch_size!=0 (${prefetchSize})`);
    if (global) {
      if (this.#globalPrefetch === 0) this.#globalCount = this.#unacked.countAll(); // fetched ones too (QOS-05)
      this.#globalPrefetch = prefetchCount;
    } else {
      this.#prefetch = prefetchCount;
      this.#globalPrefetch = 0; // QOS-02
    }
    this.#channel.send({ name: 'basic.qos-ok' });
    this.resume();
  }

  hasCredit({ noAck }: Subscription): boolean {
    return noAck || this.#globalPrefetch === 0 || this.#globalCount < this.#globalPrefetch;
  }

  /** Gives a delivery its tag. */
  handOut(consumer: Consumer, entry: Entry): number {
    const tag = ++this.#deliveryTag;
    consumer.queue.counts.countDelivery(entry.redelivered, consumer.noAck);
    this.counts.countDelivery(entry.redelivered, consumer.noAck);
    if (consumer.noAck) return tag;
    this.#globalCount++;
    this.#unacked.add(new Delivery(tag, consumer.queue, entry, consumer));
    return tag;
  }

  /** The same for a copy of what was handed out: whatever the client does with it, nothing comes of it. */
  handOutCopy(consumer: Consumer, entry: Entry): number {
    const tag = ++this.#deliveryTag;
    if (consumer.noAck) return tag;
    this.#globalCount++;
    consumer.unacked++;
    const nowhere = { ack: () => {}, reject: () => {}, requeue: () => {} };
    this.#unacked.add(new Delivery(tag, consumer.queue, entry, consumer, nowhere));
    return tag;
  }

  /** It is a consumer of this channel, other than the one of direct replies. */
  owns({ consumerTag }: Subscription): boolean {
    return this.#consumers.has(consumerTag);
  }

  /** @throws {AmqpError} PRECONDITION_FAILED in confirm mode (TXN-01) */
  txSelect(): void {
    if (this.#publishing.isConfirmed) {
      throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from confirm to tx mode');
    }
    this.#transaction ??= new Transaction();
    this.#channel.send({ name: 'tx.select-ok' });
  }

  /** Publishes first, then settlements, each in order (TXN-03); the answer waits for the disk (TXN-04). */
  txCommit(): void {
    const { publishes, settlements } = this.#openTransaction().take();
    let outcomes = 0;
    for (const { method, routed, body } of publishes) {
      outcomes |= this.#publishing.enqueue(method, withoutDeleted(routed), body); // PUB-09
    }
    for (const { deliveries, how } of settlements) this.#settleAll(deliveries, how);
    if ((outcomes & Outcome.REFUSED) !== 0)
      throw new AmqpError('PRECONDITION_FAILED', 'partial tx completion');
    this.#channel.holdAll();
    this.#channel.send({ name: 'tx.commit-ok' });
  }

  /** What was settled is outstanding again, and not redelivered (TXN-05). */
  txRollback(): void {
    const { settlements } = this.#openTransaction().take();
    for (const { deliveries } of settlements) this.#unacked.restore(deliveries);
    this.#channel.send({ name: 'tx.rollback-ok' });
  }

  #openTransaction(): Transaction {
    if (this.#transaction !== undefined) return this.#transaction;
    throw new AmqpError('PRECONDITION_FAILED', 'channel is not transactional'); // TXN-02
  }

  settle(tag: number, multiple: boolean, how: Settlement): void {
    if (this.#channel.peer.faults.isArmed && this.#isLost(tag, multiple, how)) return;
    this.#settle(tag, multiple, how);
  }

  /** A fault takes the settlement, or delays it. */
  #isLost(tag: number, multiple: boolean, how: Settlement): boolean {
    const { peer } = this.#channel;
    const last = multiple && tag === 0 ? this.#unacked.youngest : this.#unacked.get(tag);
    if (last === undefined) return false;
    const { entry, queue, consumer } = last;
    const fault = peer.faults.ofSettlement(entry, queue.name, consumer?.consumerTag);
    if (fault === undefined) return false;
    const { clock } = peer.broker;
    const { delay } = fault.setting;
    if (delay === undefined) return true;
    clock.at(clock.now() + delay, () => {
      if (this.#unacked.get(last.tag) === last) this.#settle(last.tag, multiple, how); // not what came meanwhile
    });
    return true;
  }

  #settle(tag: number, multiple: boolean, how: Settlement): void {
    if (this.#transaction !== undefined) return this.#transaction.settle(this.#take(tag, multiple), how);
    if (!multiple) {
      const delivery = this.#unacked.take(tag);
      if (delivery === undefined) throw unknownTag(tag);
      if (how === 'ack' || how === 'reject') delivery.source[how](delivery.entry);
      else delivery.source.requeue([delivery.entry], how === 'requeue');
      return this.#settled(delivery, how);
    }
    this.#settleAll(this.#take(tag, multiple), how);
  }

  #take(tag: number, multiple: boolean): readonly Delivery[] {
    if (multiple && tag === 0) return this.#unacked.takeAll(); // ACK-03
    const taken = multiple ? this.#unacked.takeUpTo(tag) : this.#unacked.take(tag);
    if (taken === undefined) throw unknownTag(tag);
    return taken instanceof Delivery ? [taken] : taken;
  }

  recover(requeue: boolean, answer: boolean): void {
    if (!requeue) throw new AmqpError('NOT_IMPLEMENTED', 'requeue=false'); // ACK-08
    this.#settleAll(this.#unacked.takeAll(), 'return');
    if (answer) this.#channel.send({ name: 'basic.recover-ok' });
  }

  *deliveries(): Iterable<Delivery> {
    for (const delivery of this.#unacked) if (!delivery.isCopy) yield delivery;
    for (const delivery of this.#transaction?.deliveries() ?? []) if (!delivery.isCopy) yield delivery;
  }

  get consumers(): Iterable<Subscription> {
    return this.#consumers.values();
  }

  status(): ChannelStatus {
    return {
      isConfirming: this.#publishing.isConfirmed,
      isTransactional: this.#transaction !== undefined,
      prefetch: this.#prefetch,
      globalPrefetch: this.#globalPrefetch,
      consumerCount: this.#consumers.size,
      unackedCount: this.#unacked.count,
      unconfirmedCount: this.#publishing.unconfirmedCount,
      confirmsAsked: this.#publishing.confirmsAsked,
      uncommittedCount: this.#transaction?.publishCount ?? 0,
      uncommittedAcks: this.#transaction?.settlementCount ?? 0,
    };
  }

  get oldest(): Delivery | undefined {
    return this.#unacked.oldest;
  }

  get lastTag(): number {
    return this.#deliveryTag;
  }

  /** Only the oldest delivery is looked at (CNS-41), also when it was fetched (CNS-43). */
  late(timeout: number): void {
    const text =
      `delivery acknowledgement on channel ${this.#channel.number} timed out. Timeout value used: ${timeout} ms. ` +
      'This timeout value can be configured, see consumers doc guide to learn more';
    this.#channel.fail(new AmqpError('PRECONDITION_FAILED', text), NO_METHOD);
  }

  /** Ends all consumers and returns what they held (CHN-07). */
  release(): void {
    for (const consumer of this.#consumers.values()) consumer.queue.removeConsumer(consumer);
    this.#consumers.clear();
    this.#requester.cancel();
    for (const { deliveries } of this.#transaction?.take().settlements ?? [])
      this.#unacked.restore(deliveries);
    this.#settleAll(this.#unacked.takeAll(), 'requeue');
    this.#ackWatch.stop();
    this.#publishing.release();
  }

  resume(): void {
    for (const consumer of this.#consumers.values()) consumer.resume();
    this.#requester.resume();
  }

  /** Dead-letters and acks in the order of their tags (DLX-08); returns to each queue in one go. */
  #settleAll(deliveries: readonly Delivery[], how: Settlement): void {
    if (how === 'requeue' || how === 'return') {
      const byQueue = new Map<Source, Entry[]>();
      for (const { source, entry } of deliveries) {
        const entries = byQueue.get(source);
        if (entries === undefined) byQueue.set(source, [entry]);
        else entries.push(entry);
      }
      for (const [source, entries] of byQueue) source.requeue(entries, how === 'requeue');
    } else {
      this.#channel.peer.vhost.holdBurials(() => {
        for (const { source, entry } of deliveries) source[how](entry);
      });
    }
    for (const delivery of deliveries) this.#settled(delivery, how);
  }

  #settled({ queue, consumer, counts }: Delivery, how: Settlement): void {
    if (how === 'ack') {
      queue.counts.ack++;
      this.counts.ack++;
    }
    const wasFull = this.#globalPrefetch !== 0 && this.#globalCount >= this.#globalPrefetch;
    if (counts) this.#globalCount--;
    if (consumer !== undefined) {
      consumer.unacked--;
      consumer.resume();
    }
    if (wasFull) this.resume();
  }
}

function unknownTag(tag: number): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `unknown delivery tag ${tag}`);
}
