import type { FieldTable } from '../wire/table.ts';
import type { PolicyDefinition } from './policy-keys.ts';
import { integerOf } from './term.ts';

/**
 * How long a delivery of a queue may stay unacked, in milliseconds: the smaller of what `x-consumer-timeout` and its
 * policies say (CNS-41). Undefined when neither does: what the server says holds. The argument is not checked; one that
 * is useless counts as absent.
 * @param table the arguments of the queue
 */
export function consumerTimeout(table: FieldTable, policy: PolicyDefinition): number | undefined {
  const value = table.get('x-consumer-timeout');
  const argument = Number((value === undefined ? undefined : integerOf(value)) ?? -1);
  const timeout = Math.min(argument < 0 ? Infinity : argument, policy['consumer-timeout'] ?? Infinity);
  return timeout === Infinity ? undefined : timeout;
}
