import { afterAll, afterEach, beforeAll } from 'vitest';
import type { MethodOf } from '../../src/wire/methods.ts';
import { fieldTable } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { startTestBroker } from './broker.ts';
import { RawClient } from './raw-client.ts';
import type { OpenOptions } from './raw-client.ts';

/** Another broker to run the same tests against: `amqp://guest:guest@HOST:PORT`. */
const OTHER_URL = process.env['AMQP_URL'];

/** The tests run against this project's own broker, and not against the one of `AMQP_URL`. */
export const isOwn = OTHER_URL === undefined;

type QueueFlags = Partial<Pick<MethodOf<'queue.declare'>, 'durable' | 'exclusive' | 'autoDelete'>>;
type ExchangeFlags = Partial<Pick<MethodOf<'exchange.declare'>, 'durable' | 'autoDelete' | 'internal'>>;

/** The broker of one test file, and what its tests opened and declared: everything is gone after each of them. */
export class TestServer {
  host = '127.0.0.1';
  port = 0;
  #names = 0;
  #clients: RawClient[] = [];
  #queues: string[] = [];
  #exchanges: string[] = [];

  /** A socket on which nothing was said yet. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.host, this.port);
    this.#clients.push(client);
    return client;
  }

  /** An open connection with channel 1 on it. */
  async open(options: OpenOptions = {}): Promise<RawClient> {
    const client = await (await this.connect()).open(options);
    await client.call(1, 'channel.open');
    return client;
  }

  /** A name nobody uses. */
  name(): string {
    return `raw-${process.pid}-${Date.now().toString(36)}-${++this.#names}`;
  }

  /** A new queue, durable unless said otherwise. */
  async queue(
    client: RawClient,
    args: Record<string, FieldValue> = {},
    flags: QueueFlags = {},
  ): Promise<string> {
    const queue = this.name();
    this.#queues.push(queue);
    await client.call(1, 'queue.declare', { queue, durable: true, arguments: fieldTable(args), ...flags });
    return queue;
  }

  /** A new exchange. */
  async exchange(
    client: RawClient,
    type = 'direct',
    args: Record<string, FieldValue> = {},
    flags: ExchangeFlags = {},
  ): Promise<string> {
    const exchange = this.name();
    this.#exchanges.push(exchange);
    await client.call(1, 'exchange.declare', { exchange, type, arguments: fieldTable(args), ...flags });
    return exchange;
  }

  /** Undoes what a test did. */
  async clean(): Promise<void> {
    for (const client of this.#clients) client.stream.destroy();
    this.#clients = [];
    if (!isOwn) await this.#delete();
    this.#queues = [];
    this.#exchanges = [];
  }

  async #delete(): Promise<void> {
    const client = await this.open();
    for (const queue of this.#queues) client.send(1, 'queue.delete', { queue, noWait: true });
    for (const exchange of this.#exchanges) client.send(1, 'exchange.delete', { exchange, noWait: true });
    await client.close();
  }
}

/** Starts a broker before the tests of a file and stops it after them; with `AMQP_URL` uses that one. */
export function useServer(): TestServer {
  const server = new TestServer();
  let stop = async (): Promise<void> => {};
  beforeAll(async () => {
    if (OTHER_URL !== undefined) {
      const { hostname, port } = new URL(OTHER_URL);
      server.host = hostname;
      server.port = Number(port);
      return;
    }
    const broker = await startTestBroker();
    server.port = broker.port;
    stop = () => broker.stop();
  });
  afterEach(() => server.clean());
  afterAll(() => stop());
  return server;
}
