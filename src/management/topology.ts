import type { Actor } from '../broker/declare.ts';
import type { Vhost } from '../broker/vhost.ts';
import { noVhost } from './answer.ts';
import type { Call } from './call.ts';

/** The user of a request, for what the core checks: exclusive queues are locked for him, as they are of connections. */
export function actorOf({ user, broker }: Call): Actor {
  return { user: user.name, users: broker.users, connection: {} };
}

/** The vhost of a path in which something is to be declared. @throws {Refusal} 404 (API-05) */
export function vhostToChange(call: Call): Vhost {
  const vhost = call.broker.vhosts.get(call.param('vhost'));
  if (vhost === undefined) throw noVhost();
  return vhost;
}

/** Those whose objects a list over all vhosts shows: a tag alone does not open a vhost. */
export function openVhosts({ broker, user }: Call): Vhost[] {
  return [...broker.vhosts.values()].filter(({ name }) => broker.users.mayOpen(user.name, name));
}

export function isTrue(query: URLSearchParams, name: string): boolean {
  return query.get(name) === 'true';
}
