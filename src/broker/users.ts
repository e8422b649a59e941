import { AmqpError } from '../wire/errors.ts';
import { queueLabel } from './arguments.ts';
import { exchangeLabel } from './exchange.ts';
import { matches } from './expression.ts';
import type { Definition, Journal, UserLimits } from './journal.ts';
import { hasHash } from './passwords.ts';
import type { Hashing, Secrets } from './passwords.ts';
import { TopicPermissions } from './topic-permissions.ts';

export type Access = 'configure' | 'write' | 'read';

/** What a user may do in a vhost: expressions found anywhere in a name (AUT-01). */
export interface Permission {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface GrantedPermission extends Permission {
  readonly user: string;
  readonly vhost: string;
}

export const ALL_ACCESS: Permission = { configure: '.*', write: '.*', read: '.*' };

export interface User {
  readonly name: string;
  /** base64 of a 4-byte salt and the digest of salt and password; empty: no password works (CON-16). */
  readonly passwordHash: string;
  /** What makes that digest; SHA-256 when it is not said. */
  readonly hashing?: Hashing;
  readonly tags: readonly string[];
  readonly limits?: UserLimits;
}

/** Users and what they may do. What changes is recorded; what is put again as it is costs nothing. */
export class Users {
  readonly topics: TopicPermissions;
  readonly #users = new Map<string, User>();
  /** By vhost, then user. */
  readonly #permissions = new Map<string, Map<string, Permission>>();
  readonly #secrets: Secrets;
  readonly #journal: Journal;
  #version = 0;

  constructor(secrets: Secrets, journal: Journal) {
    this.#secrets = secrets;
    this.#journal = journal;
    this.topics = new TopicPermissions(journal);
  }

  /** Grows with every change of permissions. */
  get version(): number {
    return this.#version + this.topics.version;
  }

  get size(): number {
    return this.#users.size;
  }

  get(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** Everybody, by name. */
  get all(): ReadonlyMap<string, User> {
    return this.#users;
  }

  permission(user: string, vhost: string): Permission | undefined {
    return this.#permissions.get(vhost)?.get(user);
  }

  /** Who may do what where. */
  permissions(): GrantedPermission[] {
    return [...this.#permissions].flatMap(([vhost, users]) =>
      [...users].map(([user, permission]) => ({ user, vhost, ...permission })),
    );
  }

  /** Adds a user or replaces one. */
  put(asked: User): User {
    const user = userOf(asked);
    const { name } = user;
    const before = this.#users.get(name);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(user)) return before;
    this.#users.set(name, user);
    this.#journal.define({ kind: 'user', ...user });
    return user;
  }

  /** Deletes a user with everything granted to him. */
  remove(name: string): boolean {
    const user = this.#users.get(name);
    if (user === undefined) return false;
    this.#users.delete(name);
    this.#journal.undefine({ kind: 'user', ...user });
    for (const vhost of this.#permissions.keys()) this.revoke(name, vhost);
    this.topics.removeUser(name);
    return true;
  }

  /** Forgets who may do what in a vhost that is deleted. */
  removeVhost(vhost: string): void {
    for (const user of this.#permissions.get(vhost)?.keys() ?? []) this.revoke(user, vhost);
    this.topics.removeVhost(vhost);
  }

  grant(user: string, vhost: string, { configure, write, read }: Permission): void {
    const permission = { configure, write, read };
    const before = this.permission(user, vhost);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(permission)) return;
    this.#set(user, vhost, permission);
    this.#journal.define({ kind: 'permission', user, vhost, ...permission });
  }

  revoke(user: string, vhost: string): boolean {
    const users = this.#permissions.get(vhost);
    const permission = users?.get(user);
    if (users === undefined || permission === undefined) return false;
    users.delete(user);
    this.#version++;
    this.#journal.undefine({ kind: 'permission', user, vhost, ...permission });
    return true;
  }

  /** Puts back what was recorded before a restart. */
  restore(definition: Definition): void {
    if (definition.kind === 'user') {
      this.#users.set(definition.name, userOf(definition));
    } else if (definition.kind === 'permission') {
      const { user, vhost, configure, write, read } = definition;
      this.#set(user, vhost, { configure, write, read });
    } else if (definition.kind === 'topic-permission') {
      this.topics.restore(definition);
    }
  }

  #set(user: string, vhost: string, permission: Permission): void {
    let users = this.#permissions.get(vhost);
    if (users === undefined) this.#permissions.set(vhost, (users = new Map<string, Permission>()));
    users.set(user, permission);
    this.#version++;
  }

  /** Whether the user has any entry for the vhost: without one it cannot even be opened (CON-27). */
  mayOpen(user: string, vhost: string): boolean {
    return this.#permissions.get(vhost)?.has(user) ?? false;
  }

  hasTag(user: string, tag: string): boolean {
    return this.#users.get(user)?.tags.includes(tag) ?? false;
  }

  /** Whether this is the user's password. An empty one never is (CON-16). */
  authenticate(name: string, password: string): boolean {
    const { passwordHash = '', hashing = 'sha256' } = this.#users.get(name) ?? {};
    return hasHash(password, passwordHash, hashing, this.#secrets);
  }

  /** @throws {AmqpError} ACCESS_REFUSED when the user may not (AUT-02) */
  check(user: string, vhost: string, access: Access, kind: 'queue' | 'exchange', name: string): void {
    const resource = kind === 'exchange' && name === '' ? 'amq.default' : name; // AUT-03
    const expression = this.permission(user, vhost)?.[access];
    if (expression !== undefined && matches(expression, resource)) return;
    const label = kind === 'queue' ? queueLabel(vhost, resource) : exchangeLabel(vhost, resource);
    throw new AmqpError('ACCESS_REFUSED', `${access} access to ${label} refused for user '${user}'`);
  }
}

/** In the one shape there is, so that two that are the same look the same. */
function userOf({ name, passwordHash, hashing = 'sha256', tags, limits = {} }: User): User {
  const user = { name, passwordHash, tags, limits };
  return hashing === 'sha256' ? user : { ...user, hashing };
}
