/** An answer of the HTTP API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; `undefined` when it is none. */
  readonly json: unknown;
}

interface Login {
  readonly user: string;
  readonly password: string;
}

interface RequestOptions {
  readonly login?: Login | 'none';
  readonly headers?: Readonly<Record<string, string>>;
}

/** The management HTTP API of a broker. */
export class Admin {
  /** Such as `http://127.0.0.1:15672`. */
  readonly url: string;
  readonly #login: Login;

  constructor(url: string, login: Login) {
    this.url = url.replace(/\/+$/, '');
    this.#login = login;
  }

  /** `path` begins after `/api`; a vhost or a name in it is encoded by `segment`. */
  async request(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    const { login = this.#login } = options;
    const credentials = login === 'none' ? {} : { authorization: `Basic ${basic(login)}` };
    const response = await fetch(`${this.url}/api${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...credentials, ...options.headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request('GET', path, undefined, options);
  }

  put(path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.request('PUT', path, body, options);
  }

  post(path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.request('POST', path, body, options);
  }

  delete(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request('DELETE', path, undefined, options);
  }

  /** A request that must succeed. */
  async must(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.request(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} was answered ${answer.status} ${answer.text}`);
    return answer;
  }
}

/** A vhost or a name as one segment of a path. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

function basic({ user, password }: Login): string {
  return btoa(`${user}:${password}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
