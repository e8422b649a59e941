import { once } from 'node:events';
import { AMQPClient } from '@cloudamqp/amqp-client';
import type { AMQPChannel } from '@cloudamqp/amqp-client';
import { connect as connectManaged } from 'amqp-connection-manager';
import * as amqplib2 from 'amqplib';
import type { Channel } from 'amqplib';
import * as amqplib0 from 'amqplib-0';
import * as amqplib1 from 'amqplib-1';
import { Connection } from 'rabbitmq-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from './programs.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

const QUEUE = 'mistakes.queue';

/** What a library says, as one text, when somebody makes these mistakes. */
interface Complaints {
  wrongPassword(url: string): Promise<string>;
  missingQueue(url: string): Promise<string>;
  unequalArgument(url: string): Promise<string>;
  badExpiration(url: string): Promise<string>;
}

/** The code, if the library gives one, and the text of an error. */
function tell(error: unknown): string {
  const { code, message } = error as Error & { code?: number | string };
  return `${code ?? ''} ${message}`;
}

/** What a promise is rejected with. */
async function complaint(promise: Promise<unknown>): Promise<string> {
  try {
    await within(promise, 'an answer');
  } catch (error) {
    return tell(error);
  }
  return 'no complaint';
}

function amqplibComplaints(connect: typeof amqplib2.connect): Complaints {
  const onChannel = async (url: string, fail: (channel: Channel) => unknown): Promise<string> => {
    const connection = await connect(url);
    const channel = await connection.createChannel();
    const [[error]] = (await Promise.all([
      within(once(channel, 'error'), 'the error'),
      Promise.resolve(fail(channel)).catch(() => {}),
    ])) as unknown as [[Error]];
    await connection.close();
    return tell(error);
  };
  return {
    wrongPassword: (url) => complaint(connect(url)),
    missingQueue: (url) => onChannel(url, (channel) => channel.consume('mistakes.missing', () => {})),
    unequalArgument: (url) => onChannel(url, (channel) => channel.assertQueue(QUEUE, { messageTtl: 2000 })),
    badExpiration: (url) =>
      onChannel(url, (channel) => channel.sendToQueue(QUEUE, Buffer.from('x'), { expiration: 'soon' })),
  };
}

/** The manager tells of a channel that cannot be set up by an event of the channel, and of a login by one of its own. */
const managed: Complaints = {
  async wrongPassword(url) {
    const manager = connectManaged([url]);
    const [{ err }] = (await within(once(manager, 'connectFailed'), 'the refusal')) as [{ err: Error }];
    await manager.close();
    return tell(err);
  },
  missingQueue: (url) => setUp(url, (channel) => channel.checkQueue('mistakes.missing')),
  unequalArgument: (url) => setUp(url, (channel) => channel.assertQueue(QUEUE, { messageTtl: 2000 })),
  /** The manager is silent about a channel that fails later: who wants to know listens below it. */
  async badExpiration(url) {
    const manager = connectManaged([url]);
    const refused = new Promise<Error>((resolve) => {
      const setup = async (one: Channel): Promise<void> => void one.on('error', resolve);
      const channel = manager.createChannel({ confirm: true, setup });
      channel.sendToQueue(QUEUE, Buffer.from('x'), { expiration: 'soon' }).catch(() => {});
    });
    const error = await within(refused, 'the refusal');
    await manager.close();
    return tell(error);
  },
};

async function setUp(url: string, setup: (channel: Channel) => Promise<unknown>): Promise<string> {
  const manager = connectManaged([url]);
  const channel = manager.createChannel({ setup: async (one: Channel) => void (await setup(one)) });
  const [error] = (await within(once(channel, 'error'), 'the refusal')) as [Error];
  await manager.close();
  return tell(error);
}

async function withRabbitmqClient(
  url: string,
  fail: (connection: Connection) => Promise<unknown>,
): Promise<string> {
  const connection = new Connection(url);
  const text = await complaint(fail(connection));
  await connection.close();
  return text;
}

