import { Option } from 'commander';
import type { Command } from 'commander';
import { UNTRUSTED } from './broker-error.ts';
import { Failure } from './failure.ts';

/** `--url`: the management HTTP API of a broker, of this machine unless another is named. */
export function managementOption(help: string): Option {
  return new Option('--url <http-url>', `${help}: http://user:password@host:15672`)
    .env('LEVERET_MANAGEMENT_URL')
    .default('http://localhost:15672');
}

/** Two places were named where one is asked for; a URL from the environment is no second one. */
export function refuseUrlBeside(other: string, command: Command): void {
  if (command.getOptionValueSource('url') === 'cli')
    throw new Failure('usage', `give ${other} or --url, not both`);
}

/** Adds `--url` and `--json`, for commands that cannot do without the management HTTP API. */
export function addBrokerOptions(command: Command): Command {
  return command
    .addOption(managementOption('the management API of the broker'))
    .option('--json', 'print one JSON object per line');
}

/** A request that the broker understood and refused. */
export class Refusal extends Failure {
  /** The broker's own words, in one line. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super('refused', message);
    this.reason = reason;
  }
}

/** What a health check found. */
export interface HealthAnswer {
  readonly status: 'ok' | 'failed';
  readonly reason?: string;
}

interface RequestParts {
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

interface Reply {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
}

/** The management HTTP API of a broker, this one or RabbitMQ. */
export class Management {
  readonly #base: URL;
  readonly #authorization: string;

  /** @param url http://user:password@host:port; without a login `guest` */
  constructor(url: string) {
    this.#base = readUrl(url);
    const [user, password] = [this.#base.username || 'guest', this.#base.password || 'guest'].map(decoded);
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    this.#base.username = '';
    this.#base.password = '';
  }

  /** The broker, without a password. */
  get name(): string {
    return this.#base.origin;
  }

  /**
   * @param path each part is encoded: a vhost may be `/`
   * @param query what stands behind the question mark
   */
  async get<T>(path: readonly string[], query: Readonly<Record<string, string>> = {}): Promise<T> {
    return this.#request<T>('GET', path, query);
  }

  /** @param body JSON */
  async post<T>(path: readonly string[], body: object): Promise<T> {
    return this.#request<T>('POST', path, {}, body);
  }

  async put(path: readonly string[], body: object): Promise<void> {
    return this.#request('PUT', path, {}, body);
  }

  async delete(path: readonly string[], headers: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#request('DELETE', path, {}, undefined, headers);
  }

  /** A health check: 503 is an answer, too. */
  async check(path: readonly string[]): Promise<HealthAnswer> {
    const { url, status, text } = await this.#fetch('GET', ['health', 'checks', ...path]);
    if (status !== 200 && status !== 503) throw this.#failure(status, text, url.pathname);
    return this.#parse(text, url.pathname) as HealthAnswer;
  }

  async #request<T>(
    method: string,
    path: readonly string[],
    query: Readonly<Record<string, string>>,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const { url, status, text } = await this.#fetch(method, path, { query, body, headers });
    if (status < 200 || status > 299) throw this.#failure(status, text, url.pathname);
    return (text === '' ? undefined : this.#parse(text, url.pathname)) as T;
  }

  async #fetch(
    method: string,
    path: readonly string[],
    { query, body, headers }: RequestParts = {},
  ): Promise<Reply> {
    const url = new URL(
      `${this.#base.pathname.replace(/\/$/, '')}/api/${path.map(encodeURIComponent).join('/')}`,
      this.#base,
    );
    url.search = new URLSearchParams(query).toString();
    try {
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      const type = body === undefined ? {} : { 'content-type': 'application/json' }; // RabbitMQ asks for it here and there
      const all = { authorization: this.#authorization, ...type, ...headers };
      const response = await fetch(url, { method, headers: all, ...content });
      return { url, status: response.status, text: await response.text() };
    } catch (error) {
      throw new Failure('unreachable', `cannot reach ${this.name}: ${reasonOf(error, this.#base)}`);
    }
  }

  #parse(text: string, path: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new Failure('refused', `${this.name}${path} does not answer with JSON: is it a management API?`);
    }
  }

  #failure(status: number, text: string, path: string): Failure {
    const reason = reasonIn(text);
    if (status === 401 || status === 403) {
      return new Failure('login', `${this.name} refused the login or its rights (${status}): ${reason}`);
    }
    if (status === 404 || status === 405)
      return new Failure('not-found', `${this.name}${path} was not found: ${reason}`);
    return new Refusal(reason, `${this.name}${path} was refused (${status}): ${reason}`);
  }
}

/** Undefined when there is nothing at that path: no such object, or a broker that has no such path. */
export async function ifKnown<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Failure && error.kind === 'not-found') return undefined;
    throw error;
  }
}

function readUrl(text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  } catch {
    // said below
  }
  throw new Failure(
    'usage',
    `--url is the management API, such as http://guest:guest@localhost:15672, not '${text}'`,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Failure('usage', 'in the login of --url write % as %25');
  }
}

function reasonIn(text: string): string {
  try {
    const { reason, error } = JSON.parse(text) as { reason?: unknown; error?: string };
    return inWords(reason ?? error ?? 'no reason was given')
      .replaceAll(/\s+/g, ' ')
      .trim();
  } catch {
    return 'no reason was given';
  }
}

/** A reason is mostly a text, and here and there a list. */
function inWords(reason: unknown): string {
  return typeof reason === 'string' ? reason : JSON.stringify(reason);
}

/** Why there was no answer over HTTP, in terms of what the user can change. */
function reasonOf(error: unknown, { hostname, protocol }: URL): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const { code, message } = cause ?? {};
  if (code === 'ECONNREFUSED')
    return 'nothing listens there; a broker shows where its management API is when it starts';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `there is no host named '${hostname}'`;
  if (code?.startsWith('HPE_') === true)
    return 'it does not speak HTTP; the port of the management API is another one than that of AMQP, usually 15672';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return 'it does not speak TLS; try http:// instead of https://';
  if (code === 'UND_ERR_SOCKET' && protocol === 'http:')
    return 'it closed the connection; if it speaks TLS, use https:// instead of http://';
  if (code !== undefined && UNTRUSTED.test(code))
    return `its certificate is not trusted (${message}); name the file of who signed it in NODE_EXTRA_CA_CERTS`;
  return message ?? code ?? String(error);
}
