import type { Broker } from './broker.ts';
import type { Client } from './client.ts';
import type { Args } from './protocol.ts';

/** Deletes the queues and exchanges of these names, whichever there are. */
export async function sweep(broker: Broker, names: readonly string[]): Promise<void> {
  const client = await (await broker.connect()).open();
  const sweeper = new Sweeper(client);
  try {
    for (const name of new Set(names)) {
      await sweeper.remove('queue.delete', { queue: name });
      await sweeper.remove('exchange.delete', { exchange: name });
    }
  } finally {
    await client.hangUp();
  }
}

/** Deletes on one channel, and on a new one after a refusal (of an `amq.` name, of a queue somebody else holds). */
class Sweeper {
  readonly #client: Client;
  #channel = 0;
  #isOpen = false;

  constructor(client: Client) {
    this.#client = client;
  }

  async remove<N extends 'queue.delete' | 'exchange.delete'>(name: N, args: Args<N>): Promise<void> {
    if (!this.#isOpen) await this.#client.call(++this.#channel, 'channel.open');
    this.#client.send(this.#channel, name, args);
    this.#isOpen = (await this.#client.peek(this.#channel)) !== 'channel.close';
    await this.#client.frame(this.#channel);
    if (!this.#isOpen) this.#client.send(this.#channel, 'channel.close-ok');
  }
}
