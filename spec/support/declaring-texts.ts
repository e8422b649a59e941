import { field } from './fields.ts';
import type { Table, Value } from './fields.ts';

/** Octets of the longest reply text. */
const LONGEST_TEXT = 255;

/** A value for each type of a field table, by the name that texts give to the type. */
export const samples = {
  byte: field('b', 5),
  unsignedbyte: field('B', 5),
  short: field('s', 5),
  unsignedshort: field('u', 5),
  signedint: field('I', 5),
  unsignedint: field('i', 5),
  long: field('l', 5),
  float: field('f', 5),
  double: field('d', 5.5),
  decimal: field('D', { scale: 0, digits: 5 }),
  longstr: field('S', '5'),
  binary: field('x', '5'),
  timestamp: field('T', 5),
  bool: field('t', true),
  array: field('A', []),
  table: field('F', {}),
  void: field('V', null),
} satisfies Record<string, Value>;

export type TypeName = keyof typeof samples;

export const typeNames = Object.keys(samples) as TypeName[];
export const integerTypes = typeNames.slice(0, typeNames.indexOf('float'));
export const otherTypes = typeNames.slice(typeNames.indexOf('float'));

/** A queue as texts name it. */
export function queueLabel(queue: string): string {
  return `queue '${queue}' in vhost '/'`;
}

/** An exchange as texts name it. */
export function exchangeLabel(exchange: string): string {
  return `exchange '${exchange}' in vhost '/'`;
}

export function noQueue(queue: string): string {
  return `NOT_FOUND - no ${queueLabel(queue)}`;
}

export function noExchange(exchange: string): string {
  return `NOT_FOUND - no ${exchangeLabel(exchange)}`;
}

export const notOnDefault = 'ACCESS_REFUSED - operation not permitted on the default exchange';

/** What is said to those who may not use an exclusive queue. */
export function locked(queue: string): string {
  return cut(
    `RESOURCE_LOCKED - cannot obtain exclusive access to locked ${queueLabel(queue)}. It could be originally declared ` +
      'on another connection or the exclusive property value does not match that of the original declaration.',
  );
}

/** `label` is a queue or an exchange; `difference` as in `received '6' but current is '5'`. */
export function inequivalent(argument: string, label: string, difference: string): string {
  return cut(`PRECONDITION_FAILED - inequivalent arg '${argument}' for ${label}: ${difference}`);
}

/** `rest` comes after the name of the queue: a colon and a reason, or the type that does not know the argument. */
export function invalidArgument(argument: string, queue: string, rest: string): string {
  return cut(`PRECONDITION_FAILED - invalid arg '${argument}' for ${queueLabel(queue)}${rest}`);
}

export function alternate(exchange: string): Table {
  return { 'alternate-exchange': exchange };
}

export function badAlternate(type: string, exchange: string): string {
  return `PRECONDITION_FAILED - invalid type '${type}' for arg 'alternate-exchange' in ${exchangeLabel(exchange)}`;
}

/** The end of a text about two values. */
export function differs(received: string, current: string): string {
  return `received '${received}' but current is '${current}'`;
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 3)}...` : text;
}
