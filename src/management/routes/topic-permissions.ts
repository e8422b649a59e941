import type { GrantedTopicPermission } from '../../broker/topic-permissions.ts';
import { badRequest, NO_CONTENT, notFound, ok, put } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { expression, text } from '../body.ts';
import type { Call, Json } from '../call.ts';
import type { Route } from '../route.ts';
import { checkVhostAndUser } from './permissions.ts';
import { userOf } from './users.ts';

const OF_USER = '/topic-permissions/:vhost/:user';

/** Which topics users may publish to and bind (API-46). */
export const topicPermissionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/topic-permissions',
    access: 'administrator',
    summary: 'The topic permissions of all users',
    handle: (call) => ok(topicPermissions(call, () => true)),
  },
  {
    method: 'GET',
    path: '/vhosts/:vhost/topic-permissions',
    access: 'administrator',
    summary: 'The topic permissions in a vhost',
    handle: (call) => {
      const { name } = call.vhost;
      return ok(topicPermissions(call, ({ vhost }) => vhost === name));
    },
  },
  {
    method: 'GET',
    path: '/users/:user/topic-permissions',
    access: 'administrator',
    summary: 'The topic permissions of a user',
    handle: (call) => {
      const { name } = userOf(call);
      return ok(topicPermissions(call, ({ user }) => user === name));
    },
  },
  {
    method: 'GET',
    path: OF_USER,
    access: 'administrator',
    summary: 'The topic permissions of a user in a vhost',
    handle: (call) => ok(namedInPath(call)),
  },
  {
    method: 'GET',
    path: `${OF_USER}/:exchange`,
    access: 'administrator',
    summary: 'The topic permissions of a user on an exchange, in a list',
    handle: (call) => ok(namedInPath(call, call.param('exchange'))),
  },
  {
    method: 'PUT',
    path: OF_USER,
    access: 'administrator',
    summary: 'Sets the topic permissions of a user on an exchange',
    body: {
      exchange: 'required: the name of an exchange',
      write: 'required: a regular expression',
      read: 'required: a regular expression',
    },
    handle: putTopicPermission,
  },
  {
    method: 'DELETE',
    path: OF_USER,
    access: 'administrator',
    summary: 'Takes all topic permissions in a vhost from a user',
    handle: (call) => deleteTopicPermissions(call),
  },
  {
    method: 'DELETE',
    path: `${OF_USER}/:exchange`,
    access: 'administrator',
    summary: 'Takes the topic permissions on an exchange from a user',
    handle: (call) => deleteTopicPermissions(call, call.param('exchange')),
  },
];

function topicPermissions({ broker }: Call, isMeant: (one: GrantedTopicPermission) => boolean): Json[] {
  return [...broker.users.topics.all]
    .filter(isMeant)
    .map(({ user, vhost, exchange, write, read }) => ({ user, vhost, exchange, write, read }));
}

/** @throws {Refusal} 404 when there are none */
function namedInPath(call: Call, exchange?: string): Json[] {
  const [vhost, user] = [call.param('vhost'), call.param('user')];
  const found = topicPermissions(
    call,
    (one) =>
      one.user === user && one.vhost === vhost && (exchange === undefined || one.exchange === exchange),
  );
  if (found.length === 0) throw notFound();
  return found;
}

function putTopicPermission(call: Call): Answer {
  const [vhost, user] = [call.param('vhost'), call.param('user')];
  const json = call.jsonWith('exchange', 'write', 'read');
  const exchange = text('exchange', json['exchange']);
  const permission = { write: expression('write', json['write']), read: expression('read', json['read']) };
  checkVhostAndUser(call, vhost, user);
  if (!call.vhost.exchanges.has(exchange)) throw badRequest(['no_such_exchange', exchange]);
  const { topics } = call.broker.users;
  const isNew = topicPermissions(call, (one) => one.user === user && one.vhost === vhost).length === 0;
  topics.grant(user, vhost, exchange, permission);
  return put(isNew);
}

function deleteTopicPermissions(call: Call, exchange?: string): Answer {
  namedInPath(call, exchange);
  call.broker.users.topics.revoke(call.param('user'), call.param('vhost'), exchange);
  return NO_CONTENT;
}
