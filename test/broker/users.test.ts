import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../src/broker/passwords.ts';
import type { Permission, Users } from '../../src/broker/users.ts';
import { Core } from '../support/core.ts';
import { refusal } from '../support/refusal.ts';

const NONE: Permission = { configure: '', write: '', read: '' };

function someUsers(permission: Partial<Permission> = {}): Users {
  const { broker } = new Core();
  broker.addUser('bob', 'secret', ['monitoring']);
  broker.grant('bob', '/', { ...NONE, ...permission });
  return broker.users;
}

describe('users', () => {
  test('a permission is an expression found anywhere in the name [AUT-01]', () => {
    const users = someUsers({ read: 'h2' });
    const read = (name: string): string | undefined =>
      refusal(() => users.check('bob', '/', 'read', 'queue', name));
    expect(read('zzh2zz')).toBeUndefined();
    expect(read('zzh3zz')).toBe(
      "403 ACCESS_REFUSED - read access to queue 'zzh3zz' in vhost '/' refused for user 'bob'",
    );
  });

  test('the empty expression matches only the empty name, a broken one nothing [AUT-01]', () => {
    const users = someUsers({ configure: '', write: '(' });
    expect(refusal(() => users.check('bob', '/', 'configure', 'queue', ''))).toBeUndefined();
    expect(refusal(() => users.check('bob', '/', 'configure', 'queue', 'a'))).toBeDefined();
    expect(refusal(() => users.check('bob', '/', 'write', 'queue', '('))).toBeDefined();
  });

  test('refusals name the access, the resource and the user [AUT-02, GEN-20]', () => {
    const users = someUsers();
    const text = (access: 'configure' | 'write' | 'read', kind: 'queue' | 'exchange'): string | undefined =>
      refusal(() => users.check('bob', '/', access, kind, 'x'));
    expect(text('configure', 'exchange')).toBe(
      "403 ACCESS_REFUSED - configure access to exchange 'x' in vhost '/' refused for user 'bob'",
    );
    expect(text('write', 'queue')).toBe(
      "403 ACCESS_REFUSED - write access to queue 'x' in vhost '/' refused for user 'bob'",
    );
  });

  test('the default exchange is checked under the name amq.default [AUT-03]', () => {
    expect(refusal(() => someUsers().check('bob', '/', 'write', 'exchange', ''))).toBe(
      "403 ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' refused for user 'bob'",
    );
    const users = someUsers({ write: '^amq\\.default$' });
    expect(refusal(() => users.check('bob', '/', 'write', 'exchange', ''))).toBeUndefined();
  });

  test('without an entry for the vhost nothing is allowed, and it cannot be opened [CON-27]', () => {
    const users = someUsers();
    expect(users.mayOpen('bob', '/')).toBe(true);
    expect(users.mayOpen('bob', 'other')).toBe(false);
    expect(users.mayOpen('nobody', '/')).toBe(false);
    expect(refusal(() => users.check('bob', 'other', 'read', 'queue', 'q'))).toBeDefined();
  });

  test('a change of permissions counts at once [AUT-05]', () => {
    const users = someUsers();
    const before = users.version;
    users.grant('bob', '/', { ...NONE, read: '.*' });
    expect(users.version).toBeGreaterThan(before);
    expect(refusal(() => users.check('bob', '/', 'read', 'queue', 'q'))).toBeUndefined();
  });

  test('only the right password opens, an empty one never does [CON-16]', () => {
    const { broker } = new Core();
    broker.addUser('bob', 'secret');
    broker.addUser('locked', '');
    expect(broker.users.authenticate('bob', 'secret')).toBe(true);
    expect(broker.users.authenticate('bob', 'Secret')).toBe(false);
    expect(broker.users.authenticate('bob', '')).toBe(false);
    expect(broker.users.authenticate('locked', '')).toBe(false);
    expect(broker.users.authenticate('nobody', 'secret')).toBe(false);
  });

  test('a password is kept as salt and hash, so that the same one looks different each time', () => {
    let salt = 0;
    const secrets = {
      random: (n: number) => Buffer.alloc(n, ++salt),
      digest: (_hashing: string, bytes: Buffer) => bytes,
    };
    const first = hashPassword('p', secrets);
    expect(Buffer.from(first, 'base64')).toEqual(Buffer.from([1, 1, 1, 1, 1, 1, 1, 1, 112]));
    expect(hashPassword('p', secrets)).not.toBe(first);
  });

  test('tags are kept', () => {
    expect(someUsers().hasTag('bob', 'monitoring')).toBe(true);
    expect(someUsers().hasTag('bob', 'administrator')).toBe(false);
  });
});
