import { once } from 'node:events';
import 'reflect-metadata';
import { AmqpConnection, RabbitMQModule, RabbitRPC, RabbitSubscribe, Nack } from '@golevelup/nestjs-rabbitmq';
import type { RabbitMQConfig } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ConsumeMessage } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from './programs.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

const queues = ['nest.work', 'nest.wait', 'nest.parking', 'nest.rpc', 'nest.fixed'];
const exchanges = ['nest.jobs', 'nest.retry'];

interface Job {
  readonly id: number;
}

/** What the handlers have seen. */
const seen: { at: number; deaths: string[] }[] = [];
let parked = (_deaths: string[]): void => {};

function deathsOf(message: ConsumeMessage): string[] {
  const deaths = (message.properties.headers?.['x-death'] ?? []) as {
    queue: string;
    reason: string;
    count: number;
  }[];
  return deaths.map(({ queue, reason, count }) => `${queue} ${reason} ${count}x`);
}

const durable = { durable: true };

@Injectable()
class Handlers {
  /** Work that always fails: twice it goes to a queue that waits, then it is parked. */
  @RabbitSubscribe({
    exchange: 'nest.jobs',
    routingKey: 'job.*',
    queue: 'nest.work',
    queueOptions: { ...durable, deadLetterExchange: 'nest.retry', deadLetterRoutingKey: 'again' },
  })
  async work(_job: Job, message: ConsumeMessage): Promise<Nack | undefined> {
    seen.push({ at: Date.now(), deaths: deathsOf(message) });
    if (seen.length <= 2) return new Nack();
    await connection().publish('nest.retry', 'parked', _job, { headers: message.properties.headers });
    return undefined;
  }

  @RabbitSubscribe({
    exchange: 'nest.retry',
    routingKey: 'parked',
    queue: 'nest.parking',
    queueOptions: durable,
  })
  async park(_job: Job, message: ConsumeMessage): Promise<void> {
    parked(deathsOf(message));
  }

  @RabbitRPC({ exchange: 'nest.jobs', routingKey: 'rpc.add', queue: 'nest.rpc', queueOptions: durable })
  async add({ a, b }: { a: number; b: number }): Promise<{ sum: number }> {
    return { sum: a + b };
  }
}

const config = (uri: string, more: Partial<RabbitMQConfig> = {}): RabbitMQConfig => ({
  uri,
  exchanges: exchanges.map((name) => ({ name, type: 'topic' })),
  queues: [
    {
      name: 'nest.wait',
      exchange: 'nest.retry',
      routingKey: 'again',
      options: { messageTtl: 60, deadLetterExchange: 'nest.jobs', deadLetterRoutingKey: 'job.again' },
    },
  ],
  connectionInitOptions: { wait: true, timeout: 5_000 },
  ...more,
});

/** An application of one module, closed after the test if that does not do it. */
async function startApplication(rabbitmq: RabbitMQConfig): Promise<INestApplicationContext> {
  @Module({ imports: [RabbitMQModule.forRoot(rabbitmq)], providers: [Handlers] })
  class Application {}
  return NestFactory.createApplicationContext(Application, { logger: false, abortOnError: false });
}

let target: Target;
let application: INestApplicationContext;
const connection = (): AmqpConnection => application.get(AmqpConnection);

beforeAll(async () => {
  target = await startTarget(queues, exchanges);
  application = await startApplication(config(target.url));
});
afterAll(async () => {
  await application.close();
  await target.stop();
});

describe('with NestJS and @golevelup/nestjs-rabbitmq', () => {
  test('what a handler rejects comes back after a wait, and is parked', async () => {
    const parking = new Promise<string[]>((resolve) => {
      parked = resolve;
    });
    await connection().publish('nest.jobs', 'job.new', { id: 7 });
    await within(parking, 'the parked message');
    expect(seen.map(({ deaths }) => deaths)).toEqual([
      [],
      ['nest.wait expired 1x', 'nest.work rejected 1x'],
      ['nest.wait expired 2x', 'nest.work rejected 2x'],
    ]);
    for (const at of [1, 2]) {
      expect((seen[at]?.at ?? 0) - (seen[at - 1]?.at ?? 0)).toBeGreaterThanOrEqual(60);
    }
  });

  test('a remote procedure is called through direct reply-to', async () => {
    const payload = { a: 2, b: 3 };
    const answer = await connection().request({ exchange: 'nest.jobs', routingKey: 'rpc.add', payload });
    expect(answer).toEqual({ sum: 5 });
  });
});

/** What the module logs until the text comes, while an application starts that never will. */
async function logged(text: string, rabbitmq: RabbitMQConfig): Promise<void> {
  const heard = new Promise<void>((resolve) => {
    const hear = (...said: unknown[]): void => {
      if (said.join(' ').includes(text)) resolve();
    };
    const logger = { log: hear, error: hear, warn: hear, debug: hear };
    startApplication({ ...rabbitmq, logger, connectionInitOptions: { timeout: 300 } }).catch(() => {});
  });
  await within(heard, text);
}

describe('a mistake with @golevelup/nestjs-rabbitmq is told in the words of RabbitMQ', () => {
  test('a wrong password', async () => {
    const text =
      '403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."';
    await logged(text, config(target.wrongPasswordUrl));
  });

  test('an argument that differs', async () => {
    const queue = { name: 'nest.wait', options: { messageTtl: 70 } };
    await logged(
      `406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'nest.wait' in vhost '/': received '70' but current is '60'"`,
      config(target.url, { queues: [queue] }),
    );
  });

  test('a missing queue', async () => {
    const queue = { name: 'nest.missing', createQueueIfNotExists: false };
    await logged(
      `404 (NOT-FOUND) with message "NOT_FOUND - no queue 'nest.missing' in vhost '/'"`,
      config(target.url, { queues: [queue] }),
    );
  });

  test('an expiration that is no number', async () => {
    const failed = once(connection().channel, 'error');
    connection()
      .publish('nest.jobs', 'nobody', {}, { expiration: 'soon' })
      .catch(() => {});
    const [error] = (await within(failed, 'the refusal')) as [Error];
    expect(error.message).toContain(
      `406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - invalid expiration 'soon': no_integer"`,
    );
  });
});
