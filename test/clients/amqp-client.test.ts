import { AMQPClient } from '@cloudamqp/amqp-client';
import type { AMQPBaseClient, AMQPChannel, AMQPMessage } from '@cloudamqp/amqp-client';
import { describePrograms } from './programs.ts';
import type { Client, Delivery, Verdict } from './programs.ts';

function deliveryOf(message: AMQPMessage): Delivery {
  const { exchange, routingKey, redelivered, properties } = message;
  const { headers = {}, expiration } = properties;
  return { body: message.bodyString() ?? '', headers, exchange, routingKey, redelivered, expiration };
}

class CloudAmqpClient implements Client {
  readonly #connection: AMQPBaseClient;
  readonly #channel: AMQPChannel;

  constructor(connection: AMQPBaseClient, channel: AMQPChannel) {
    this.#connection = connection;
    this.#channel = channel;
  }

  async declare(queue: string, args: Record<string, unknown> = {}): Promise<void> {
    await this.#channel.queueDeclare(queue, { durable: true }, args);
  }

  async delete(queue: string): Promise<void> {
    await this.#channel.queueDelete(queue);
  }

  async publish(queue: string, body: string, expiration?: string): Promise<void> {
    const options = expiration === undefined ? {} : { expiration };
    await this.#channel.basicPublish('', queue, body, { deliveryMode: 2, ...options });
  }

  async publishMandatory(
    exchange: string,
    routingKey: string,
    body: string,
  ): Promise<[number, string, string]> {
    const returned = new Promise<[number, string, string]>((resolve) => {
      this.#channel.onReturn = (message) => {
        resolve([message.replyCode ?? 0, message.replyText ?? '', message.bodyString() ?? '']);
      };
    });
    await this.#channel.basicPublish(exchange, routingKey, body, {}, true);
    return returned;
  }

  async consume(queue: string, take: (delivery: Delivery) => Verdict): Promise<void> {
    await this.#channel.basicConsume(queue, { noAck: false }, async (message) => {
      if (take(deliveryOf(message)) === 'ack') await message.ack();
      else await message.reject(false);
    });
  }

  async consumeUntilCancelled(queue: string): Promise<{ readonly cancelled: Promise<void> }> {
    const consumer = await this.#channel.basicConsume(queue, {}, () => {});
    return { cancelled: consumer.wait().catch(() => {}) };
  }

  async count(queue: string): Promise<number> {
    return (await this.#channel.queueDeclare(queue, { passive: true })).messageCount;
  }

  async refusal(queue: string, args: Record<string, unknown>): Promise<string> {
    const channel = await this.#connection.channel();
    try {
      await channel.queueDeclare(queue, { durable: true }, args);
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

describePrograms('@cloudamqp/amqp-client', async (url) => {
  const connection = await new AMQPClient(url).connect();
  const channel = await connection.channel();
  await channel.confirmSelect();
  return new CloudAmqpClient(connection, channel);
});
