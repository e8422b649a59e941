import { queueLabel, readKnownArguments } from './arguments.ts';
import type { QueueArguments } from './arguments.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { BROKER_ITSELF, Exchange, exchangeLabel } from './exchange.ts';
import type { Binding } from './exchange.ts';
import { exchangeTypes } from './exchange-types.ts';
import type { ExchangeTypeName } from './exchange-types.ts';
import type { Definition } from './journal.ts';
import { Queue } from './queue.ts';
import type { QueueHost, QueueIdentity } from './queue-host.ts';
import { STREAM } from './queue-type.ts';
import { readStreamArguments } from './stream-arguments.ts';
import { SharedArguments } from './shared-arguments.ts';
import { Stream } from './stream.ts';
import type { Vhost } from './vhost.ts';

const sharedArguments = new SharedArguments();

/** A binding survives a restart if both its ends do (BND-08). */
export function isDurable({ source, destination }: Binding): boolean {
  return source.durable && destination.durable;
}

export function exchangeDefinition({ identity }: Exchange): Definition {
  const { id, vhost, name, type, autoDelete, internal, table, declaredBy } = identity;
  const rest = { autoDelete, internal, declaredBy, arguments: table };
  return { kind: 'exchange', vhost, name, id, type, ...transience(identity), ...rest };
}

export function queueDefinition({ identity }: DeclaredQueue): Definition {
  const { vhost, name, id, autoDelete, table } = identity;
  return { kind: 'queue', vhost, name, id, ...transience(identity), autoDelete, arguments: table };
}

function transience({ durable }: { readonly durable: boolean }): { readonly durable?: false } {
  return durable ? {} : { durable };
}

export function bindingDefinition(vhost: string, binding: Binding): Definition {
  const { source, destination, bindingKey, arguments: table } = binding;
  const { kind: to, name } = destination;
  return { kind: 'binding', vhost, source: source.name, destination: name, to, bindingKey, arguments: table };
}

/** A queue of the type its arguments ask for. */
export function newQueue(host: QueueHost, identity: QueueIdentity, args: QueueArguments): DeclaredQueue {
  if (args.type !== STREAM) return new Queue(host, identity, args);
  return new Stream(host, identity, readStreamArguments(identity.table));
}

/** Puts back what was declared before a restart, or when a snapshot was taken. */
export function restoreDeclared(vhost: Vhost, definition: Definition): void {
  if (definition.kind === 'exchange') {
    const { id = 0, name, type, durable = true, autoDelete, internal, arguments: table } = definition;
    const flags = { durable, autoDelete, internal };
    const { declaredBy = BROKER_ITSELF } = definition;
    if (!Object.hasOwn(exchangeTypes, type))
      throw new Error(
        `${exchangeLabel(vhost.name, name)} is of type '${type}', which this version does not have`,
      );
    const identity = {
      id,
      vhost: vhost.name,
      name,
      type: type as ExchangeTypeName,
      ...flags,
      table,
      declaredBy,
    };
    vhost.exchanges.set(name, new Exchange(identity, vhost));
  } else if (definition.kind === 'queue') {
    const { id, name, durable = true, autoDelete } = definition;
    const { arguments: args, table } = sharedArguments.of(definition.arguments, (known) => ({
      arguments: readKnownArguments(queueLabel(vhost.name, name), known),
      table: known,
    }));
    const identity = { id, vhost: vhost.name, name, durable, autoDelete, owner: undefined, table };
    vhost.queues.set(name, newQueue(vhost, identity, args));
  } else if (definition.kind === 'binding') {
    const { to, destination: name, bindingKey, arguments: table } = definition;
    const source = vhost.exchanges.get(definition.source);
    const destination = to === 'queue' ? vhost.queues.get(name) : vhost.exchanges.get(name);
    if (source !== undefined && destination !== undefined) {
      source.add({ source, destination, bindingKey, arguments: table });
    }
  }
}
