import { JsonPlace } from '../broker/json-place.ts';
import type { Properties } from '../wire/properties.ts';
import { nearest } from './nearest.ts';

/** A message whose future is asked for. */
export interface Question {
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** As a client would publish it. */
  readonly properties: Properties;
  /** How often a consumer rejects it, in all, before one acknowledges it. */
  readonly rejects: number;
  /** Queues that have a consumer, beside those that are known to have one. */
  readonly consumers: readonly string[];
}

/** The same as it is asked: what is not said is as for most messages. */
export interface AskedQuestion {
  /** Default: `/`. */
  readonly vhost?: string | undefined;
  /** `""` is the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Milliseconds; default: it does not expire by itself. */
  readonly expiration?: number | undefined;
  /** Texts, numbers, truth values, lists and objects of them. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** 0 to 255. */
  readonly priority?: number | undefined;
  /**
   * How often a consumer rejects it, in all, before one acknowledges it: in the queues that have consumers and, if it
   * would wait for ever, where it does. Default: 0.
   */
  readonly rejects?: number | undefined;
  /** Queues to take for consumed. */
  readonly consumers?: readonly string[] | undefined;
}

const NAMES = [
  'vhost',
  'exchange',
  'routingKey',
  'expiration',
  'headers',
  'priority',
  'rejects',
  'consumers',
];

/** @throws {DefinitionsError} naming what is not as it should be */
export function readQuestion(asked: AskedQuestion): Question {
  const place = new JsonPlace('', asked);
  for (const name of Object.keys(place.record())) {
    if (!NAMES.includes(name)) place.at(name).fail(`left out: there are ${NAMES.join(', ')}`);
  }
  const headers = place.at('headers');
  const priority = whole(place.at('priority'), 255);
  const expiration = whole(place.at('expiration'), Number.MAX_SAFE_INTEGER);
  return {
    vhost: place.at('vhost').text('/'),
    exchange: place.at('exchange').text(),
    routingKey: place.at('routingKey').text(),
    properties: {
      headers: headers.isAbsent ? undefined : headers.table(),
      priority,
      expiration: expiration === undefined ? undefined : String(expiration),
    },
    rejects: whole(place.at('rejects'), Number.MAX_SAFE_INTEGER) ?? 0,
    consumers: place.at('consumers').texts(),
  };
}

function whole(place: JsonPlace, most: number): number | undefined {
  if (place.isAbsent) return undefined;
  const { value } = place;
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most) return Number(value);
  return place.fail(most === Number.MAX_SAFE_INTEGER ? 'a whole number' : `a whole number from 0 to ${most}`);
}

/** A question about something that does not exist. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';

  constructor(what: string, wrong: string, known: Iterable<string>) {
    const names = [...known].filter((name) => name !== '');
    const meant = nearest(wrong, names);
    const all = names.length === 0 ? 'there is none' : `there are: ${names.join(', ')}`;
    const hint = meant === undefined ? all : `did you mean '${meant}'?`;
    super(`there is no ${what} '${wrong}'; ${hint}`);
  }
}
