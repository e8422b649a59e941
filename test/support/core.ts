import { createHash } from 'node:crypto';
import { Broker } from '../../src/broker/broker.ts';
import { ManualClock } from '../../src/broker/clock.ts';
import type { Clock } from '../../src/broker/clock.ts';
import { Subscription } from '../../src/broker/consumers.ts';
import type { Receiver, SubscriptionSettings } from '../../src/broker/consumers.ts';
import { bind, unbind } from '../../src/broker/bind.ts';
import { declareExchange, declareQueue } from '../../src/broker/declare.ts';
import type { Actor } from '../../src/broker/declare.ts';
import type { DeclaredQueue } from '../../src/broker/declared-queue.ts';
import type { Exchange } from '../../src/broker/exchange.ts';
import { NOTHING_RECOVERED } from '../../src/broker/journal.ts';
import type { Journal, Recovered } from '../../src/broker/journal.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import type { Entry } from '../../src/broker/message.ts';
import { Publisher } from '../../src/broker/publish.ts';
import type { PolicyKind } from '../../src/broker/policies.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { Vhost } from '../../src/broker/vhost.ts';
import { decodeProperties, encodeProperties } from '../../src/wire/properties.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { EMPTY_TABLE, fieldTable } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';

/** What a test reads of a message. */
export interface Seen {
  readonly body: string;
  readonly properties: Properties;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
}

/** A consumer that keeps what it is given. `credit` is how many more it takes. */
export class TestConsumer implements Receiver {
  readonly entries: Entry[] = [];
  readonly #core: Core;
  credit: number;
  subscription: Subscription | undefined = undefined;
  isCancelled = false;

  constructor(core: Core, credit: number) {
    this.#core = core;
    this.credit = credit;
  }

  get bodies(): string[] {
    return this.entries.map((entry) => this.#core.see(entry).body);
  }

  hasCredit(): boolean {
    return this.credit > 0;
  }

  deliver(_subscription: Subscription, entry: Entry): void {
    this.credit--;
    this.entries.push(entry);
  }

  cancelled(): void {
    this.isCancelled = true;
  }

  /** Takes so many more. */
  allow(credit: number): void {
    this.credit += credit;
    this.#madeRoom(0);
  }

  ack(...entries: Entry[]): void {
    for (const entry of entries) this.subscription?.queue.ack(entry);
    this.#madeRoom(entries.length);
  }

  reject(...entries: Entry[]): void {
    for (const entry of entries) this.subscription?.queue.reject(entry);
    this.#madeRoom(entries.length);
  }

  requeue(...entries: Entry[]): void {
    this.subscription?.queue.requeue(entries, true);
    this.#madeRoom(entries.length);
  }

  cancel(): void {
    if (this.subscription !== undefined) this.subscription.queue.removeConsumer(this.subscription);
    this.#core.settle();
  }

  #madeRoom(settled: number): void {
    if (this.subscription !== undefined) this.subscription.unacked -= settled;
    this.subscription?.resume();
    this.#core.settle();
  }
}

/** How a consumer is asked for when nothing else is said. */
export const subscribed: SubscriptionSettings = {
  consumerTag: 'c',
  noAck: false,
  exclusive: false,
  priority: 0,
  prefetch: 0,
  hasChannelLimit: false,
  arguments: EMPTY_TABLE,
};

/** A clock that is moved by hand, in a call. */
export type HandClock = Clock & { advance(ms: number): void };

/** A broker without sockets, disk or real time: publish, move the clock, look. Everything happens in the call. */
export class Core {
  readonly clock: HandClock;
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly actor: Actor;
  /** Dead letters that reached nobody: `queue reason: cause`. */
  readonly lost: string[] = [];
  /** Made when it is needed: a core may have no vhost `/`. */
  #publisher: Publisher | undefined = undefined;
  readonly #tasks: (() => void)[] = [];
  #names = 0;

