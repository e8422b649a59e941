import { AmqpError, NO_METHOD } from '../wire/errors.ts';
import { methodIds } from '../wire/methods.ts';
import type { Broker } from './broker.ts';
import type { Vhost } from './vhost.ts';

/** Whether an IP address is of this machine: from others nobody may log in as `guest` (CON-17). */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

/** A limit as a number to compare with: absent or negative is none. */
export function limitOf(limit: number | undefined): number {
  return limit === undefined || limit < 0 ? Infinity : limit;
}

/**
 * Whether the user may open one more connection to this vhost (CON-26 to CON-28): limits come before permissions.
 * @throws {AmqpError} NOT_ALLOWED
 */
export function admit(broker: Broker, user: string, name: string): Vhost {
  const { vhosts, users, connections } = broker;
  const vhost = vhosts.get(name);
  if (vhost === undefined) throw notAllowed(`vhost ${name} not found`);
  const refused = `access to vhost '${name}' refused for user '${user}'`;
  const mostInVhost = limitOf(vhost.settings.limits?.maxConnections);
  if (mostInVhost < Infinity && connections.ofVhost(name).length >= mostInVhost) {
    throw notAllowed(`${refused}: connection limit (${mostInVhost}) is reached`);
  }
  const mostOfUser = limitOf(users.get(user)?.limits?.maxConnections);
  if (mostOfUser < Infinity && connections.ofUser(user).length >= mostOfUser) {
    const text = `connection refused for user '${user}': user connection limit (${mostOfUser}) is reached`;
    throw notAllowed(text);
  }
  if (!users.mayOpen(user, name)) throw notAllowed(refused);
  return vhost;
}

/**
 * Whether the user may open one more channel, over all his connections (CHN-03).
 * @throws {AmqpError} NOT_ALLOWED
 */
export function checkChannelLimit({ users, connections }: Broker, user: string): void {
  const most = limitOf(users.get(user)?.limits?.maxChannels);
  if (most === Infinity) return;
  const open = connections.ofUser(user).reduce((sum, { channelCount }) => sum + channelCount, 0);
  if (open < most) return;
  const text = `number of channels opened for user '${user}' has reached the maximum allowed user limit of ${most}`;
  throw new AmqpError('NOT_ALLOWED', text, NO_METHOD);
}

function notAllowed(text: string): AmqpError {
  return new AmqpError('NOT_ALLOWED', text, methodIds('connection.open'));
}
