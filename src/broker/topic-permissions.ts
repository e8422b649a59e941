import { AmqpError } from '../wire/errors.ts';
import { exchangeLabel } from './exchange.ts';
import { matches, quote } from './expression.ts';
import type { Definition, Journal } from './journal.ts';

/** Which topics of an exchange a user may publish to and bind (AUT-07). */
export interface TopicPermission {
  readonly write: string;
  readonly read: string;
}

type Stored = Extract<Definition, { kind: 'topic-permission' }>;

export type GrantedTopicPermission = Omit<Stored, 'kind'>;

/** Who may use which topics. Without an entry for user, vhost and exchange every topic is allowed. */
export class TopicPermissions {
  readonly #stored = new Map<string, Stored>();
  readonly #journal: Journal;
  /** Grows with every change. */
  version = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  find(user: string, vhost: string, exchange: string): TopicPermission | undefined {
    return this.#stored.size === 0 ? undefined : this.#stored.get(keyOf(user, vhost, exchange));
  }

  grant(user: string, vhost: string, exchange: string, { write, read }: TopicPermission): void {
    const before = this.find(user, vhost, exchange);
    if (before?.write === write && before.read === read) return;
    const definition: Stored = { kind: 'topic-permission', user, vhost, exchange, write, read };
    this.restore(definition);
    this.#journal.define(definition);
  }

  /** Every entry there is. */
  get all(): Iterable<GrantedTopicPermission> {
    return this.#stored.values();
  }

  /** @param exchange all of the vhost when it is not given */
  revoke(user: string, vhost: string, exchange?: string): void {
    this.#remove(
      (one) =>
        one.user === user && one.vhost === vhost && (exchange === undefined || one.exchange === exchange),
    );
  }

  removeUser(user: string): void {
    this.#remove((one) => one.user === user);
  }

  removeVhost(vhost: string): void {
    this.#remove((one) => one.vhost === vhost);
  }

  /** Puts back what was recorded before a restart. */
  restore(definition: Stored): void {
    this.#stored.set(keyOf(definition.user, definition.vhost, definition.exchange), definition);
    this.version++;
  }

  /** @throws {AmqpError} ACCESS_REFUSED when the user is limited to other topics of the exchange (AUT-08) */
  check(user: string, vhost: string, access: 'write' | 'read', exchange: string, key: string): void {
    const permission = this.find(user, vhost, exchange);
    if (permission === undefined || matches(expand(permission[access], user, vhost), key)) return;
    const topic = `topic '${key}' in ${exchangeLabel(vhost, exchange)}`;
    throw new AmqpError('ACCESS_REFUSED', `${access} access to ${topic} refused for user '${user}'`);
  }

  #remove(isMeant: (one: Stored) => boolean): void {
    for (const [key, one] of this.#stored) {
      if (!isMeant(one)) continue;
      this.#stored.delete(key);
      this.version++;
      this.#journal.undefine(one);
    }
  }
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** Names stand for themselves, whatever they contain (AUT-07, as since 4.3). */
function expand(expression: string, user: string, vhost: string): string {
  if (!expression.includes('{')) return expression;
  return expression.replaceAll('{username}', () => quote(user)).replaceAll('{vhost}', () => quote(vhost));
}
