import { decodeProperties } from '../wire/properties.ts';
import { plainProperties } from '../wire/plain.ts';
import type { PlainProperties } from '../wire/plain.ts';
import type { Clock } from './clock.ts';
import type { Subscription } from './consumers.ts';
import type { LostReason } from './dead-letter.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Binding, Exchange } from './exchange.ts';
import type { Journal } from './journal.ts';
import type { Entry, Message, Page } from './message.ts';
import type { DeathReason } from './queue-host.ts';

/** A message as it was when something happened to it, also when it is gone by now. */
export class SeenMessage {
  /** The broker's own number for it, ascending. A dead-lettered copy is another message. */
  readonly id: number;
  /** Where it was published, or dead-lettered, to. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly #properties: Buffer;
  readonly #body: Buffer;
  #decoded: PlainProperties | undefined = undefined;

  constructor(id: number, exchange: string, routingKey: string, properties: Buffer, body: Buffer) {
    this.id = id;
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.#properties = properties;
    this.#body = body;
  }

  /** As a consumer gets them; decoded when somebody asks. */
  get properties(): PlainProperties {
    return (this.#decoded ??= plainProperties(decodeProperties(this.#properties)));
  }

  /** The same as on the wire, from the flags on; not to be written to. */
  get encodedProperties(): Buffer {
    return this.#properties;
  }

  /** Not to be written to: it lies where the broker keeps it. */
  get body(): Buffer {
    return this.#body;
  }
}

interface Happening {
  /** On the broker's clock, in milliseconds since the epoch. */
  readonly time: number;
  readonly vhost: string;
}

interface InQueue extends Happening {
  readonly queue: string;
  readonly message: SeenMessage;
}

/** Why a message is gone that nobody consumed: it was not dead-lettered, or the dead letter got lost. */
export type DropReason = LostReason | 'purged' | 'queue deleted' | 'policy changed';

/** Why a queue is gone. */
export type QueueEnd = 'deleted' | 'expired' | 'unused' | 'owner gone' | 'vhost deleted';

/** Everything that can happen, by the name of the event. */
export interface BrokerEvents {
  /** A message was taken from a publisher and routed to these queues; none: an exchange keeps it for later. */
  published: Happening & { readonly message: SeenMessage; readonly queues: readonly string[] };
  /** A published message reached no queue, also over alternate exchanges. */
  unroutable: Happening & { readonly message: SeenMessage };
  /** A delayed exchange holds the message back until this time. */
  delayed: Happening & { readonly exchange: string; readonly message: SeenMessage; readonly until: number };
  /** What an exchange kept goes on, as a new message. `original` is the id of the one that was kept. */
  released: Happening & {
    readonly message: SeenMessage;
    readonly original: number;
    readonly queues: readonly string[];
  };
  /** A queue took it in. `expiresAt` is Infinity when it never expires there. */
  enqueued: InQueue & { readonly expiresAt: number };
  /** A full queue refused it. */
  refused: InQueue;
  /** It was handed to a consumer, or fetched: `consumerTag` is undefined then. */
  delivered: InQueue & { readonly consumerTag: string | undefined; readonly redelivered: boolean };
  acked: InQueue;
  /** It came back to its queue. */
  requeued: InQueue;
  /** A client refused it for good. */
  rejected: InQueue;
  /** It passed its deadline, which was `expiresAt`. */
  expired: InQueue & { readonly expiresAt: number };
  /**
   * It died in `queue` and was republished to the dead-letter exchange as `message`, a new one. `original` is the id it
   * had before.
   */
  'dead-lettered': InQueue & {
    readonly reason: DeathReason;
    readonly original: number;
    readonly queues: readonly string[];
  };
  /** It is gone. `reason` is why it died, where it died. */
  dropped: InQueue & { readonly why: DropReason; readonly reason: DeathReason | undefined };
  'queue-declared': Happening & { readonly queue: string; readonly durable: boolean };
  'queue-deleted': Happening & { readonly queue: string; readonly why: QueueEnd };
  /** Somebody consumes from a queue from now on. */
  'consumer-added': Happening & InConsumer;
  /** And does so no more; not told of consumers that go with their queue. */
  'consumer-removed': Happening & InConsumer;
  'exchange-declared': Happening & { readonly exchange: string; readonly exchangeType: string };
  'exchange-deleted': Happening & { readonly exchange: string };
  bound: Happening & BindingEnds;
  unbound: Happening & BindingEnds;
}

interface InConsumer {
  readonly queue: string;
  readonly consumerTag: string;
}

interface BindingEnds {
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly bindingKey: string;
}

export type BrokerEventName = keyof BrokerEvents;

/** Something that happened: `type` tells what. */
export type BrokerEvent = EventOf<BrokerEventName>;

/** An event of one of these kinds. */
export type EventOf<N extends BrokerEventName> = { [K in N]: { readonly type: K } & BrokerEvents[K] }[N];

/** Hears of everything, at once and in order. It must not throw, nor call into the broker. */
export type Observer = (event: BrokerEvent) => void;

/** What is left of an event for the one place that adds where and when. */
type Told<N extends BrokerEventName> = Omit<BrokerEvents[N], keyof Happening>;

/**
 * Tells observers what happens in the broker. Whoever has something to tell looks at `isHeard` first: nobody is told
 * of nothing, and that costs a glance at a field.
 */
export class Events {
  /** Somebody listens. */
  isHeard = false;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #observers = new Set<Observer>();

