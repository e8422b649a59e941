import { AmqpError } from '../wire/errors.ts';
import { PropertyScan, withExpiration, withHeaders, withReplyTo } from '../wire/properties.ts';
import { joinEntries, rawEntries, readTable, typeNames } from '../wire/table.ts';
import type { FieldValue } from '../wire/table.ts';
import type { MessageCounts } from './counts.ts';
import { findExchange } from './declare.ts';
import type { Actor } from './declare.ts';
import { reachesStream } from './declared-queue.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Exchange } from './exchange.ts';
import { parseExpiration } from './expiration.ts';
import { countDurablePlaces, NO_KEEPERS } from './keeper.ts';
import type { Keeper } from './keeper.ts';
import { allKeys, Message } from './message.ts';
import type { MoreKeys } from './message.ts';
import { REPLY_TO } from './replies.ts';
import { route } from './routing.ts';
import { RoutingInput } from './routing-input.ts';
import { textOf } from './term.ts';
import type { Vhost } from './vhost.ts';

/** What became of a publish: bits that add up. */
export const Outcome = {
  /** At least one queue was reached, whatever it did with the message (PUB-08). */
  ROUTED: 1,
  /** A queue refused it: the publisher gets a nack (CNF-04, LEN-13). */
  REFUSED: 2,
  /** It is to be on disk before it is confirmed (CNF-03). */
  DURABLE: 4,
} as const;

/** Where a publish is addressed. The same object again means the same address: routes are remembered by it. */
export interface Address {
  readonly exchange: string;
  readonly routingKey: string;
}

/** Where a message goes. */
interface Way {
  readonly targets: readonly DeclaredQueue[];
  readonly keepers: readonly Keeper[];
}

/** A publish that was checked and routed. */
export interface Routed extends Way {
  readonly exchange: Exchange;
  readonly routingKey: string;
  readonly moreKeys: MoreKeys | undefined;
  /** Milliseconds; Infinity when the message has none. */
  readonly ttl: number;
  readonly persistent: boolean;
  readonly priority: number;
  /** As consumers will see them. */
  readonly properties: Buffer;
}

/** Of a body that is larger than any may be (bytes). */
export function messageTooLarge(size: number, most: number): AmqpError {
  return new AmqpError(
    'PRECONDITION_FAILED',
    `message size ${size} is larger than configured max size ${most}`,
  );
}

/**
 * Publishes for one channel: checks, routes, writes the content once and puts it in every queue it reaches.
 * The route of the last address is remembered until the topology or the permissions change.
 */
export class Publisher {
  /** What `reply-to` becomes in requests (RTO-04); undefined while the channel has no consumer for the answers. */
  replyName: string | undefined = undefined;
  readonly #vhost: Vhost;
  readonly #actor: Actor;
  readonly #counts: MessageCounts;
  readonly #scan = new PropertyScan();
  #lastAddress: Address | undefined = undefined;
  #lastTopology = -1;
  #lastUsers = -1;
  #lastExchange: Exchange | undefined = undefined;
  /** The user may not publish with every key to this exchange (AUT-07). */
  #limitsTopics = false;
  /** Undefined when the route depended on more than the address. */
  #lastWay: Way | undefined = undefined;

  /** @param counts where its publishes are counted */
  constructor(vhost: Vhost, actor: Actor, counts: MessageCounts = vhost.counts) {
    this.#vhost = vhost;
    this.#actor = actor;
    this.#counts = counts;
  }

  /**
   * @param properties flags and values as on the wire; copied
   * @param body copied
   * @returns bits of `Outcome`
   */
  publish(address: Address, properties: Buffer, body: Buffer): number {
    return this.enqueue(this.route(address, properties), body);
  }

