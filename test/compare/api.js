const SETTLED_MS = 20_000;
const LOOK_MS = 250;
/** How many messages queues hold after the history. */
const EXPECTED = { work: 1, late: 3, quorum: 1 };

/** The management API of one of the two brokers. */
export class Api {
  #base;
  #login;
  #node;
  #port;
  /** What it calls itself. */
  version;

  constructor(url) {
    const { origin, username, password } = new URL(url);
    this.#base = origin;
    this.#login = `${username || 'guest'}:${password || 'guest'}`;
  }

  /** @param url of the management API, with the login of an administrator */
  static async open(url) {
    const api = new Api(url);
    const { json, status } = await api.request(['GET', '/overview']);
    if (status !== 200)
      throw new Error(
        `${url} answered ${status}: is it a management API, and the login that of an administrator?`,
      );
    api.#node = json.node;
    api.#port = json.listeners.find(({ protocol }) => protocol === 'amqp').port;
    api.version = json.platform ?? `RabbitMQ ${json.rabbitmq_version}`;
    return api;
  }

  /** What stands in braces is another name on each. */
  async request([method, path, body, login = this.#login]) {
    const place = path.replaceAll('{node}', this.#node ?? '').replaceAll('{port}', String(this.#port));
    const response = await this.#fetch(place, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(login === '' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
      },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text: this.#neutral(text),
      json: this.#named(parse(text)),
    };
  }

  async #fetch(place, options) {
    try {
      return await fetch(`${this.#base}/api${place}`, options);
    } catch (error) {
      throw new Error(`${this.#base} does not answer: ${error.cause?.code ?? error.message}`, {
        cause: error,
      });
    }
  }

  /** The name of the node is another one on each. */
  #neutral(text) {
    return this.#node === undefined ? text : text.replaceAll(this.#node, '{node}');
  }

  #named(json) {
    return json === undefined ? undefined : parse(this.#neutral(JSON.stringify(json)), this.#port);
  }

  /** Statistics come with a sample, which RabbitMQ takes every five seconds. */
  async settle() {
    const deadline = Date.now() + SETTLED_MS;
    while (Date.now() < deadline) {
      const { json } = await this.request([
        'GET',
        '/queues/compare?columns=name,messages,message_stats.publish',
      ]);
      const isSeen = ({ name, messages }) => messages === (EXPECTED[name] ?? 0);
      if (json.every(isSeen) && json.some(({ message_stats: stats }) => stats?.publish === EXPECTED.late))
        return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/** @param port is another one on each, too */
function parse(text, port) {
  try {
    return JSON.parse(text, (_name, value) => (port !== undefined && value === port ? '{port}' : value));
  } catch {
    return undefined;
  }
}
