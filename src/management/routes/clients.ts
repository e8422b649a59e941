import type { OpenConnection } from '../../broker/connections.ts';
import { NO_CONTENT, notAuthorised, notFound, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { seesEverything } from '../auth.ts';
import type { Call } from '../call.ts';
import {
  channelAloneJson,
  channelJson,
  channelName,
  channelsOf,
  connectionJson,
  connectionNameJson,
  consumerJson,
  consumersOf,
} from '../client-view.ts';
import type { PlacedChannel } from '../client-view.ts';
import { inOrder, list } from '../list.ts';
import type { Route } from '../route.ts';

const CONNECTION = '/connections/:connection';
const OF_USER = '/connections/username/:user';

/** Connections, channels and consumers (API-26 to API-29). */
export const clientRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/connections',
    access: 'user',
    summary: 'Open connections: those of the user, or all for who has the tag monitoring',
    handle: (call) => listConnections(call, visible(call)),
  },
  {
    method: 'GET',
    path: '/vhosts/:vhost/connections',
    access: 'vhost-viewer',
    summary: 'The same in one vhost',
    handle: (call) => listConnections(call, inVhost(call)),
  },
  {
    method: 'GET',
    path: CONNECTION,
    access: 'user',
    summary: 'A connection',
    handle: (call) => ok(connectionJson(call.host, connectionOf(call))),
  },
  {
    method: 'DELETE',
    path: CONNECTION,
    access: 'user',
    summary: 'Closes a connection, with the header X-Reason as the reason',
    handle: closeOne,
  },
  {
    method: 'GET',
    path: OF_USER,
    access: 'user',
    summary: 'The names of the connections of a user',
    handle: (call) =>
      list(call, { items: ofUser(call), view: (connection) => connectionNameJson(call.host, connection) }),
  },
  {
    method: 'DELETE',
    path: OF_USER,
    access: 'user',
    summary: 'Closes all connections of a user',
    handle: closeAll,
  },
  {
    method: 'GET',
    path: '/channels',
    access: 'user',
    summary: 'Open channels: those of the user, or all for who has the tag monitoring',
    handle: (call) => listChannels(call, visible(call)),
  },
  {
    method: 'GET',
    path: '/vhosts/:vhost/channels',
    access: 'vhost-viewer',
    summary: 'The same in one vhost',
    handle: (call) => listChannels(call, inVhost(call)),
  },
  {
    method: 'GET',
    path: `${CONNECTION}/channels`,
    access: 'user',
    summary: 'The channels of a connection',
    handle: (call) => listChannels(call, [connectionOf(call)]),
  },
  {
    method: 'GET',
    path: '/channels/:channel',
    access: 'user',
    summary: 'A channel',
    handle: (call) => ok(channelAloneJson(call.host, channelOf(call))),
  },
  {
    method: 'GET',
    path: '/consumers',
    access: 'user',
    summary: 'Consumers: those of the user, or all for who has the tag monitoring',
    handle: (call) => listConsumers(call, visible(call)),
  },
  {
    method: 'GET',
    path: '/consumers/:vhost',
    access: 'vhost-member',
    summary: 'The same in one vhost',
    handle: (call) => listConsumers(call, inVhost(call)),
  },
];

function visible({ broker, user }: Call): OpenConnection[] {
  const all = [...broker.connections];
  return seesEverything(user) ? all : all.filter((connection) => connection.user === user.name);
}

/** @throws {Refusal} 404 when there is no such vhost */
function inVhost(call: Call): OpenConnection[] {
  const { name } = call.vhost;
  return visible(call).filter(({ vhostName }) => vhostName === name);
}

function nameOf({ details }: OpenConnection): string {
  return details.name;
}

function listConnections(call: Call, connections: readonly OpenConnection[]): Promise<Answer> {
  const fields = { name: nameOf, user: ({ user }: OpenConnection) => user };
  const view = (connection: OpenConnection) => connectionJson(call.host, connection);
  return list(call, { items: inOrder(connections, nameOf), view, fields });
}

function listChannels(call: Call, connections: readonly OpenConnection[]): Promise<Answer> {
  const items = [...channelsOf(inOrder(connections, nameOf))];
  const view = (placed: PlacedChannel) => channelJson(call.host, placed);
  return list(call, { items, view, fields: { name: channelName } });
}

function listConsumers(call: Call, connections: readonly OpenConnection[]): Promise<Answer> {
  const items = [...consumersOf(inOrder(connections, nameOf))];
  return list(call, { items, view: (placed) => consumerJson(call.host, placed) });
}

/** @throws {Refusal} 404; 401 for that of another user */
function connectionOf(call: Call): OpenConnection {
  const name = call.param('connection');
  const found = [...call.broker.connections].find(({ details }) => details.name === name);
  if (found === undefined) throw notFound();
  refuseOthers(call, found.user, seesEverything(call.user));
  return found;
}

/** @throws {Refusal} as for its connection */
function channelOf(call: Call): PlacedChannel {
  const name = call.param('channel');
  for (const placed of channelsOf(call.broker.connections)) {
    if (channelName(placed) !== name) continue;
    refuseOthers(call, placed.connection.user, seesEverything(call.user));
    return placed;
  }
  throw notFound();
}

/** @throws {Refusal} 401 when the user is neither the owner nor somebody with the right */
function refuseOthers({ user }: Call, owner: string, mayAnyway: boolean): void {
  if (user.name !== owner && !mayAnyway) throw notAuthorised('User not authorised to access object');
}

function isAdministrator({ user }: Call): boolean {
  return user.tags.includes('administrator');
}

function reasonOf({ headers }: Call): string {
  const reason = headers['x-reason'];
  return typeof reason === 'string' ? reason : 'Closed via management plugin';
}

function closeOne(call: Call): Answer {
  const connection = connectionOf(call);
  refuseOthers(call, connection.user, isAdministrator(call));
  connection.forceClose(reasonOf(call));
  return NO_CONTENT;
}

/** @throws {Refusal} 401 for those of another user */
function ofUser(call: Call): OpenConnection[] {
  const user = call.param('user');
  refuseOthers(call, user, isAdministrator(call));
  return call.broker.connections.ofUser(user);
}

function closeAll(call: Call): Answer {
  for (const connection of ofUser(call)) connection.forceClose(reasonOf(call));
  return NO_CONTENT;
}
