import { Option } from 'commander';
import type { Command } from 'commander';
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

  async delete(path: readonly string[]): Promise<void> {
    return this.#request('DELETE', path, {});
  }

  async #request<T>(
    method: string,
    path: readonly string[],
    query: Readonly<Record<string, string>>,
    body?: object,
  ): Promise<T> {
    const url = new URL(
      `${this.#base.pathname.replace(/\/$/, '')}/api/${path.map(encodeURIComponent).join('/')}`,
      this.#base,
    );
    url.search = new URLSearchParams(query).toString();
    let response: Response;
    try {
      const headers = { authorization: this.#authorization };
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      response = await fetch(url, { method, headers, ...content });
    } catch (error) {
      throw new Failure('unreachable', `cannot reach ${this.name}: ${reasonOf(error)}`);
    }
    const text = await response.text();
    if (!response.ok) throw this.#failure(response.status, text, url.pathname);
    return (text === '' ? undefined : this.#parse(text, url.pathname)) as T;
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
    return new Failure('refused', `${this.name}${path} was refused (${status}): ${reason}`);
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
    const { reason, error } = JSON.parse(text) as { reason?: string; error?: string };
    return reason ?? error ?? 'no reason was given';
  } catch {
    return 'no reason was given';
  }
}

/** Why there was no answer over HTTP. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const { code, message } = cause ?? {};
  if (code === 'ECONNREFUSED')
    return 'nothing listens there; a broker shows where its management API is when it starts';
  if (code?.startsWith('HPE_') === true)
    return 'it does not speak HTTP; the port of the management API is another one than that of AMQP, usually 15672';
  return code ?? message ?? String(error);
}
