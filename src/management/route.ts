import type { Answer } from './answer.ts';
import type { Call } from './call.ts';

type HttpMethod = 'GET' | 'PUT' | 'POST' | 'DELETE';

/**
 * Who may make a request (API-03): anybody, with or without a login; a user with any tag of the management; such a user
 * with permissions on the vhost of the path, or who sees all vhosts; with the tag `monitoring`; with `policymaker` and,
 * where the path has a vhost, permissions on it; with `administrator`. An administrator may make all requests.
 */
export type Access =
  'anybody' | 'user' | 'vhost-member' | 'vhost-viewer' | 'monitor' | 'policymaker' | 'administrator';

/** A method of a path, declared once: the server, HEAD, OPTIONS, 405 and the OpenAPI document follow from it. */
export interface Route {
  readonly method: HttpMethod;
  /** After `/api`, but for metrics; `:name` is one segment, which may hold anything. `:vhost` is the name of a vhost. */
  readonly path: string;
  readonly access: Access;
  /** What it does, in one sentence for the OpenAPI document. */
  readonly summary: string;
  /** Keys of the body by what they hold, for the OpenAPI document; without it there is no body. */
  readonly body?: Readonly<Record<string, string>>;
  /** Query parameters by what they do, for the OpenAPI document. */
  readonly query?: Readonly<Record<string, string>>;
  /**
   * Answers, or throws a `Refusal`, a `ValidationError` or an `AmqpError`. What it changed is on disk before the answer is sent, when it was
   * changed before the handler returned.
   */
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}
