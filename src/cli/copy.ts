import { isDeepStrictEqual } from 'node:util';
import type { Message, MessageProperties, Options } from 'amqplib';
import { Failure } from './failure.ts';

/** A message as it is published once more. */
export interface Copy {
  readonly content: Buffer;
  readonly properties: Options.Publish;
}

/** Headers that tell the broker to send copies elsewhere: a moved message goes to one place only. */
const COPY_TO = new Set(['CC', 'BCC']);
const DEATHS = /^x-(death$|first-death-|last-death-)/;

/** The message with all its properties and headers. Throws when something in it could not be sent as it came. */
export function copyOf(message: Message, fresh: boolean): Copy {
  const { clusterId, timestamp, headers, ...properties } = message.properties;
  if (clusterId !== undefined) throw cannotCopy('its property cluster-id cannot be sent by this tool');
  if (!isExact(timestamp)) throw cannotCopy('its timestamp is a number too large to be kept exactly');
  const kept = Object.entries({ ...headers }).filter(
    ([name]) => !COPY_TO.has(name) && !(fresh && DEATHS.test(name)),
  );
  const inexact = kept.find(([, value]) => !isExact(value));
  if (inexact !== undefined)
    throw cannotCopy(`its header '${inexact[0]}' holds a number too large to be kept exactly`);
  return {
    content: message.content,
    properties: { ...properties, timestamp, headers: Object.fromEntries(kept) },
  };
}

function cannotCopy(why: string): Failure {
  return new Failure('unexpected', why);
}

/** False where amqplib has rounded a 64-bit number. */
function isExact(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return true;
  return Object.values(value).every(isExact);
}

/** True when a returned message is this copy. Copies alike in everything need not be told apart: they fare alike. */
export function isCopy(copy: Copy, returned: Message): boolean {
  return (
    copy.content.equals(returned.content) &&
    isDeepStrictEqual(comparable(copy.properties), comparable(returned.properties))
  );
}

function comparable(properties: Options.Publish | MessageProperties): Record<string, unknown> {
  const { headers, ...rest } = properties;
  const present = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(present), headers: { ...headers } };
}
