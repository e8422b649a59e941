import { AmqpError } from '../wire/errors.ts';
import type { Binding, Destination } from './exchange.ts';
import type { ExchangeType } from './exchange-type.ts';
import { randomExchange } from './random-exchange.ts';
import { textOf } from './term.ts';

/** x-local-random: x-random for the queues of this node, which are all there are; it takes classic ones only (RTE-24). */
export const localRandomExchange: ExchangeType = {
  checkBinding(binding) {
    const reason = whyNot(binding);
    if (reason !== undefined) throw new AmqpError('PRECONDITION_FAILED', reason);
  },
  createRouter: (identity, host) => randomExchange.createRouter(identity, host),
};

function whyNot({ bindingKey, destination }: Binding): string | undefined {
  if (bindingKey !== '') return `Non empty binding '${octets(bindingKey)}' key not permitted`;
  const type = queueType(destination);
  if (type === undefined) return 'Destination not found';
  return type === 'classic' ? undefined : `Queue type rabbit_${type}_queue not valid for this exchange type`;
}

/** Undefined for an exchange: only queues are looked for. */
function queueType(destination: Destination): string | undefined {
  return destination.kind === 'queue' ? textOf(destination.identity.table.get('x-queue-type')) : undefined;
}

/** RabbitMQ takes each octet of the key for a character. */
function octets(text: string): string {
  return Buffer.from(text).toString('latin1');
}