  /**
   * Everything that can be refused, in the order of TTL-07 and PUB-01. Nothing has happened yet.
   * @param published flags and values as on the wire; the result refers to them
   */
  route(address: Address, published: Buffer): Routed {
    const exchange = this.#exchange(address);
    const scan = this.#scan.scan(published, 0, published.length);
    const properties = scan.replyTo === REPLY_TO ? this.#request(published) : published;
    const { expiration } = scan;
    const ttl = expiration === undefined ? Infinity : parseExpiration(expiration);
    const moreKeys = this.#moreKeys(properties);
    if (this.#limitsTopics) this.#checkTopics(address, moreKeys);
    if (scan.userId !== undefined) this.#checkUserId(scan.userId);
    const { targets, keepers } = this.#way(address, exchange, moreKeys, properties);
    return {
      exchange,
      routingKey: address.routingKey,
      moreKeys,
      targets,
      keepers,
      ttl,
      persistent: scan.persistent,
      priority: Math.max(scan.priority, 0),
      properties: this.#forwarded(properties, ttl, moreKeys),
    };
  }

  /**
   * Puts a message in the queues it was routed to; its lifetime begins now (TTL-10, TXC-04).
   * @param body copied, as are the properties
   * @returns bits of `Outcome`
   */
  enqueue(routed: Routed, body: Buffer): number {
    const { exchange, moreKeys, targets, keepers, ttl, persistent } = routed;
    this.#count(exchange, targets);
    if (targets.length === 0 && keepers.length === 0) {
      if (this.#vhost.events.isHeard) this.#tellUnroutable(routed, body);
      return 0;
    }
    const { routingKey, priority } = routed;
    const id = this.#vhost.nextMessageId();
    const message = new Message(id, exchange.name, routingKey, moreKeys, persistent, false, priority);
    const durablePlaces = countDurablePlaces(persistent, targets, keepers);
    this.#vhost.journal.write(message, routed.properties, body, durablePlaces);
    if (this.#vhost.events.isHeard) this.#vhost.events.published(this.#vhost.name, message, targets);
    const refusals = this.#vhost.enqueue(message, targets, keepers, ttl);
    const isDurable = durablePlaces > 0 || reachesStream(targets);
    const outcome = (targets.length > 0 ? Outcome.ROUTED : 0) | (isDurable ? Outcome.DURABLE : 0);
    return refusals > 0 ? outcome | Outcome.REFUSED : outcome;
  }

  #count(exchange: Exchange, targets: readonly DeclaredQueue[]): void {
    this.#counts.publish++;
    exchange.publishedIn++;
    exchange.publishedOut += targets.length;
    for (const target of targets) target.counts.publish++;
  }

  #tellUnroutable({ exchange, routingKey, properties }: Routed, body: Buffer): void {
    const { name, events } = this.#vhost;
    events.unroutable(name, this.#vhost.nextMessageId(), exchange.name, routingKey, properties, body);
  }

  #exchange(address: Address): Exchange {
    const { users, user } = this.#actor;
    const isKnown = address === this.#lastAddress && this.#lastUsers === users.version;
    if (isKnown && this.#lastTopology === this.#vhost.topology) return this.#lastExchange as Exchange;
    this.#lastAddress = undefined;
    users.check(user, this.#vhost.name, 'write', 'exchange', address.exchange);
    const exchange = findExchange(this.#vhost, address.exchange);
    if (exchange.identity.internal) {
      throw new AmqpError('ACCESS_REFUSED', `cannot publish to internal ${exchange.label}`);
    }
    this.#lastAddress = address;
    this.#lastTopology = this.#vhost.topology;
    this.#lastUsers = users.version;
    this.#lastExchange = exchange;
    this.#limitsTopics =
      exchange.identity.type === 'topic' &&
      users.topics.find(user, this.#vhost.name, exchange.name) !== undefined;
    this.#lastWay = undefined;
    return exchange;
  }

  #way(address: Address, exchange: Exchange, moreKeys: MoreKeys | undefined, properties: Buffer): Way {
    if (moreKeys === undefined && this.#lastWay !== undefined) return this.#lastWay;
    const { routingKey } = address;
    const input = new RoutingInput(allKeys(routingKey, moreKeys), properties, this.#scan);
    exchange.checkMessage(input);
    const targets = route(this.#vhost, exchange, input);
    const way = { targets, keepers: input.keepers ?? NO_KEEPERS };
    if (moreKeys === undefined && !input.isOneOff) this.#lastWay = way;
    return way;
  }

  /** Further keys in the headers CC and BCC (RTE-30); undefined for nearly every message. */
  #moreKeys(properties: Buffer): MoreKeys | undefined {
    const { headersStart, headersEnd } = this.#scan;
    if (headersStart < 0) return undefined;
    const bytes = properties.subarray(headersStart, headersEnd);
    if (bytes.indexOf('CC') < 0) return undefined; // BCC has it too
    const headers = readTable(bytes);
    const [cc, bcc] = [headers.get('CC'), headers.get('BCC')];
    if (cc === undefined && bcc === undefined) return undefined;
    return { cc: senderKeys('CC', cc), bcc: senderKeys('BCC', bcc) };
  }

  /** A request for a direct reply: it carries the name of the requester (RTO-04). */
  #request(properties: Buffer): Buffer {
    if (this.replyName === undefined) {
      throw new AmqpError('PRECONDITION_FAILED', 'fast reply consumer does not exist');
    }
    const named = withReplyTo(properties, this.#scan, this.replyName);
    this.#scan.scan(named, 0, named.length);
    return named;
  }

  #checkTopics({ exchange, routingKey }: Address, moreKeys: MoreKeys | undefined): void {
    const { user, users } = this.#actor;
    for (const key of allKeys(routingKey, moreKeys))
      users.topics.check(user, this.#vhost.name, 'write', exchange, key);
  }

  #checkUserId(userId: string): void {
    const { user, users } = this.#actor;
    if (userId === user || users.hasTag(user, 'impersonator')) return; // PUB-12
    const text = `user_id property set to '${userId}' but authenticated user was '${user}'`;
    throw new AmqpError('PRECONDITION_FAILED', text);
  }

  /** What consumers will see: expiration in canonical decimal (TTL-09), and no BCC (RTE-30). */
  #forwarded(properties: Buffer, ttl: number, moreKeys: MoreKeys | undefined): Buffer {
    const scan = this.#scan;
    let bytes = properties;
    if (moreKeys !== undefined) {
      const headers = rawEntries(bytes.subarray(scan.headersStart, scan.headersEnd));
      const kept = headers.filter(({ key }) => key.toString('latin1') !== 'BCC');
      if (kept.length < headers.length) bytes = withHeaders(bytes, scan, joinEntries(kept));
      scan.scan(bytes, 0, bytes.length);
    }
    return ttl === Infinity || scan.expiration === String(ttl)
      ? bytes
      : withExpiration(bytes, scan, String(ttl));
  }
}

function senderKeys(name: string, value: FieldValue | undefined): string[] {
  if (value === undefined) return [];
  if (value.tag !== 'A') {
    const type = typeNames[value.tag];
    throw new AmqpError(
      'PRECONDITION_FAILED',
      `invalid message: {unacceptable_type_in_header,"${name}",${type}}`,
    );
  }
  return value.value.flatMap((key) => textOf(key) ?? []); // others stay in the header and do not route (TXC-06)
}
