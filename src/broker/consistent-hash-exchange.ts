import { AmqpError } from '../wire/errors.ts';
import { typeNames } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import type { Binding, Destination } from './exchange.ts';
import type { ExchangeType, Router } from './exchange-type.ts';
import { hashText, mixed } from './hash.ts';
import type { RoutingInput } from './routing-input.ts';
import { printTerm, printUnicode, textOf } from './term.ts';

/** What `hash-property` may name. */
const properties: Readonly<Record<string, (input: RoutingInput) => string | undefined>> = {
  correlation_id: (input) => input.properties().correlationId,
  message_id: (input) => input.properties().messageId,
  timestamp: (input) => input.properties().timestamp?.toString(),
};

const MOST_WEIGHT = 10_000;

/** A destination; its weight is that of the oldest of its bindings (RTE-20). */
interface Share {
  /** Different for every destination, and the same after a restart. */
  readonly seed: number;
  readonly bindings: Binding[];
  weight: number;
}

/**
 * x-consistent-hash: each value has one destination (RTE-22). For each destination the value and its name make a
 * number between 0 and 1, and the highest bid by weight wins ("rendezvous hashing"): shares are in proportion to the
 * weights, a destination that comes or goes moves only its own values, and the order of bindings does not matter.
 */
class ConsistentHashRouter implements Router {
  readonly #valueOf: (input: RoutingInput) => string | undefined;
  readonly #shares = new Map<Destination, Share>();

  constructor(table: FieldTable) {
    this.#valueOf = hashedValue(table);
  }

  add(binding: Binding): void {
    const { kind, name } = binding.destination;
    const share = this.#shares.get(binding.destination);
    if (share !== undefined) share.bindings.push(binding);
    else {
      const seed = hashText(`${kind} ${name}`);
      this.#shares.set(binding.destination, {
        seed,
        bindings: [binding],
        weight: Number(binding.bindingKey),
      });
    }
  }

  remove(binding: Binding): void {
    const share = this.#shares.get(binding.destination);
    if (share === undefined) return;
    share.bindings.splice(share.bindings.indexOf(binding), 1);
    const oldest = share.bindings[0];
    if (oldest === undefined) this.#shares.delete(binding.destination);
    else share.weight = Number(oldest.bindingKey);
  }

  match(input: RoutingInput, found: Set<Binding>): void {
    if (this.#shares.size === 0) return;
    const hash = hashText(this.#valueOf(input) ?? '');
    let best: Share | undefined = undefined;
    let highest = 0;
    for (const share of this.#shares.values()) {
      const bid = share.weight / -Math.log((mixed(hash ^ share.seed) + 0.5) / 2 ** 32);
      if (bid <= highest) continue;
      best = share;
      highest = bid;
    }
    const binding = best?.bindings[0];
    if (binding !== undefined) found.add(binding);
  }
}

/** How the value is found that decides; undefined when a message lacks it. */
function hashedValue(table: FieldTable): (input: RoutingInput) => string | undefined {
  const header = textOf(table.get('hash-header'));
  if (header !== undefined) {
    return (input) => {
      const value = input.headers().get(header);
      return value === undefined ? undefined : printTerm(value);
    };
  }
  return properties[textOf(table.get('hash-property')) ?? ''] ?? (({ routingKeys }) => routingKeys[0]);
}

/** RTE-23. A type other than a string costs the connection in RabbitMQ. */
function checkArguments(table: FieldTable, label: string): void {
  for (const name of ['hash-header', 'hash-property']) {
    const value = table.get(name);
    if (value === undefined || value.tag === 'S') continue;
    throw refused(`invalid type '${typeNames[value.tag]}' for arg '${name}' in ${label}`);
  }
  const property = textOf(table.get('hash-property'));
  if (property === undefined) return;
  if (table.has('hash-header')) throw refused('hash-header and hash-property are mutually exclusive');
  if (!Object.hasOwn(properties, property)) throw refused(`Unsupported property: ${property}`);
}

/** The binding key is a weight (RTE-21). */
function checkBinding({ bindingKey }: Binding): void {
  if (!/^[+-]?\d+$/.test(bindingKey)) {
    throw refused(`The binding key must be an integer: ${printUnicode(Buffer.from(bindingKey))}`);
  }
  if (Number(bindingKey) < 1) throw refused('The binding key must be greater than 0');
  if (Number(bindingKey) > MOST_WEIGHT) throw refused(`The binding key must not exceed ${MOST_WEIGHT}`);
}

function refused(text: string): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', text);
}

export const consistentHashExchange: ExchangeType = {
  checkArguments,
  checkBinding,
  createRouter: ({ table }) => new ConsistentHashRouter(table),
};
