import { once } from 'node:events';
import { Connection, ConsumerStatus } from 'rabbitmq-client';
import type { AMQPError, AsyncMessage, Consumer, Publisher } from 'rabbitmq-client';
import { describePrograms } from './programs.ts';
import type { Client, Delivery, Verdict } from './programs.ts';

function deliveryOf({
  body,
  headers = {},
  exchange,
  routingKey,
  redelivered,
  expiration,
}: AsyncMessage): Delivery {
  return { body: String(body), headers, exchange, routingKey, redelivered, expiration };
}

class RabbitmqClient implements Client {
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  readonly #consumers: Consumer[] = [];

  constructor(url: string) {
    this.#connection = new Connection(url);
    this.#publisher = this.#connection.createPublisher({ confirm: true });
  }

  async declare(queue: string, args: Record<string, unknown> = {}): Promise<void> {
    await this.#connection.queueDeclare({ queue, durable: true, arguments: args });
  }

  async delete(queue: string): Promise<void> {
    await this.#connection.queueDelete(queue);
  }

  async publish(routingKey: string, body: string, expiration?: string): Promise<void> {
    const options = expiration === undefined ? {} : { expiration };
    await this.#publisher.send({ routingKey, durable: true, ...options }, body);
  }

  async publishMandatory(
    exchange: string,
    routingKey: string,
    body: string,
  ): Promise<[number, string, string]> {
    const returned = new Promise<[number, string, string]>((resolve) => {
      this.#publisher.on('basic.return', ({ replyCode, replyText, body: back }) =>
        resolve([replyCode, replyText, String(back)]),
      );
    });
    await this.#publisher.send({ exchange, routingKey, mandatory: true }, body);
    return returned;
  }

  async consume(queue: string, take: (delivery: Delivery) => Verdict): Promise<void> {
    await this.#start(queue, (message) =>
      take(deliveryOf(message)) === 'ack' ? ConsumerStatus.ACK : ConsumerStatus.DROP,
    );
  }

  async consumeUntilCancelled(queue: string): Promise<{ readonly cancelled: Promise<void> }> {
    const consumer = await this.#start(queue, () => ConsumerStatus.ACK);
    const cancelled = new Promise<void>((resolve) => {
      consumer.on('error', (error: AMQPError) => {
        if (error.code === 'CANCEL_FORCED') resolve();
      });
    });
    return { cancelled };
  }

  async count(queue: string): Promise<number> {
    return (await this.#connection.queueDeclare({ queue, passive: true })).messageCount;
  }

  async refusal(queue: string, args: Record<string, unknown>): Promise<string> {
    try {
      await this.#connection.queueDeclare({ queue, durable: true, arguments: args });
    } catch (error) {
      const { code, message } = error as AMQPError;
      return `${code} ${message}`;
    }
    return 'accepted';
  }

  async close(): Promise<void> {
    for (const consumer of this.#consumers) await consumer.close();
    await this.#publisher.close();
    await this.#connection.close();
  }

  async #start(queue: string, take: (message: AsyncMessage) => ConsumerStatus): Promise<Consumer> {
    const consumer = this.#connection.createConsumer(
      { queue, queueOptions: { passive: true }, requeue: false },
      take,
    );
    this.#consumers.push(consumer);
    await once(consumer, 'ready');
    consumer.on('error', () => {}); // a cancel is one
    return consumer;
  }
}

describePrograms('rabbitmq-client', async (url) => {
  const client = new RabbitmqClient(url);
  await client.declare('first'); // waits for the connection
  return client;
});