const rabbitmqClient: Complaints = {
  async wrongPassword(url) {
    const connection = new Connection(url);
    const [error] = (await within(
      once(connection, 'error').catch((cause: unknown) => [cause]),
      'it',
    )) as [Error];
    await connection.close();
    return tell(error);
  },
  missingQueue: (url) =>
    withRabbitmqClient(url, (connection) =>
      connection.queueDeclare({ queue: 'mistakes.missing', passive: true }),
    ),
  unequalArgument: (url) =>
    withRabbitmqClient(url, (connection) =>
      connection.queueDeclare({ queue: QUEUE, durable: true, arguments: { 'x-message-ttl': 2000 } }),
    ),
  badExpiration: (url) =>
    withRabbitmqClient(url, async (connection) => {
      const publisher = connection.createPublisher({ confirm: true });
      try {
        await publisher.send({ routingKey: QUEUE, expiration: 'soon' }, 'x');
      } finally {
        await publisher.close();
      }
    }),
};

async function onAmqpClientChannel(
  url: string,
  fail: (channel: AMQPChannel) => Promise<unknown>,
): Promise<string> {
  const connection = await new AMQPClient(url).connect();
  const channel = await connection.channel();
  const text = await complaint(fail(channel));
  await connection.close();
  return text;
}

const amqpClient: Complaints = {
  wrongPassword: (url) => complaint(new AMQPClient(url).connect()),
  missingQueue: (url) =>
    onAmqpClientChannel(url, (channel) => channel.queueDeclare('mistakes.missing', { passive: true })),
  unequalArgument: (url) =>
    onAmqpClientChannel(url, (channel) =>
      channel.queueDeclare(QUEUE, { durable: true }, { 'x-message-ttl': 2000 }),
    ),
  badExpiration: (url) =>
    onAmqpClientChannel(url, async (channel) => {
      await channel.confirmSelect();
      await channel.basicPublish('', QUEUE, 'x', { expiration: 'soon' });
    }),
};

let target: Target;
beforeAll(async () => {
  target = await startTarget([QUEUE]);
  const connection = await amqplib2.connect(target.url);
  await (await connection.createChannel()).assertQueue(QUEUE, { messageTtl: 1000 });
  await connection.close();
});
afterAll(() => target.stop());

describe.each([
  ['amqplib 2', amqplibComplaints(amqplib2.connect)],
  ['amqplib 1', amqplibComplaints(amqplib1.connect as unknown as typeof amqplib2.connect)],
  ['amqplib 0.10', amqplibComplaints(amqplib0.connect)],
  ['amqp-connection-manager', managed],
  ['rabbitmq-client', rabbitmqClient],
  ['@cloudamqp/amqp-client', amqpClient],
])('a mistake with %s is told in the words of RabbitMQ', (_library, complaints) => {
  test('a wrong password', async () => {
    const text = await complaints.wrongPassword(target.wrongPasswordUrl);
    expect(text).toMatch(/403|ACCESS_REFUSED/);
    expect(text).toContain(
      'Login was refused using authentication mechanism PLAIN. For details see the broker logfile.',
    );
  });

  test('a missing queue', async () => {
    const text = await complaints.missingQueue(target.url);
    expect(text).toMatch(/404|NOT_FOUND/);
    expect(text).toContain("no queue 'mistakes.missing' in vhost '/'");
  });

  test('an argument that differs', async () => {
    const text = await complaints.unequalArgument(target.url);
    expect(text).toMatch(/406|PRECONDITION_FAILED/);
    expect(text).toContain(
      `inequivalent arg 'x-message-ttl' for queue '${QUEUE}' in vhost '/': received '2000' but current is '1000'`,
    );
  });

  test('an expiration that is no number', async () => {
    const text = await complaints.badExpiration(target.url);
    expect(text).toMatch(/406|PRECONDITION_FAILED/);
    expect(text).toContain("invalid expiration 'soon': no_integer");
  });
});
