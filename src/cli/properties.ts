import type { Options } from 'amqplib';
import { Failure } from './failure.ts';
import type { FieldTable } from './fields.ts';
import { parseDuration } from './units.ts';

/** The options of `publish` that set a property of the message. */
export interface PropertyOptions {
  readonly property?: readonly string[];
  readonly header?: FieldTable;
  readonly persistent?: true;
  readonly expiration?: number;
  readonly priority?: number;
  readonly contentType?: string;
  readonly correlationId?: string;
  readonly messageId?: string;
  readonly replyTo?: string;
  readonly type?: string;
  readonly appId?: string;
}

type Properties = Options.Publish;

/** Every property that `--property` can set, and how its text is read. */
const READERS: Readonly<Record<string, (text: string) => Properties>> = {
  'content-type': (contentType) => ({ contentType }),
  'content-encoding': (contentEncoding) => ({ contentEncoding }),
  'delivery-mode': (text) => ({ deliveryMode: octet('delivery-mode', text) }),
  priority: (text) => ({ priority: octet('priority', text) }),
  'correlation-id': (correlationId) => ({ correlationId }),
  'reply-to': (replyTo) => ({ replyTo }),
  expiration: (text) => ({ expiration: parseDuration(text) }),
  'message-id': (messageId) => ({ messageId }),
  timestamp: (text) => ({ timestamp: seconds(text) }),
  type: (type) => ({ type }),
  'user-id': (userId) => ({ userId }),
  'app-id': (appId) => ({ appId }),
};

/** The names that `--property` knows. */
export const PROPERTY_NAMES = Object.keys(READERS);

/** The properties a message is published with. */
export function messageProperties(options: PropertyOptions): Properties {
  const { expiration, priority, contentType, correlationId, messageId, replyTo, type, appId } = options;
  const own = { expiration, priority, contentType, correlationId, messageId, replyTo, type, appId };
  const properties: Properties[] = [
    { headers: options.header ?? {} },
    ...(options.property ?? []).map(readProperty),
  ];
  for (const [name, value] of Object.entries(own))
    if (value !== undefined) properties.push({ [name]: value });
  if (options.persistent === true) properties.push({ deliveryMode: 2 });
  return properties.reduce(merge);
}

function readProperty(text: string): Properties {
  const cut = text.indexOf('=');
  const name = cut < 0 ? text : text.slice(0, cut);
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (read === undefined) {
    throw new Failure('usage', `there is no property '${name}'; there are: ${PROPERTY_NAMES.join(', ')}`);
  }
  if (cut < 0) throw new Failure('usage', `--property must be written name=value, for example ${name}=...`);
  return read(text.slice(cut + 1));
}

function merge(one: Properties, other: Properties): Properties {
  const twice = Object.keys(other).find((name) => Object.hasOwn(one, name));
  if (twice !== undefined) throw new Failure('usage', `the property ${hyphenated(twice)} is given twice`);
  return { ...one, ...other };
}

function hyphenated(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function octet(name: string, text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number <= 255) return number;
  throw new Failure('usage', `the property ${name} is a whole number from 0 to 255, not '${text}'`);
}

/** A timestamp is seconds since 1970, given as such or as a date. */
function seconds(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Math.floor(Date.parse(text) / 1000);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Failure(
    'usage',
    `the property timestamp is a date such as 2026-05-01T10:00:00Z or seconds, not '${text}'`,
  );
}
