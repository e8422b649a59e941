import { recordDeath, writeHistory } from '../broker/death.ts';
import type { BrokerEvent, BrokerEvents, SeenMessage } from '../broker/observer.ts';
import { Queue } from '../broker/queue.ts';
import type { QueueSettings } from '../broker/queue-settings.ts';
import { textOf } from '../broker/term.ts';
import type { Vhost } from '../broker/vhost.ts';
import { decodeProperties } from '../wire/properties.ts';
import type { Properties } from '../wire/properties.ts';
import { readTable, writeTable } from '../wire/table.ts';
import { expiresBy } from './causes.ts';
import type { Hop, LossReason, Stay, StayEnd } from './explanation.ts';
import { historyOf, openHop } from './hops.ts';
import type { OpenHop } from './hops.ts';

/** A message on its way, by its number. */
interface Known {
  readonly hop: OpenHop;
  readonly message: SeenMessage;
  readonly properties: Properties;
  readonly keys: readonly string[];
  readonly died: boolean;
}

/** A stay while it is being written down. */
interface OpenStay {
  readonly stay: { -readonly [K in keyof Stay]: Stay[K] };
  readonly known: Known;
  /** All ways on were closed, because of this. */
  closed: LossReason | undefined;
}

const NO_HEADERS = Buffer.alloc(0);

/** Writes down what an observer hears of one message and all its copies. */
export class Recorder {
  readonly #vhost: Vhost;
  readonly #known = new Map<number, Known>();
  readonly #stays: OpenStay[] = [];
  readonly #keys: readonly string[];
  #publish: Hop | undefined = undefined;

  /** @param keys all it is published with: the routing key, those in CC, those in BCC */
  constructor(vhost: Vhost, keys: readonly string[]) {
    this.#vhost = vhost;
    this.#keys = keys;
  }

  /** How often it, or a copy of it, was handed to an exchange. */
  get hopCount(): number {
    return this.#known.size;
  }

  /** Whether it is the message that is followed, or a copy of it. */
  knows(id: number): boolean {
    return this.#known.has(id);
  }

  /** Copies that have not left their queues. */
  get waiting(): readonly Stay[] {
    return this.#stays.filter(({ stay }) => stay.leaves === undefined).map(({ stay }) => stay);
  }

  /** The next moment in which an exchange lets go what it holds back; Infinity when there is none. */
  get nextRelease(): number {
    let next = Infinity;
    for (const { hop } of this.#known.values()) {
      if (hop.delay !== undefined && hop.delay.released === undefined) next = Math.min(next, hop.delay.until);
    }
    return next;
  }

  hear(event: BrokerEvent): void {
    switch (event.type) {
      case 'published':
        this.#publish = this.#hand(event.time, event.message, this.#keys, false).hop;
        break;
      case 'unroutable':
        this.#unroutable(event);
        break;
      case 'delayed':
        this.#delayed(event);
        break;
      case 'released':
        this.#released(event);
        break;
      case 'enqueued':
        this.#enqueued(event);
        break;
      case 'refused':
        this.#known.get(event.message.id)?.hop.lost.push({ queue: event.queue, why: 'refused' });
        break;
      case 'acked':
        this.#leave(event.time, event.queue, event.message.id, 'consumed');
        break;
      case 'rejected':
      case 'expired':
        this.#leave(event.time, event.queue, event.message.id, event.type);
        break;
      case 'dead-lettered':
        this.#deadLettered(event);
        break;
      case 'dropped':
        this.#dropped(event);
        break;
      default:
    }
  }

  /** The first hop, with all that came of it, and with what nobody told because nothing came of it. */
  finish(): Hop | undefined {
    for (const open of this.#stays) {
      const { stay, known, closed } = open;
      if (stay.end === 'refused') {
        const told = known.hop.lost.findIndex(({ queue }) => queue === stay.queue);
        known.hop.lost.splice(told, 1); // it is not lost yet
      }
      if (stay.leaves === undefined) stay.end = this.#rest(stay);
      else if (closed !== undefined) stay.deadLetter ??= this.#closedHop(open, closed);
      else if (stay.deadLetter === undefined && stay.lost === undefined && stay.end !== 'consumed')
        stay.end = 'kept';
    }
    return this.#publish;
  }

  #rest({ queue, expires }: Stay): StayEnd {
    if (this.#vhost.queues.get(queue)?.isStream === true) return 'logged';
    return expires !== undefined && expires <= this.#vhost.now() ? 'stuck' : 'waiting';
  }

