import type { Broker } from '../../broker/broker.ts';
import { namedLimits, userLimitNames } from '../../broker/limits.ts';
import { hashingNamed, hashingNames, isPasswordHash } from '../../broker/passwords.ts';
import type { Hashing } from '../../broker/passwords.ts';
import type { Permission, User } from '../../broker/users.ts';
import { badRequest, NO_CONTENT, notFound, ok, put } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { flag, readPermission, tags, text } from '../body.ts';
import type { Call, Json } from '../call.ts';
import { inOrder } from '../list.ts';
import type { Route } from '../route.ts';

const HASHINGS = Object.values(hashingNames);

/** Users (API-47, API-48). */
export const userRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/users',
    access: 'administrator',
    summary: 'All users',
    handle: ({ broker }) => ok(usersOf(broker).map(userJson)),
  },
  {
    method: 'GET',
    path: '/users/without-permissions',
    access: 'administrator',
    summary: 'The users without permissions on any vhost',
    handle: withoutPermissions,
  },
  {
    method: 'POST',
    path: '/users/bulk-delete',
    access: 'administrator',
    summary: 'Deletes several users; those that do not exist are passed over',
    body: { users: 'a list of names' },
    handle: bulkDelete,
  },
  {
    method: 'GET',
    path: '/users/:user',
    access: 'administrator',
    summary: 'A user',
    handle: (call) => ok(userJson(userOf(call))),
  },
  {
    method: 'PUT',
    path: '/users/:user',
    access: 'administrator',
    summary: 'Makes a user, or gives one another password and other tags',
    body: {
      tags: 'required: a list, or a text with commas',
      password: 'a text; without it and without a hash the user cannot log in',
      password_hash: 'base64 of 4 bytes of salt and the digest of salt and password',
      hashing_algorithm: `of the hash: one of ${HASHINGS.join(', ')}`,
      permissions: 'of a new user: configure, write and read by vhost',
    },
    handle: putUser,
  },
  {
    method: 'DELETE',
    path: '/users/:user',
    access: 'administrator',
    summary: 'Deletes a user, and closes its connections',
    handle: deleteUser,
  },
];

/** Everybody, by name. */
export function usersOf({ users }: Broker): User[] {
  return inOrder(users.all.values(), ({ name }) => name);
}

/** The user of the path. @throws {Refusal} 404 */
export function userOf(call: Call): User {
  const user = call.broker.users.get(call.param('user'));
  if (user === undefined) throw notFound();
  return user;
}

export function userJson({ name, passwordHash, hashing = 'sha256', tags, limits }: User): Json {
  return {
    name,
    password_hash: passwordHash,
    hashing_algorithm: hashingNames[hashing],
    tags,
    limits: namedLimits(limits, userLimitNames),
  };
}

function withoutPermissions({ broker }: Call): Answer {
  const permitted = new Set(broker.users.permissions().map(({ user }) => user));
  return ok(
    usersOf(broker)
      .filter(({ name }) => !permitted.has(name))
      .map(userJson),
  );
}

function putUser(call: Call): Answer {
  const { users } = call.broker;
  const name = call.param('user');
  const json = call.json();
  const asked = { tags: readTags(json), ...readSecret(json) };
  const before = users.get(name);
  const permissions = before === undefined ? readPermissions(call, json) : [];
  if (asked.password === undefined) {
    const limits = before?.limits ?? {};
    const { passwordHash, hashing, tags } = asked;
    users.put({ name, passwordHash, hashing, tags, limits });
  } else {
    call.broker.addUser(name, asked.password, asked.tags);
  }
  for (const { vhost, ...permission } of permissions) users.grant(name, vhost, permission);
  return put(before === undefined);
}

function readTags({ tags: given, administrator }: Json): string[] {
  if (given !== undefined) return tags('tags', given);
  const isAdministrator = flag(administrator); // which is what clients before tags were known send
  if (isAdministrator === undefined) throw badRequest('tags_not_present');
  return isAdministrator ? ['administrator'] : [];
}

type Secret =
  | { readonly password: string }
  | { readonly password: undefined; readonly passwordHash: string; readonly hashing: Hashing };

function readSecret({
  password,
  password_hash: hash = '',
  hashing_algorithm: algorithm = hashingNames.sha256,
}: Json): Secret {
  if (password !== undefined && hash !== '') throw badRequest('both_password_and_password_hash_are_provided');
  if (password !== undefined) return { password: text('password', password) };
  if (typeof hash !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(hash))
    throw badRequest(['not_base64', hash]);
  const hashing = hashingNamed(algorithm);
  if (hashing === undefined) throw badRequest(`hashing_algorithm should be one of ${HASHINGS.join(', ')}`);
  if (hash !== '' && !isPasswordHash(hash, hashing)) {
    throw badRequest(`password_hash should be base64 of 4 bytes of salt and a ${hashing} digest`);
  }
  return { password: undefined, passwordHash: hash, hashing };
}

function readPermissions(
  { broker }: Call,
  { permissions = {} }: Json,
): (Permission & { readonly vhost: string })[] {
  if (typeof permissions !== 'object' || permissions === null)
    throw badRequest('permissions should be an object');
  return Object.entries(permissions as Record<string, Json>).map(([vhost, permission]) => {
    if (!broker.vhosts.has(vhost)) throw badRequest('vhost_or_user_not_found');
    return { vhost, ...readPermission(permission) };
  });
}

function deleteUser(call: Call): Answer {
  call.broker.deleteUser(userOf(call).name);
  return NO_CONTENT;
}

function bulkDelete(call: Call): Answer {
  const { users } = call.jsonWith('users');
  if (!Array.isArray(users)) throw badRequest('users should be a list of names');
  for (const name of users) call.broker.deleteUser(String(name));
  return NO_CONTENT;
}
