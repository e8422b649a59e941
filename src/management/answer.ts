/** What a request is answered. Without `json` the body is empty. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  /** In place of `json`: its text in pieces, to be sent one after the other. */
  readonly pieces?: AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

export function ok(json: unknown): Answer {
  return { status: 200, json };
}

/** The answer to a PUT (API-07). */
export function put(isNew: boolean): Answer {
  return { status: isNew ? 201 : 204 };
}

export const NO_CONTENT: Answer = { status: 204 };

/** A refusal: thrown anywhere in a handler, answered by the server. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly answer: Answer;

  constructor(status: number, json?: unknown, headers: Answer['headers'] = {}) {
    super(`${status} ${JSON.stringify(json ?? null)}`);
    this.answer = { status, headers, ...(json === undefined ? {} : { json }) };
  }
}

/** An object or a path that does not exist (API-05). */
export function notFound(): Refusal {
  return new Refusal(404, { error: 'Object Not Found', reason: 'Not Found' });
}

/** Declaring in a vhost that does not exist (API-05). */
export function noVhost(): Refusal {
  return new Refusal(404, { error: 'not_found', reason: 'vhost_not_found' });
}

/** @param reason a text, or for some mistakes a list (API-08) */
export function badRequest(reason: unknown): Refusal {
  return new Refusal(400, { error: 'bad_request', reason });
}

/** Known, and not allowed to (API-03, API-04). */
export function notAuthorised(reason: string): Refusal {
  return new Refusal(401, { error: 'not_authorised', reason });
}
