import { afterAll, afterEach, beforeAll } from 'vitest';
import { Client } from '../../spec/support/client.ts';
import type { OpenOptions } from '../../spec/support/client.ts';
import type { Table } from '../../spec/support/fields.ts';
import { startTestBroker } from './broker.ts';

/** The broker of one test file, and the connections its tests opened: they are gone after each of them. */
export class TestServer {
  port = 0;
  #names = 0;
  #clients: Client[] = [];

  /** An open connection with channel 1 on it. */
  async open(options: OpenOptions = {}): Promise<Client> {
    const client = await Client.connect('127.0.0.1', this.port);
    this.#clients.push(client);
    await client.open(options);
    await client.call(1, 'channel.open');
    return client;
  }

  /** A new durable queue. */
  async queue(client: Client, args: Table = {}): Promise<string> {
    const queue = `queue-${++this.#names}`;
    await client.call(1, 'queue.declare', { queue, durable: true, arguments: args });
    return queue;
  }

  /** Hangs up. */
  clean(): void {
    for (const client of this.#clients.splice(0)) client.stream.destroy();
  }
}

/** Starts a broker before the tests of a file and stops it after them. */
export function useServer(): TestServer {
  const server = new TestServer();
  let stop = async (): Promise<void> => {};
  beforeAll(async () => {
    const broker = await startTestBroker();
    server.port = broker.port;
    stop = () => broker.stop();
  });
  afterEach(() => server.clean());
  afterAll(() => stop());
  return server;
}
