import { AmqpError } from '../wire/errors.ts';
import { exchangeLabel } from './exchange.ts';
import { queueLabel } from './arguments.ts';

export type Access = 'configure' | 'write' | 'read';

/** What a user may do in a vhost: expressions found anywhere in a name (AUT-01). */
export interface Permission {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export const ALL_ACCESS: Permission = { configure: '.*', write: '.*', read: '.*' };

export interface User {
  readonly name: string;
  /** base64 of a 4-byte salt and SHA-256(salt + password); empty: no password works (CON-16). */
  readonly passwordHash: string;
  readonly tags: readonly string[];
}

/** What hashing needs from outside: the core has no cryptography and no randomness of its own. */
export interface Secrets {
  random(bytes: number): Buffer;
  sha256(bytes: Buffer): Buffer;
}

/** A password as RabbitMQ keeps it, so that its definitions can be imported. */
export function hashPassword(password: string, secrets: Secrets): string {
  const salt = secrets.random(4);
  return Buffer.concat([salt, secrets.sha256(Buffer.concat([salt, Buffer.from(password)]))]).toString(
    'base64',
  );
}

/** Users and what they may do. */
export class Users {
  readonly #users = new Map<string, User>();
  /** By vhost, then user. */
  readonly #permissions = new Map<string, Map<string, Permission>>();
  readonly #expressions = new Map<string, RegExp | undefined>();
  readonly #secrets: Secrets;
  /** Grows with every change of permissions. */
  version = 0;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  add(user: User): void {
    this.#users.set(user.name, user);
  }

  grant(user: string, vhost: string, permission: Permission): void {
    let users = this.#permissions.get(vhost);
    if (users === undefined) this.#permissions.set(vhost, (users = new Map<string, Permission>()));
    users.set(user, permission);
    this.version++;
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
    const user = this.#users.get(name);
    const stored = Buffer.from(user?.passwordHash ?? '', 'base64');
    if (password === '' || stored.length <= 4) return false;
    const salted = Buffer.concat([stored.subarray(0, 4), Buffer.from(password)]);
    return this.#secrets.sha256(salted).equals(stored.subarray(4));
  }

  /** @throws {AmqpError} ACCESS_REFUSED when the user may not (AUT-02) */
  check(user: string, vhost: string, access: Access, kind: 'queue' | 'exchange', name: string): void {
    const resource = kind === 'exchange' && name === '' ? 'amq.default' : name; // AUT-03
    const expression = this.#permissions.get(vhost)?.get(user)?.[access];
    if (expression !== undefined && this.#matches(expression, resource)) return;
    const label = kind === 'queue' ? queueLabel(vhost, resource) : exchangeLabel(vhost, resource);
    throw new AmqpError('ACCESS_REFUSED', `${access} access to ${label} refused for user '${user}'`);
  }

  #matches(expression: string, name: string): boolean {
    if (expression === '.*') return true;
    if (!this.#expressions.has(expression)) this.#expressions.set(expression, compile(expression));
    return this.#expressions.get(expression)?.test(name) ?? false;
  }
}

/** The empty expression matches only the empty name; a broken one denies (AUT-01). */
function compile(expression: string): RegExp | undefined {
  try {
    return new RegExp(expression === '' ? '^$' : expression);
  } catch {
    return undefined;
  }
}