  constructor(clock: Clock, journal: Journal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  /** @returns what ends it */
  observe(observer: Observer): () => void {
    this.#observers.add(observer);
    this.isHeard = true;
    return () => {
      this.#observers.delete(observer);
      this.isHeard = this.#observers.size > 0;
    };
  }

  tell<N extends BrokerEventName>(type: N, vhost: string, told: Told<N>): void {
    const event = { type, time: this.#clock.now(), vhost, ...told } as unknown as BrokerEvent;
    for (const observer of this.#observers) observer(event);
  }

  published(vhost: string, message: Message, queues: readonly DeclaredQueue[]): void {
    this.tell('published', vhost, { message: this.see(message), queues: namesOf(queues) });
  }

  /** The content has not been kept, so it is copied. */
  unroutable(
    vhost: string,
    id: number,
    exchange: string,
    routingKey: string,
    properties: Buffer,
    body: Buffer,
  ): void {
    const content = [Buffer.from(properties), Buffer.from(body)] as const;
    this.tell('unroutable', vhost, { message: new SeenMessage(id, exchange, routingKey, ...content) });
  }

  released(vhost: string, message: Message, original: number, queues: readonly DeclaredQueue[]): void {
    this.tell('released', vhost, { message: this.see(message), original, queues: namesOf(queues) });
  }

  enqueued(queue: DeclaredQueue, message: Message, expiresAt: number): void {
    this.tell('enqueued', queue.identity.vhost, { ...this.#in(queue, message), expiresAt });
  }

  delivered(queue: DeclaredQueue, { message, redelivered }: Entry, consumerTag: string | undefined): void {
    this.tell('delivered', queue.identity.vhost, { ...this.#in(queue, message), consumerTag, redelivered });
  }

  /** What needs no more words than this. */
  happened(
    type: 'acked' | 'requeued' | 'rejected' | 'refused',
    queue: DeclaredQueue,
    message: Message,
  ): void {
    this.tell(type, queue.identity.vhost, this.#in(queue, message));
  }

  expired(queue: DeclaredQueue, { message, expiresAt }: Entry): void {
    this.tell('expired', queue.identity.vhost, { ...this.#in(queue, message), expiresAt });
  }

  deadLettered(
    queue: DeclaredQueue,
    reason: DeathReason,
    { id }: Message,
    copy: Message,
    queues: readonly DeclaredQueue[],
  ): void {
    const details = { reason, original: id, queues: namesOf(queues) };
    this.tell('dead-lettered', queue.identity.vhost, { ...this.#in(queue, copy), ...details });
  }

  dropped(queue: DeclaredQueue, message: Message, why: DropReason, reason?: DeathReason): void {
    this.tell('dropped', queue.identity.vhost, { ...this.#in(queue, message), why, reason });
  }

  queueDeclared({ identity: { vhost, name: queue, durable } }: DeclaredQueue): void {
    this.tell('queue-declared', vhost, { queue, durable });
  }

  queueDeleted({ identity: { vhost, name: queue } }: DeclaredQueue, why: QueueEnd): void {
    this.tell('queue-deleted', vhost, { queue, why });
  }

  consumer(type: 'consumer-added' | 'consumer-removed', { queue, consumerTag }: Subscription): void {
    this.tell(type, queue.identity.vhost, { queue: queue.name, consumerTag });
  }

  exchangeDeclared({ identity: { vhost, name: exchange, type: exchangeType } }: Exchange): void {
    this.tell('exchange-declared', vhost, { exchange, exchangeType });
  }

  exchangeDeleted({ identity: { vhost, name: exchange } }: Exchange): void {
    this.tell('exchange-deleted', vhost, { exchange });
  }

  binding(type: 'bound' | 'unbound', { source, destination, bindingKey }: Binding): void {
    const { name, kind: to } = destination;
    this.tell(type, source.identity.vhost, { source: source.name, destination: name, to, bindingKey });
  }

  /** Views of its bytes, which nobody writes to any more. */
  see(message: Message): SeenMessage {
    const { id, exchange, routingKey, propertiesAt, propertiesLength, bodyAt, bodyLength } = message;
    const properties = this.#bytes(message.page).subarray(propertiesAt, propertiesAt + propertiesLength);
    const body = this.#bytes(message.bodyPage).subarray(bodyAt, bodyAt + bodyLength);
    return new SeenMessage(id, exchange, routingKey, properties, body);
  }

  #bytes(page: Page): Buffer {
    return page.bytes ?? this.#journal.load(page);
  }

  #in(queue: DeclaredQueue, message: Message): Omit<InQueue, keyof Happening> {
    return { queue: queue.name, message: this.see(message) };
  }
}

function namesOf(queues: readonly DeclaredQueue[]): string[] {
  return queues.map(({ name }) => name);
}
