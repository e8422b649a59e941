import type { DeclaredQueue } from './declared-queue.ts';
import type { Binding, Exchange } from './exchange.ts';
import type { Definition } from './journal.ts';

/** A binding survives a restart if both its ends do (BND-08). */
export function isDurable({ source, destination }: Binding): boolean {
  return source.durable && destination.durable;
}

export function exchangeDefinition({ identity }: Exchange): Definition {
  const { id, vhost, name, type, autoDelete, internal, table, declaredBy } = identity;
  return { kind: 'exchange', vhost, name, id, type, autoDelete, internal, declaredBy, arguments: table };
}

export function queueDefinition({ identity }: DeclaredQueue): Definition {
  const { vhost, name, id, autoDelete, table } = identity;
  return { kind: 'queue', vhost, name, id, autoDelete, arguments: table };
}

export function bindingDefinition(vhost: string, binding: Binding): Definition {
  const { source, destination, bindingKey, arguments: table } = binding;
  const { kind: to, name } = destination;
  return { kind: 'binding', vhost, source: source.name, destination: name, to, bindingKey, arguments: table };
}
