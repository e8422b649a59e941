import type { Broker } from '../../broker/broker.ts';
import type { GrantedPermission } from '../../broker/users.ts';
import { badRequest, NO_CONTENT, notFound, ok, put } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { readPermission } from '../body.ts';
import type { Call } from '../call.ts';
import { inOrder } from '../list.ts';
import type { Route } from '../route.ts';
import { userOf } from './users.ts';

/** What users may do in vhosts (API-45). */
export const permissionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/permissions',
    access: 'administrator',
    summary: 'The permissions of all users',
    handle: ({ broker }) => ok(sorted(broker)),
  },
  {
    method: 'GET',
    path: '/vhosts/:vhost/permissions',
    access: 'administrator',
    summary: 'The permissions on a vhost',
    handle: (call) => {
      const { name } = call.vhost;
      return ok(sorted(call.broker).filter(({ vhost }) => vhost === name));
    },
  },
  {
    method: 'GET',
    path: '/users/:user/permissions',
    access: 'administrator',
    summary: 'The permissions of a user',
    handle: (call) => {
      const { name } = userOf(call);
      return ok(sorted(call.broker).filter(({ user }) => user === name));
    },
  },
  {
    method: 'GET',
    path: '/permissions/:vhost/:user',
    access: 'administrator',
    summary: 'The permissions of a user on a vhost',
    handle: getPermission,
  },
  {
    method: 'PUT',
    path: '/permissions/:vhost/:user',
    access: 'administrator',
    summary: 'Sets the permissions of a user on a vhost',
    body: {
      configure: 'required: a regular expression',
      write: 'required: a regular expression',
      read: 'required: a regular expression',
    },
    handle: putPermission,
  },
  {
    method: 'DELETE',
    path: '/permissions/:vhost/:user',
    access: 'administrator',
    summary: 'Takes all permissions on a vhost from a user',
    handle: deletePermission,
  },
];

/** By vhost, then by user. */
function sorted({ users }: Broker): GrantedPermission[] {
  return inOrder(
    users.permissions(),
    ({ vhost }) => vhost,
    ({ user }) => user,
  );
}

function getPermission(call: Call): Answer {
  const [vhost, user] = [call.param('vhost'), call.param('user')];
  const permission = call.broker.users.permission(user, vhost);
  if (permission === undefined) throw notFound();
  return ok({ user, vhost, ...permission });
}

/** @throws {Refusal} 400 when one of the two names of the path is unknown */
export function checkVhostAndUser({ broker }: Call, vhost: string, user: string): void {
  if (broker.vhosts.has(vhost) && broker.users.get(user) !== undefined) return;
  throw badRequest('vhost_or_user_not_found');
}

function putPermission(call: Call): Answer {
  const [vhost, user] = [call.param('vhost'), call.param('user')];
  const permission = readPermission(call.jsonWith('configure', 'write', 'read'));
  checkVhostAndUser(call, vhost, user);
  const isNew = call.broker.users.permission(user, vhost) === undefined;
  call.broker.grant(user, vhost, permission);
  return put(isNew);
}

function deletePermission(call: Call): Answer {
  if (!call.broker.users.revoke(call.param('user'), call.param('vhost'))) throw notFound();
  return NO_CONTENT;
}