  constructor(
    journal: Journal = new MemoryJournal(),
    recovered: Recovered = NOTHING_RECOVERED,
    now = 1_000_000_000_000,
    makeClock: (core: Core) => HandClock = (core) => new ManualClock(now, () => core.settle()),
  ) {
    this.clock = makeClock(this);
    this.broker = new Broker(
      {
        clock: this.clock,
        journal,
        turn: { soon: (task) => this.soon(task), isLong: () => false },
        secrets: {
          random: (bytes) => Buffer.alloc(bytes, ++this.#names),
          digest: (hashing, bytes) => createHash(hashing).update(bytes).digest(),
        },
        onLost: (queue, reason, cause) => this.lost.push(`${queue.name} ${reason}: ${cause}`),
      },
      recovered,
    );
    this.vhost = this.broker.vhosts.get('/') as Vhost;
    this.actor = { user: 'guest', users: this.broker.users, connection: {} };
  }

  /** Puts a task off. */
  soon(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Runs what was put off until nothing is left. */
  settle(): void {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
  }

  /** Moves time, and lets everything that falls due on the way happen. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.settle();
  }

  /** A classic queue, unless the arguments say otherwise. */
  queue(
    name: string,
    args: Record<string, FieldValue> = {},
    flags: Partial<Parameters<typeof declareQueue>[1]> = {},
  ): Queue {
    return this.declare(name, args, flags) as Queue;
  }

  declare(
    name: string,
    args: Record<string, FieldValue> = {},
    flags: Partial<Parameters<typeof declareQueue>[1]> = {},
  ): DeclaredQueue {
    const asked = {
      name,
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: fieldTable(args),
      ...flags,
    };
    return declareQueue(this.vhost, asked, this.actor, () => this.broker.generatedName('amq.gen'));
  }

  exchange(
    name: string,
    type = 'direct',
    args: Record<string, FieldValue> = {},
    flags: Partial<Parameters<typeof declareExchange>[1]> = {},
  ): Exchange {
    const asked = { name, type, durable: true, autoDelete: false, internal: false };
    return declareExchange(this.vhost, { ...asked, arguments: fieldTable(args), ...flags }, this.actor);
  }

  bind(
    source: string,
    destination: string,
    bindingKey = '',
    to: 'queue' | 'exchange' = 'queue',
    args: Record<string, FieldValue> = {},
  ): void {
    bind(this.vhost, { source, destination, to, bindingKey, arguments: fieldTable(args) }, this.actor);
  }

  unbind(
    source: string,
    destination: string,
    bindingKey = '',
    to: 'queue' | 'exchange' = 'queue',
    args: Record<string, FieldValue> = {},
  ): void {
    unbind(this.vhost, { source, destination, to, bindingKey, arguments: fieldTable(args) }, this.actor);
    this.settle();
  }

  /** A policy or operator policy for the names this is found in: of queues named `q...`, unless it says otherwise. */
  policy(
    name: string,
    definition: Readonly<Record<string, unknown>>,
    more: { kind?: PolicyKind; pattern?: string; priority?: number; 'apply-to'?: string } = {},
  ): void {
    const { kind = 'policy', ...terms } = more;
    this.vhost.policies.set(kind, name, { pattern: '^q', priority: 0, definition, ...terms });
    this.settle();
  }

  /** Publishes; returns the bits of `Outcome`. */
  publish(exchange: string, routingKey: string, body: string, properties: Properties = {}): number {
    this.#publisher ??= new Publisher(this.vhost, this.actor);
    const outcome = this.#publisher.publish(
      { exchange, routingKey },
      encodeProperties(properties),
      Buffer.from(body),
    );
    this.settle();
    return outcome;
  }

  /** Publishes a persistent message to a queue by its name. */
  send(queue: string, body: string, properties: Properties = {}): number {
    return this.publish('', queue, body, { deliveryMode: 2, ...properties });
  }

  consume(
    queue: DeclaredQueue,
    credit = Infinity,
    settings: Partial<SubscriptionSettings> = {},
  ): TestConsumer {
    const consumer = new TestConsumer(this, credit);
    consumer.subscription = new Subscription(queue, consumer, { ...subscribed, ...settings });
    queue.addConsumer(consumer.subscription);
    this.settle();
    return consumer;
  }

  /** The next message, handed out and not settled. */
  get(queue: Queue): (Seen & { readonly entry: Entry }) | undefined {
    const entry = queue.get();
    this.settle();
    return entry === undefined ? undefined : { ...this.see(entry), entry };
  }

  /** Takes everything that is ready, acking it. */
  drain(queue: Queue): Seen[] {
    const all: Seen[] = [];
    for (let next = this.get(queue); next !== undefined; next = this.get(queue)) {
      all.push(next);
      queue.ack(next.entry);
    }
    return all;
  }

  /** What is ready, in order; nothing changes. */
  look(queue: Queue): Seen[] {
    const entries = queue.ready.clear();
    for (const entry of entries) queue.ready.push(entry);
    return entries.map((entry) => this.see(entry));
  }

  /** The bodies of what is ready, in order; nothing changes. */
  bodies(queue: Queue): string[] {
    return this.look(queue).map(({ body }) => body);
  }

  see(entry: Entry): Seen {
    const { message } = entry;
    const { journal } = this.broker;
    const propertiesEnd = message.propertiesAt + message.propertiesLength;
    const properties = Buffer.from(journal.load(message.page).subarray(message.propertiesAt, propertiesEnd));
    const body = journal.load(message.bodyPage).subarray(message.bodyAt, message.bodyAt + message.bodyLength);
    return {
      body: body.toString(),
      properties: decodeProperties(properties),
      exchange: message.exchange,
      routingKey: message.routingKey,
      redelivered: entry.redelivered,
    };
  }
}
