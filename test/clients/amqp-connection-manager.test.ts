import { once } from 'node:events';
import { connect } from 'amqp-connection-manager';
import type { AmqpConnectionManager, ChannelWrapper } from 'amqp-connection-manager';
import type { ConfirmChannel } from 'amqplib';
import { expect, test } from 'vitest';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';
import { deliveryOf } from './amqplib-delivery.ts';
import { describePrograms, within } from './programs.ts';
import type { Client, Delivery, Verdict } from './programs.ts';

class ManagedClient implements Client {
  readonly #manager: AmqpConnectionManager;
  readonly #channel: ChannelWrapper;

  constructor(manager: AmqpConnectionManager) {
    this.#manager = manager;
    this.#channel = manager.createChannel({ confirm: true });
  }

  async ready(): Promise<this> {
    await this.#channel.waitForConnect();
    return this;
  }

  async declare(queue: string, args?: Record<string, unknown>): Promise<void> {
    await this.#channel.assertQueue(queue, { arguments: args });
  }

  async delete(queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue);
  }

  async publish(queue: string, body: string, expiration?: string): Promise<void> {
    const options = expiration === undefined ? {} : { expiration };
    await this.#channel.sendToQueue(queue, Buffer.from(body), { persistent: true, ...options });
  }

  async publishMandatory(
    exchange: string,
    routingKey: string,
    body: string,
  ): Promise<[number, string, string]> {
    const returned = new Promise<[number, string, string]>((resolve, reject) => {
      const listen = async (channel: ConfirmChannel): Promise<void> => {
        channel.on('return', ({ fields, content }) => {
          const { replyCode, replyText } = fields as unknown as { replyCode: number; replyText: string };
          resolve([replyCode, replyText, content.toString()]);
        });
      };
      this.#channel.addSetup(listen).catch(reject);
    });
    await this.#channel.publish(exchange, routingKey, Buffer.from(body), { mandatory: true });
    return returned;
  }

  async consume(queue: string, take: (delivery: Delivery) => Verdict): Promise<void> {
    await this.#channel.consume(queue, (message) => {
      if (take(deliveryOf(message)) === 'ack') this.#channel.ack(message);
      else this.#channel.nack(message, false, false);
    });
  }

  async consumeUntilCancelled(queue: string): Promise<{ readonly cancelled: Promise<void> }> {
    const { channel, cancelled } = await this.#watchCancel(queue);
    return { cancelled: cancelled.then(() => channel.close()) };
  }

  async count(queue: string): Promise<number> {
    await this.#channel.waitForConnect();
    return (await this.#channel.checkQueue(queue)).messageCount;
  }

  async refusal(queue: string, args: Record<string, unknown>): Promise<string> {
    const channel = this.#manager.createChannel({
      setup: async (one: ConfirmChannel) => {
        await one.assertQueue(queue, { arguments: args });
      },
    });
    const [error] = (await within(once(channel, 'error'), 'the refusal')) as [Error & { code?: number }];
    await channel.close();
    return `${error.code} ${error.message}`;
  }

  async close(): Promise<void> {
    await this.#manager.close();
  }

  /** The manager consumes anew by itself, so the cancel is watched below it. */
  async #watchCancel(queue: string): Promise<{ channel: ChannelWrapper; cancelled: Promise<void> }> {
    let cancel = (): void => {};
    const cancelled = new Promise<void>((resolve) => {
      cancel = resolve;
    });
    const channel = this.#manager.createChannel({
      setup: async (one: ConfirmChannel) => {
        await one.consume(queue, (message) => {
          if (message === null) cancel();
        });
      },
    });
    await channel.waitForConnect();
    return { channel, cancelled };
  }
}

describePrograms('amqp-connection-manager', async (url) =>
  new ManagedClient(connect([url], { reconnectTimeInSeconds: 0.05 })).ready(),
);

test.each([
  ['stops in order', 'SIGTERM'],
  ['is killed', 'SIGKILL'],
] as const)('a broker that %s comes back, and nothing is lost', async (_how, signal) => {
  const data = await temporaryDirectory();
  const first = await spawnBroker('--data', data, '--port', '0');
  const manager = connect([first.url], { reconnectTimeInSeconds: 0.05, heartbeatIntervalInSeconds: 5 });
  const taken: string[] = [];
  const channel = manager.createChannel({
    confirm: true,
    setup: async (one: ConfirmChannel) => {
      await one.assertQueue('work');
      await one.assertQueue('wait', {
        deadLetterExchange: '',
        deadLetterRoutingKey: 'work',
        messageTtl: 200,
      });
    },
  });
  await channel.waitForConnect();
  await channel.sendToQueue('wait', Buffer.from('before'), { persistent: true });
  const disconnected = once(manager, 'disconnect');
  await first.kill(signal);
  await within(disconnected, 'the disconnect');
  const queued = [1, 2, 3].map((n) =>
    channel.sendToQueue('work', Buffer.from(`queued ${n}`), { persistent: true }),
  );
  const second = await spawnBroker('--data', data, '--port', String(first.port));
  await within(Promise.all(queued), 'the confirms of what was queued');
  const all = new Promise<void>((resolve) => {
    void channel.consume('work', (message) => {
      taken.push(message.content.toString());
      channel.ack(message);
      if (taken.length === 4) resolve();
    });
  });
  await within(all, 'four messages');
  expect(taken.sort()).toEqual(['before', 'queued 1', 'queued 2', 'queued 3']);
  await manager.close();
  expect(await second.kill('SIGTERM')).toBe(0);
});
