import * as amqplib2 from 'amqplib';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import * as amqplib0 from 'amqplib-0';
import * as amqplib1 from 'amqplib-1';
import { deliveryOf } from './amqplib-delivery.ts';
import { describePrograms } from './programs.ts';
import type { Client, Delivery, Verdict } from './programs.ts';

class AmqplibClient implements Client {
  readonly #connection: ChannelModel;
  readonly #channel: ConfirmChannel;

  constructor(connection: ChannelModel, channel: ConfirmChannel) {
    this.#connection = connection;
    this.#channel = channel;
  }

  async declare(queue: string, args?: Record<string, unknown>): Promise<void> {
    await this.#channel.assertQueue(queue, { arguments: args });
  }

  async delete(queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue);
  }

  publish(queue: string, body: string, expiration?: string): Promise<void> {
    const options = { persistent: true, ...(expiration === undefined ? {} : { expiration }) };
    return new Promise((resolve, reject) => {
      this.#channel.sendToQueue(queue, Buffer.from(body), options, (error: unknown) => {
        if (error instanceof Error) reject(error);
        else resolve();
      });
    });
  }

  publishMandatory(exchange: string, routingKey: string, body: string): Promise<[number, string, string]> {
    return new Promise((resolve) => {
      this.#channel.once('return', (message: { fields: unknown; content: Buffer }) => {
        const { replyCode, replyText } = message.fields as { replyCode: number; replyText: string };
        resolve([replyCode, replyText, message.content.toString()]);
      });
      this.#channel.publish(exchange, routingKey, Buffer.from(body), { mandatory: true });
    });
  }

  async consume(queue: string, take: (delivery: Delivery) => Verdict): Promise<void> {
    await this.#channel.consume(queue, (message) => {
      if (message === null) return;
      if (take(deliveryOf(message)) === 'ack') this.#channel.ack(message);
      else this.#channel.reject(message, false);
    });
  }

  async consumeUntilCancelled(queue: string): Promise<{ readonly cancelled: Promise<void> }> {
    const { promise: cancelled, resolve } = withResolver();
    await this.#channel.consume(queue, (message) => {
      if (message === null) resolve();
    });
    return { cancelled };
  }

  async count(queue: string): Promise<number> {
    return (await this.#channel.checkQueue(queue)).messageCount;
  }

  async refusal(queue: string, args: Record<string, unknown>): Promise<string> {
    const channel = await this.#connection.createChannel();
    channel.on('error', () => {});
    try {
      await channel.assertQueue(queue, { arguments: args });
    } catch (error) {
      const { code, message } = error as Error & { code: number };
      return `${code} ${message}`;
    }
    return 'accepted';
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const releases = {
  'amqplib 2': amqplib2.connect,
  'amqplib 1': amqplib1.connect as unknown as typeof amqplib2.connect,
  'amqplib 0.10': amqplib0.connect,
};

for (const [release, connect] of Object.entries(releases)) {
  describePrograms(release, async (url) => {
    const connection = await connect(url);
    return new AmqplibClient(connection, await connection.createConfirmChannel());
  });
}
