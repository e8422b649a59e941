import { AmqpError } from '../wire/errors.ts';
import type { FieldTable } from '../wire/table.ts';
import { findExchange, findQueue, refuseDefault } from './declare.ts';
import type { Actor } from './declare.ts';
import type { Destination } from './exchange.ts';
import { REPLY_PREFIX } from './replies.ts';
import type { Vhost } from './vhost.ts';

/** A binding as a client names it. */
export interface BindingRequest {
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly bindingKey: string;
  readonly arguments: FieldTable;
}

/** Binding again what is bound is no error and changes nothing (BND-01). */
export function bind(vhost: Vhost, asked: BindingRequest, actor: Actor): void {
  checkAccess(vhost, asked, actor);
  const source = findExchange(vhost, asked.source); // both missing: the exchange is named (BND-04)
  const destination = findDestination(vhost, asked, actor);
  const { bindingKey, arguments: table } = asked;
  const binding = { source, destination, bindingKey, arguments: table };
  source.check(binding);
  if (source.find(binding) === undefined) vhost.addBinding(binding);
}

/** Unbinding what is not there succeeds, whatever is missing (BND-02). */
export function unbind(vhost: Vhost, asked: BindingRequest, actor: Actor): void {
  checkAccess(vhost, asked, actor);
  const source = vhost.exchanges.get(asked.source);
  const destination =
    asked.to === 'queue' ? vhost.queues.get(asked.destination) : vhost.exchanges.get(asked.destination);
  if (source === undefined || destination === undefined) return;
  const { bindingKey, arguments: table } = asked;
  const binding = source.find({ destination, bindingKey, arguments: table });
  if (binding === undefined) return;
  if (asked.to === 'queue') findQueue(vhost, asked.destination, actor);
  vhost.removeBinding(binding);
}

/** In the order of AUT-10, but requesters first (BND-10). */
function checkAccess(
  vhost: Vhost,
  { source, destination, to, bindingKey }: BindingRequest,
  { users, user }: Actor,
): void {
  if (to === 'queue' && destination.startsWith(REPLY_PREFIX)) {
    throw new AmqpError('ACCESS_REFUSED', 'cannot bind or unbind to a volatile (direct reply-to) queue');
  }
  users.check(user, vhost.name, 'write', to, destination);
  refuseDefault(source);
  if (to === 'exchange') refuseDefault(destination);
  users.check(user, vhost.name, 'read', 'exchange', source);
  if (vhost.exchanges.get(source)?.identity.type === 'topic') {
    users.topics.check(user, vhost.name, 'read', source, bindingKey);
  }
}

function findDestination(vhost: Vhost, { to, destination }: BindingRequest, actor: Actor): Destination {
  return to === 'queue' ? findQueue(vhost, destination, actor) : findExchange(vhost, destination);
}
