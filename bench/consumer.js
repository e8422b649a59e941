/** @typedef {import('./client.js').Client} Client */

/**
 * @typedef {object} Intake
 * @property {number} expect how many messages are to come
 * @property {number} [ackEvery] ack one by one (1) or `multiple` after so many; without it the broker needs no acks
 * @property {(stamp: number, index: number) => void} [onMessage]
 */

const PREFETCH = 1000;

/** Takes messages from a queue, acks them, and counts. */
export class Consumer {
  received = 0;
  #client;
  #expect;

  /**
   * @param {Client} client
   * @param {Intake} intake
   */
  constructor(client, { expect, ackEvery = 0, onMessage }) {
    this.#client = client;
    this.#expect = expect;
    client.onDelivery = (deliveryTag, stamp) => {
      onMessage?.(stamp, this.received);
      this.received++;
      if (ackEvery === 1) client.ack(deliveryTag, false);
      else if (ackEvery > 1 && (this.received % ackEvery === 0 || this.received === expect))
        client.ack(deliveryTag, true);
    };
  }

  /**
   * @param {Client} client
   * @param {string | string[]} queue or several, of which it takes messages as they come
   * @param {Intake} intake
   */
  static async start(client, queue, intake) {
    const consumer = new Consumer(client, intake);
    const noAck = intake.ackEvery === undefined;
    if (!noAck) await client.prefetch(PREFETCH);
    for (const name of [queue].flat()) await client.consume(name, noAck);
    return consumer;
  }

  /** Resolves when everything has come and the broker has worked through the acks. */
  async finished() {
    await this.#client.until(() => this.received >= this.#expect);
    // answered in order, so behind the acks
    await this.#client.prefetch(PREFETCH);
  }
}