  #unroutable({ time, message }: BrokerEvents['unroutable']): void {
    const held = this.#known.get(message.id);
    const { hop } = this.#hand(time, message, held?.keys ?? this.#keys, held?.died ?? false);
    hop.lost.push({ queue: undefined, why: 'no route' });
    if (held?.hop.delay === undefined) this.#publish = hop;
    else held.hop.delay = { ...held.hop.delay, released: hop };
  }

  #delayed({ message, exchange, until }: BrokerEvents['delayed']): void {
    const known = this.#known.get(message.id);
    if (known !== undefined) known.hop.delay = { exchange, until, released: undefined };
  }

  #released({ time, message, original }: BrokerEvents['released']): void {
    const held = this.#known.get(original);
    if (held?.hop.delay === undefined) return;
    const { hop } = this.#hand(time, message, held.keys, held.died);
    held.hop.delay = { ...held.hop.delay, released: hop };
  }

  #enqueued({ time, queue, message, expiresAt }: BrokerEvents['enqueued']): void {
    const known = this.#known.get(message.id);
    if (known === undefined) return; // another one, which was there before
    const { stay } = this.#open(time, queue, known);
    if (expiresAt === Infinity) return;
    stay.expires = expiresAt;
    stay.expiresBy = expiresBy(this.#vhost.queues.get(queue), known.properties.expiration);
  }

  #deadLettered({ time, queue, message, reason, original, queues }: BrokerEvents['dead-lettered']): void {
    const known = this.#known.get(original);
    if (known === undefined) return;
    const { stay } = this.#leave(time, queue, original, reason) ?? this.#passBy(time, queue, known);
    const { hop, routed } = this.#hand(time, message, this.#keysOn(queue, known), true);
    for (const { name } of routed) if (!queues.includes(name)) hop.lost.push({ queue: name, why: 'cycle' });
    stay.deadLetter = hop;
  }

  #dropped({ time, queue, message, why, reason }: BrokerEvents['dropped']): void {
    const known = this.#known.get(message.id);
    if (known === undefined || why === 'refused') return; // the queue that refused it has said so
    const open =
      this.#leave(time, queue, message.id, reason ?? 'queue deleted') ?? this.#passBy(time, queue, known);
    if (why === 'no route' || why === 'cycle') open.closed = why;
    else open.stay.lost = why;
  }

  /** It is handed to an exchange. */
  #hand(
    time: number,
    message: SeenMessage,
    keys: readonly string[],
    died: boolean,
  ): ReturnType<typeof openHop> {
    const { id, exchange, routingKey } = message;
    const properties = decodeProperties(message.encodedProperties);
    const opened = openHop(this.#vhost, { time, exchange, routingKey, keys, properties, died });
    this.#known.set(id, { hop: opened.hop, message, properties, keys, died });
    return opened;
  }

  #open(time: number, queue: string, known: Known): OpenStay {
    const stay: OpenStay['stay'] = {
      queue,
      arrives: time,
      expires: undefined,
      expiresBy: undefined,
      end: 'waiting',
      leaves: undefined,
      deadLetter: undefined,
      lost: undefined,
    };
    const open = { stay, known, closed: undefined };
    known.hop.queues.push(stay);
    this.#stays.push(open);
    return open;
  }

  /** A full queue refuses it and dead-letters it, without ever having held it (LEN-14). */
  #passBy(time: number, queue: string, known: Known): OpenStay {
    const open = this.#open(time, queue, known);
    open.stay.leaves = time;
    open.stay.end = 'refused';
    return open;
  }

  /** The first thing that is told of its end is the reason. */
  #leave(time: number, queue: string, id: number, end: StayEnd): OpenStay | undefined {
    const open = this.#stays.findLast(({ stay, known }) => stay.queue === queue && known.message.id === id);
    if (open !== undefined && open.stay.leaves === undefined) {
      open.stay.leaves = time;
      open.stay.end = end;
    }
    return open;
  }

  /** The keys with which something goes on that dies in a queue (DLX-15). */
  #keysOn(queue: string, { keys }: Known): readonly string[] {
    const own = this.#settings(queue)?.deadLetterRoutingKey;
    return own === undefined ? keys : [own];
  }

  #settings(name: string): QueueSettings | undefined {
    const queue = this.#vhost.queues.get(name);
    return queue instanceof Queue ? queue.settings : undefined;
  }

  /** The hop of a dead letter that reached nobody: as it would have been. */
  #closedHop({ stay, known }: OpenStay, why: LossReason): Hop {
    const { queue, leaves: time = 0, end } = stay;
    const reason = end === 'refused' ? 'maxlen' : end;
    const { deadLetterExchange = '', deadLetterRoutingKey } = this.#settings(queue) ?? {};
    const { properties } = known;
    const { exchange, routingKey } = known.message;
    const before = known.died ? historyOf(properties) : [];
    const seconds = BigInt(Math.floor(time / 1000));
    const cc = properties.headers?.get('CC');
    const more = cc?.tag === 'A' ? cc.value.flatMap((key) => textOf(key) ?? []) : [];
    const routingKeys = [routingKey, ...more];
    const originalExpiration = properties.expiration;
    const death = { queue, reason, count: 1n, time: seconds, exchange, routingKeys, originalExpiration };
    const history = recordDeath(before, death);
    const inside = properties.headers === undefined ? NO_HEADERS : writeTable(properties.headers);
    const headers = readTable(writeHistory(inside, history, death, !known.died));
    const { hop, routed } = openHop(this.#vhost, {
      time,
      exchange: deadLetterExchange,
      routingKey: deadLetterRoutingKey ?? routingKey,
      keys: this.#keysOn(queue, known),
      properties: { ...properties, headers, expiration: undefined },
      died: true,
    });
    if (routed.length === 0) hop.lost.push({ queue: undefined, why });
    for (const { name } of routed) hop.lost.push({ queue: name, why });
    return hop;
  }
}
