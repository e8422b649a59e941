import type { ExchangeTypeName } from './exchange-types.ts';
import { TRACE_EXCHANGE } from './trace.ts';

/** The exchanges every vhost has (EXC-01). */
export const PREDECLARED: readonly (readonly [string, ExchangeTypeName, internal?: boolean])[] = [
  ['', 'direct'],
  ['amq.direct', 'direct'],
  ['amq.fanout', 'fanout'],
  ['amq.topic', 'topic'],
  ['amq.headers', 'headers'],
  ['amq.match', 'headers'],
  [TRACE_EXCHANGE, 'topic', true],
];

/** Whether every vhost has an exchange of this name. */
export function isPredeclared(exchange: string): boolean {
  return PREDECLARED.some(([name]) => name === exchange);
}
