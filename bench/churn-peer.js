import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'amqplib';

/** Between two of them a connection lives, or a client stays away, for less than so many ms. */
const LONGEST_STAY = 2_000;

/** One client that opens channels with a queue and a consumer each, and leaves in any way there is. */
export class ChurnPeer {
  departures = 0;
  #url;
  #number;
  #channels;
  #names = 0;
  /** @type {import('amqplib').ChannelModel | undefined} */
  #connection;

  /**
   * @param {string} url
   * @param {number} number
   * @param {number} channels
   */
  constructor(url, number, channels) {
    this.#url = url;
    this.#number = number;
    this.#channels = channels;
  }

  async open() {
    const connection = await connect(`${this.#url}?heartbeat=0`);
    connection.on('error', () => {});
    this.#connection = connection;
    for (let n = 0; n < this.#channels; n++) await this.#openChannel(connection, n % 2 === 0);
  }

  /**
   * A queue that goes with the connection, or with its consumer; one message in it is never acked.
   * @param {import('amqplib').ChannelModel} connection
   * @param {boolean} exclusive
   */
  async #openChannel(connection, exclusive) {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    const queue = `churn-${this.#number}-${this.#names++}`;
    await channel.assertQueue(queue, { exclusive, autoDelete: true, durable: false });
    channel.sendToQueue(queue, Buffer.from('held'));
    await channel.consume(queue, () => {});
    return channel;
  }

  /**
   * Leaves and comes back until the time is over; it is there at the end.
   * @param {number} until
   */
  async comeAndGo(until) {
    while (Date.now() < until) {
      await pause(Math.random() * LONGEST_STAY);
      await this.#leave();
      this.departures++;
      await this.#halfOpen();
      await pause(Math.random() * LONGEST_STAY);
      await this.open();
    }
  }

  /** In good form, after its channels, without a word, with a reset, or in the middle of a frame. */
  async #leave() {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    const { stream } = connection.connection;
    const way = Math.floor(Math.random() * 5);
    if (way === 0) return connection.close();
    if (way === 1) {
      const channel = await this.#openChannel(connection, false);
      await channel.close();
    }
    if (way === 2) stream.write(Buffer.of(1, 0, 1, 0, 0, 0, 100, 0, 60));
    if (way === 3) stream.resetAndDestroy();
    else stream.destroy();
  }

  /** A client that gives up in the middle of its handshake. */
  async #halfOpen() {
    const { hostname, port } = new URL(this.#url);
    const socket = connectSocket(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    if (Math.random() < 0.5) {
      socket.write('AMQP\0\0\u0009\u0001');
      await once(socket, 'data');
    }
    socket.destroy();
  }

  async close() {
    await this.#connection?.close();
    this.#connection = undefined;
  }
}
