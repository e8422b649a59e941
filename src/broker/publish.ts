import { AmqpError } from '../wire/errors.ts';
import { PropertyScan, withExpiration, withHeaders } from '../wire/properties.ts';
import { EMPTY_TABLE, joinEntries, rawEntries, readTable, typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { findExchange } from './declare.ts';
import type { Actor } from './declare.ts';
import { countDurable, reachesStream } from './declared-queue.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Exchange } from './exchange.ts';
import { parseExpiration } from './expiration.ts';
import { Message } from './message.ts';
import type { MoreKeys } from './message.ts';
import { route } from './routing.ts';
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

/** A publish that was checked and routed. */
export interface Routed {
  readonly exchange: string;
  readonly routingKey: string;
  readonly moreKeys: MoreKeys | undefined;
  readonly targets: readonly DeclaredQueue[];
  /** Milliseconds; Infinity when the message has none. */
  readonly ttl: number;
  readonly persistent: boolean;
  readonly priority: number;
  /** As consumers will see them. */
  readonly properties: Buffer;
}

/**
 * Publishes for one channel: checks, routes, writes the content once and puts it in every queue it reaches.
 * The route of the last address is remembered until the topology or the permissions change.
 */
export class Publisher {
  readonly #vhost: Vhost;
  readonly #actor: Actor;
  readonly #scan = new PropertyScan();
  #lastAddress: Address | undefined = undefined;
  #lastTopology = -1;
  #lastUsers = -1;
  #lastExchange: Exchange | undefined = undefined;
  /** The user may not publish with every key to this exchange (AUT-07). */
  #limitsTopics = false;
  /** Undefined when the route depended on more than the address. */
  #lastTargets: readonly DeclaredQueue[] | undefined = undefined;

  constructor(vhost: Vhost, actor: Actor) {
    this.#vhost = vhost;
    this.#actor = actor;
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
   * @param properties flags and values as on the wire; the result refers to them
   */
  route(address: Address, properties: Buffer): Routed {
    const exchange = this.#exchange(address);
    const scan = this.#scan.scan(properties, 0, properties.length);
    const { expiration } = scan;
    const ttl = expiration === undefined ? Infinity : parseExpiration(expiration);
    const moreKeys = this.#moreKeys(properties);
    if (this.#limitsTopics) this.#checkTopics(address, moreKeys);
    if (scan.userId !== undefined) this.#checkUserId(scan.userId);
    const targets = this.#targets(address, exchange, moreKeys, properties);
    return {
      exchange: exchange.name,
      routingKey: address.routingKey,
      moreKeys,
      targets,
      ttl,
      persistent: scan.persistent,
      priority: Math.max(scan.priority, 0),
      properties: this.#forwarded(properties, ttl, moreKeys),
    };
  }

  /** Puts a message in the queues it was routed to; its lifetime begins now (TTL-10, TXC-04). */
  enqueue(routed: Routed, body: Buffer): number {
    const { moreKeys, targets, ttl, persistent } = routed;
    if (targets.length === 0) return 0;
    const { exchange, routingKey, priority } = routed;
    const id = this.#vhost.nextMessageId();
    const message = new Message(id, exchange, routingKey, moreKeys, persistent, false, priority);
    const durablePlaces = countDurable(targets, persistent);
    this.#vhost.journal.write(message, routed.properties, body, durablePlaces);
    const refusals = this.#vhost.enqueue(message, targets, ttl);
    const isDurable = durablePlaces > 0 || reachesStream(targets);
    const outcome = Outcome.ROUTED | (isDurable ? Outcome.DURABLE : 0);
    return refusals > 0 ? outcome | Outcome.REFUSED : outcome;
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
    this.#lastTargets = undefined;
    return exchange;
  }

  #targets(
    address: Address,
    exchange: Exchange,
    moreKeys: MoreKeys | undefined,
    properties: Buffer,
  ): readonly DeclaredQueue[] {
    if (moreKeys === undefined && this.#lastTargets !== undefined) return this.#lastTargets;
    let dependsOnHeaders = false;
    const headers = (): FieldTable => {
      dependsOnHeaders = true;
      const { headersStart, headersEnd } = this.#scan;
      return headersStart < 0 ? EMPTY_TABLE : readTable(properties.subarray(headersStart, headersEnd));
    };
    const { routingKey } = address;
    const routingKeys = moreKeys === undefined ? [routingKey] : [routingKey, ...moreKeys.cc, ...moreKeys.bcc];
    const targets = route(this.#vhost, exchange, { routingKeys, headers });
    if (moreKeys === undefined && !dependsOnHeaders) this.#lastTargets = targets;
    return targets;
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

  #checkTopics({ exchange, routingKey }: Address, moreKeys: MoreKeys | undefined): void {
    const { user, users } = this.#actor;
    const keys = [routingKey, ...(moreKeys?.cc ?? []), ...(moreKeys?.bcc ?? [])];
    for (const key of keys) users.topics.check(user, this.#vhost.name, 'write', exchange, key);
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
