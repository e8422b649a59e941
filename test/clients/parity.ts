import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, GetMessage } from 'amqplib';

/** A message as a program sees it, without the moments of its deaths. */
interface Seen {
  readonly body: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly expiration?: string;
  readonly deliveryMode?: number;
  readonly priority?: number;
  readonly headers: unknown;
}

type Arguments = Readonly<Record<string, unknown>>;
type Outcome = 'ack' | 'nack';

/** How long something that must come may take. */
const PATIENCE_MS = 10_000;

/** Programs of delays, retries and limits, written with amqplib for any broker. Everything has the prefix `parity-`. */
class Parity {
  readonly #connection: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #queues: string[] = [];
  readonly #exchanges: string[] = [];

  private constructor(connection: ChannelModel, channel: ConfirmChannel) {
    this.#connection = connection;
    this.#channel = channel;
  }

  static async connect(url: string): Promise<Parity> {
    const connection = await connect(url);
    return new Parity(connection, await connection.createConfirmChannel());
  }

  /** Deletes everything that was declared. */
  async close(): Promise<void> {
    for (const queue of this.#queues) await this.#channel.deleteQueue(queue);
    for (const exchange of this.#exchanges) await this.#channel.deleteExchange(exchange);
    await this.#connection.close();
  }

  async delayQueue(): Promise<unknown> {
    await this.#queue('delay.work');
    await this.#queue('delay.wait', { 'x-message-ttl': 50, ...to('delay.work') });
    await this.#publish('delay.wait', 'later', { persistent: true, priority: 3, headers: { mine: 'kept' } });
    return this.#take('delay.work', 1);
  }

  /** Reject, wait, work: three times, then the parking lot. */
  async retryWithThreeWaits(): Promise<unknown> {
    await this.#queue('retry.parking');
    for (const [index, wait] of [30, 60, 90].entries()) {
      await this.#queue(`retry.work.${index}`, to(`retry.wait.${index}`));
      await this.#queue(`retry.wait.${index}`, { 'x-message-ttl': wait, ...to(`retry.work.${index + 1}`) });
    }
    await this.#queue('retry.work.3', to('retry.parking'));
    await this.#publish('retry.work.0', 'broken');
    const seen: Seen[] = [];
    for (let index = 0; index < 4; index++)
      seen.push(...(await this.#take(`retry.work.${index}`, 1, 'reject')));
    return [...seen, ...(await this.#take('retry.parking', 1))];
  }

  /** Reject into one wait queue and count in the headers. */
  async retryAndCount(): Promise<unknown> {
    await this.#queue('count.work', to('count.wait'));
    await this.#queue('count.wait', { 'x-message-ttl': 20, ...to('count.work') });
    await this.#publish('count.work', 'again');
    const seen: Seen[] = [];
    for (let attempt = 0; attempt < 3; attempt++) seen.push(...(await this.#take('count.work', 1, 'reject')));
    return [...seen, ...(await this.#take('count.work', 1))];
  }

  /** The consumer publishes to the wait queue of its choice, with the headers it got. */
  async retryByPublishing(): Promise<unknown> {
    await this.#queue('again.parking');
    await this.#queue('again.work', to('again.parking'));
    for (const attempt of [0, 1, 2]) {
      await this.#queue(`again.wait.${attempt}`, {
        'x-message-ttl': 20 * (attempt + 1),
        ...to('again.work'),
      });
    }
    await this.#publish('again.work', 'broken');
    const seen: Seen[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const message = await this.#next('again.work');
      seen.push(see(message));
      const headers = message.properties.headers as Arguments;
      await this.#publish(`again.wait.${attempt}`, message.content.toString(), { headers });
      this.#channel.ack(message);
    }
    seen.push(...(await this.#take('again.work', 1, 'reject')));
    return [...seen, ...(await this.#take('again.parking', 1))];
  }

  /** A message that goes round without being rejected is dropped. */
  async cycle(): Promise<unknown> {
    await this.#queue('cycle.witness');
    const exchange = await this.#exchange('cycle', 'fanout');
    await this.#queue('cycle.b', { 'x-message-ttl': 20, ...to('cycle.a') });
    await this.#queue('cycle.a', { 'x-message-ttl': 20, 'x-dead-letter-exchange': exchange });
    for (const queue of ['cycle.witness', 'cycle.b']) await this.#bind(exchange, queue, '');
    await this.#publish('cycle.a', 'round');
    const seen = await this.#take('cycle.witness', 1);
    await this.#publish('cycle.witness', 'end');
    return [seen, await this.#take('cycle.witness', 1), await this.#untilEmpty('cycle.a', 'cycle.b')];
  }

  async maxLength(): Promise<unknown> {
    await this.#queue('long.dead');
    await this.#queue('long', { 'x-max-length': 2, ...to('long.dead') });
    const outcomes = await this.#publishAll('long', ['m1', 'm2', 'm3', 'm4']);
    return [outcomes, await this.#take('long.dead', 2), await this.#take('long', 2)];
  }

  async maxLengthBytes(): Promise<unknown> {
    await this.#queue('bytes.dead');
    await this.#queue('bytes', { 'x-max-length-bytes': 10, ...to('bytes.dead') });
    const outcomes = await this.#publishAll('bytes', ['aaaaaa', 'bbbb', 'c', 'ddddddddddd']);
    return [outcomes, await this.#take('bytes.dead', 4)];
  }

  async rejectPublish(): Promise<unknown> {
    await this.#queue('refuse', { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
    const outcomes = await this.#publishAll('refuse', ['m1', 'm2', 'm3']);
    return [outcomes, await this.#take('refuse', 1)];
  }

  async rejectPublishDlx(): Promise<unknown> {
    await this.#queue('refuse.dead');
    const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish-dlx', ...to('refuse.dead') };
    await this.#queue('refuse.dlx', args);
    const outcomes = await this.#publishAll('refuse.dlx', ['m1', 'm2', 'm3']);
    return [outcomes, await this.#take('refuse.dead', 2), await this.#take('refuse.dlx', 1)];
  }

  /** A dead-letter exchange without a key of its own routes by the keys of the publish, CC among them. */
  async copies(): Promise<unknown> {
    const exchange = await this.#exchange('copies', 'direct');
    await this.#queue('copies.wait', { 'x-message-ttl': 30, 'x-dead-letter-exchange': exchange });
    for (const name of ['to', 'cc', 'bcc']) {
      await this.#queue(`copies.${name}`);
      await this.#bind(exchange, `copies.${name}`, `key.${name}`);
    }
    await this.#bind('amq.direct', 'copies.wait', 'key.to');
    const headers = { CC: ['key.cc'], BCC: ['key.bcc'] };
    await this.#publish('key.to', 'for all', { headers }, 'amq.direct');
    const seen = [await this.#take('copies.to', 1), await this.#take('copies.cc', 1)];
    return [...seen, await this.#count('copies.bcc')];
  }

  /** With a key of its own the dead letter goes there only. */
  async copiesWithKey(): Promise<unknown> {
    await this.#queue('keyed.dead');
    await this.#queue('keyed.cc');
    await this.#queue('keyed.wait', { 'x-message-ttl': 30, ...to('keyed.dead') });
    const headers = { CC: ['parity-keyed.cc'], BCC: ['parity-keyed.bcc'] };
    await this.#publish('keyed.wait', 'for one', { headers });
    return [await this.#take('keyed.dead', 1), await this.#take('keyed.cc', 1)];
  }

  async expirations(): Promise<unknown> {
    await this.#queue('expire.dead');
    await this.#queue('expire', { 'x-message-ttl': 200, ...to('expire.dead') });
    await this.#publish('expire', 'own', { expiration: '40' });
    const own = await this.#take('expire.dead', 1);
    await this.#publish('expire', 'queue', { expiration: 60_000 });
    const queue = await this.#take('expire.dead', 1);
    await this.#publish('expire', 'at once', { expiration: '0', persistent: true });
    return [own, queue, await this.#take('expire.dead', 1)];
  }

  /** Only the head expires: what is behind it waits. */
  async behindTheHead(): Promise<unknown> {
    await this.#queue('head.dead');
    await this.#queue('head', to('head.dead'));
    await this.#publish('head', 'slow', { expiration: '150' });
    await this.#publish('head', 'fast', { expiration: '10' });
    return this.#take('head.dead', 2);
  }

  /** Given back, then expired: the dead letter is a new message. */
  async requeuedThenExpired(): Promise<unknown> {
    await this.#queue('back.dead');
    await this.#queue('back', { 'x-message-ttl': 100, ...to('back.dead') });
    await this.#publish('back', 'again');
    this.#channel.nack(await this.#next('back'), false, true);
    return this.#take('back.dead', 1);
  }

  /** A header that looks like a death history, made by a client. */
  async forgedHistory(): Promise<unknown> {
    await this.#queue('forged.dead');
    await this.#queue('forged', to('forged.dead'));
    const headers = {
      'x-death': 'never',
      'x-first-death-queue': 'elsewhere',
      'x-last-death-reason': 'boredom',
    };
    await this.#publish('forged', 'fake', { headers });
    const before = await this.#take('forged', 1, 'reject');
    return [before, await this.#take('forged.dead', 1)];
  }

  /** One dead letter for several queues. */
  async fanOut(): Promise<unknown> {
    const exchange = await this.#exchange('fan', 'topic');
    const key = { 'x-dead-letter-routing-key': 'dead.now' };
    await this.#queue('fan', { 'x-message-ttl': 20, 'x-dead-letter-exchange': exchange, ...key });
    for (const [name, pattern] of [
      ['one', 'dead.*'],
      ['two', '#'],
      ['three', 'alive.*'],
    ] as const) {
      await this.#queue(`fan.${name}`);
      await this.#bind(exchange, `fan.${name}`, pattern);
    }
    await this.#publish('fan', 'wide');
    return [await this.#take('fan.one', 1), await this.#take('fan.two', 1), await this.#count('fan.three')];
  }

  async refusals(): Promise<unknown> {
    await this.#queue('fixed', { 'x-message-ttl': 1000 });
    return [
      await this.#refusal((channel) => channel.assertQueue('parity-fixed', { messageTtl: 2000 })),
      await this.#refusal((channel) => channel.assertQueue('parity-fixed')),
      await this.#refusal((channel) => channel.assertQueue('parity-new', { arguments: { 'x-expires': 0 } })),
      await this.#refusal((channel) =>
        channel.assertQueue('parity-new', { arguments: { 'x-dead-letter-routing-key': 'k' } }),
      ),
      await this.#refusal((channel) => channel.checkQueue('parity-none')),
      await this.#refusal((channel) => channel.bindQueue('parity-fixed', 'parity-none', '')),
      await this.#refusal((channel) => channel.consume('parity-none', () => {})),
    ];
  }

  async #queue(name: string, args: Arguments = {}): Promise<void> {
    const queue = `parity-${name}`;
    await this.#channel.deleteQueue(queue);
    await this.#channel.assertQueue(queue, { arguments: args });
    this.#queues.push(queue);
  }

  async #exchange(name: string, type: string): Promise<string> {
    const exchange = `parity-${name}`;
    await this.#channel.deleteExchange(exchange);
    await this.#channel.assertExchange(exchange, type);
    this.#exchanges.push(exchange);
    return exchange;
  }

  async #bind(exchange: string, name: string, bindingKey: string): Promise<void> {
    await this.#channel.bindQueue(`parity-${name}`, exchange, bindingKey);
  }

  /** Publishes to a queue of ours, or to an exchange with a key; resolves with the confirm. */
  #publish(name: string, body: string, options: object = {}, exchange = ''): Promise<Outcome> {
    const routingKey = exchange === '' ? `parity-${name}` : name;
    return new Promise((resolve) => {
      this.#channel.publish(exchange, routingKey, Buffer.from(body), options, (error: unknown) => {
        resolve(error instanceof Error ? 'nack' : 'ack');
      });
    });
  }

  async #publishAll(name: string, bodies: readonly string[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const body of bodies) outcomes.push(await this.#publish(name, body));
    return outcomes;
  }

  async #next(name: string): Promise<GetMessage> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const message = await this.#channel.get(`parity-${name}`);
      if (message !== false) return message;
      if (Date.now() > deadline) throw new Error(`nothing came to ${name}`);
      await pause();
    }
  }

  async #take(name: string, count: number, verdict: 'ack' | 'reject' = 'ack'): Promise<Seen[]> {
    const seen: Seen[] = [];
    while (seen.length < count) {
      const message = await this.#next(name);
      seen.push(see(message));
      if (verdict === 'ack') this.#channel.ack(message);
      else this.#channel.nack(message, false, false); // what basic.reject kills, RabbitMQ 4.3 marks as redelivered
    }
    return seen;
  }

  async #count(name: string): Promise<number> {
    return (await this.#channel.checkQueue(`parity-${name}`)).messageCount;
  }

  async #untilEmpty(...names: string[]): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const counts = await Promise.all(names.map((name) => this.#count(name)));
      if (counts.every((count) => count === 0)) return 'empty';
      if (Date.now() > deadline) return `left: ${counts.join()}`;
      await pause();
    }
  }

  async #refusal(ask: (channel: ConfirmChannel) => Promise<unknown>): Promise<unknown> {
    const channel = await this.#connection.createConfirmChannel();
    channel.on('error', () => {});
    try {
      await ask(channel);
    } catch (error) {
      const { code, classId, methodId, message } = error as Error &
        Record<'code' | 'classId' | 'methodId', number>;
      return { code, classId, methodId, text: message };
    }
    return 'accepted';
  }
}

/** Between two looks. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
}

function to(name: string): Arguments {
  return { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': `parity-${name}` };
}

function see({ content, fields, properties }: ConsumeMessage | GetMessage): Seen {
  const { exchange, routingKey, redelivered } = fields;
  const { expiration, deliveryMode, priority, headers } = properties as unknown as Partial<Seen>;
  const seen = { expiration, deliveryMode, priority, headers: withoutTime(headers ?? {}) };
  const present = Object.fromEntries(Object.entries(seen).filter(([, value]) => value !== undefined));
  return { body: content.toString(), exchange, routingKey, redelivered, headers: {}, ...present };
}

/** Moments differ from run to run: nothing else may. */
function withoutTime(headers: unknown): unknown {
  const copy: Record<string, unknown> = { ...(headers as Arguments) };
  if (!Array.isArray(copy['x-death'])) return copy;
  const deaths = copy['x-death'] as Arguments[];
  copy['x-death'] = deaths.map((death) => {
    const { time, ...rest } = death;
    return { ...rest, hasTime: (time as { readonly '!'?: string } | undefined)?.['!'] === 'timestamp' };
  });
  return copy;
}

/** What each program saw, by its name. */
export async function runParity(url: string): Promise<Record<string, unknown>> {
  const parity = await Parity.connect(url);
  const results: Record<string, unknown> = {};
  try {
    for (const name of programs) results[name] = await parity[name]();
  } finally {
    await parity.close();
  }
  return results;
}

export const programs = [
  'delayQueue',
  'retryWithThreeWaits',
  'retryAndCount',
  'retryByPublishing',
  'cycle',
  'maxLength',
  'maxLengthBytes',
  'rejectPublish',
  'rejectPublishDlx',
  'copies',
  'copiesWithKey',
  'expirations',
  'behindTheHead',
  'requeuedThenExpired',
  'forgedHistory',
  'fanOut',
  'refusals',
] as const;
