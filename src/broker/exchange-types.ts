import { AmqpError } from '../wire/errors.ts';
import { consistentHashExchange } from './consistent-hash-exchange.ts';
import { delayedExchange } from './delayed-exchange.ts';
import { directExchange } from './direct-exchange.ts';
import type { ExchangeType } from './exchange-type.ts';
import { fanoutExchange } from './fanout-exchange.ts';
import { headersExchange } from './headers-exchange.ts';
import { localRandomExchange } from './local-random-exchange.ts';
import { modulusHashExchange } from './modulus-hash-exchange.ts';
import { randomExchange } from './random-exchange.ts';
import { recentHistoryExchange } from './recent-history-exchange.ts';
import { topicExchange } from './topic-exchange.ts';

const types = {
  direct: directExchange,
  fanout: fanoutExchange,
  topic: topicExchange,
  headers: headersExchange,
  'x-consistent-hash': consistentHashExchange,
  'x-modulus-hash': modulusHashExchange,
  'x-random': randomExchange,
  'x-local-random': localRandomExchange,
  'x-recent-history': recentHistoryExchange,
  'x-delayed-message': delayedExchange(typeNamed),
} satisfies Record<string, ExchangeType>;

export type ExchangeTypeName = keyof typeof types;

/** Every type an exchange may have (EXC-02). */
export const exchangeTypes: Readonly<Record<ExchangeTypeName, ExchangeType>> = types;

/**
 * The name of a type as a client sent it.
 * @throws {AmqpError} PRECONDITION_FAILED when there is no such type (EXC-04, with the reach it has since 3.13: GEN-21)
 */
export function exchangeTypeName(text: string): ExchangeTypeName {
  if (Object.hasOwn(exchangeTypes, text)) return text as ExchangeTypeName;
  const what = text === '' ? 'invalid' : 'unknown';
  throw new AmqpError('PRECONDITION_FAILED', `${what} exchange type '${text}'`);
}

/** For a type that stands for another one. */
function typeNamed(name: string): ExchangeType {
  return exchangeTypes[exchangeTypeName(name)];
}
