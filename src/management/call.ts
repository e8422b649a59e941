import type { Broker } from '../broker/broker.ts';
import type { User } from '../broker/users.ts';
import type { Vhost } from '../broker/vhost.ts';
import { badRequest, notFound } from './answer.ts';
import type { ManagementContext } from './host.ts';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A request as it came in. */
export interface CallInput {
  /** Decoded segments of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** It comes from this machine. */
  readonly isLoopback: boolean;
  /** Its client went away before it was answered. */
  readonly gone: AbortSignal;
}

/** A request of a user who may make it. */
export class Call {
  readonly host: ManagementContext;
  readonly user: User;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly headers: CallInput['headers'];
  readonly isLoopback: boolean;
  readonly gone: AbortSignal;
  readonly #params: CallInput['params'];

  constructor(
    host: ManagementContext,
    user: User,
    { params, query, headers, body, isLoopback, gone }: CallInput,
  ) {
    this.host = host;
    this.user = user;
    this.query = query;
    this.headers = headers;
    this.body = body;
    this.isLoopback = isLoopback;
    this.gone = gone;
    this.#params = params;
  }

  get broker(): Broker {
    return this.host.broker;
  }

  /** A segment of the path, by its name in the route. */
  param(name: string): string {
    const value = this.#params[name];
    if (value === undefined) throw new Error(`the route has no segment :${name}`);
    return value;
  }

  /** The vhost of the path. @throws {Refusal} 404 */
  get vhost(): Vhost {
    const vhost = this.broker.vhosts.get(this.param('vhost'));
    if (vhost === undefined) throw notFound();
    return vhost;
  }

  /** The body; without one, or with null, an empty object. @throws {Refusal} 400 when it is no JSON object */
  json(): Json {
    const json = this.body.length === 0 ? null : parse(this.body);
    if (json === null) return {};
    if (typeof json !== 'object' || Array.isArray(json)) throw badRequest('not_json');
    return json as Json;
  }

  /** The body with keys it must have. @throws {Refusal} 400 naming those that are missing (API-08) */
  jsonWith(...keys: readonly string[]): Json {
    const json = this.json();
    const missing = keys.filter((key) => json[key] === undefined);
    if (missing.length > 0) throw badRequest(listOfMissing(missing));
    return json;
  }
}

const LONGEST_LINE = 80;

/** A list as Erlang prints it: in one line when it fits, else an element a line. */
function listOfMissing(keys: readonly string[]): string {
  const elements = keys.map((key) => `{key_missing,${key}}`);
  const line = `[${elements.join(',')}]`;
  return line.length <= LONGEST_LINE ? line : `[${elements.join(',\n ')}]`;
}

/** Undefined when it is no JSON. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}
