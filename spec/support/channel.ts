import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import type { Client, Message } from './client.ts';
import type { Properties } from './content.ts';
import type { Table } from './fields.ts';
import type { Args, MethodName, Received } from './protocol.ts';

export interface ConsumeOptions {
  readonly noAck?: boolean;
  readonly exclusive?: boolean;
  readonly noLocal?: boolean;
  readonly consumerTag?: string;
  /** How many unacked deliveries this consumer may have; 0 is any number. */
  readonly prefetch?: number;
  readonly arguments?: Table;
}

/** An open channel of a connection. */
export class Channel {
  readonly client: Client;
  readonly number: number;

  constructor(client: Client, number: number) {
    this.client = client;
    this.number = number;
  }

  send<N extends MethodName>(name: N, args: Args<N> = {}): void {
    this.client.send(this.number, name, args);
  }

  call<N extends MethodName>(name: N, args: Args<N> = {}): Promise<Received<`${N}-ok` & MethodName>> {
    return this.client.call(this.number, name, args);
  }

  expect<N extends MethodName>(name: N): Promise<Received<N>> {
    return this.client.expect(this.number, name);
  }

  publish(
    exchange: string,
    routingKey: string,
    body: string | Buffer = '',
    properties: Properties = {},
  ): void {
    this.client.publish(this.number, { exchange, routingKey }, body, properties);
  }

  /** Publishes on a channel in confirm mode and takes the confirm. */
  async publishConfirmed(
    exchange: string,
    routingKey: string,
    body: string | Buffer = '',
    properties: Properties = {},
  ): Promise<'ack' | 'nack'> {
    this.publish(exchange, routingKey, body, properties);
    return this.confirm();
  }

  /** The next confirm. */
  async confirm(): Promise<'ack' | 'nack'> {
    const isNack = (await this.client.peek(this.number)) === 'basic.nack';
    if (isNack) await this.expect('basic.nack');
    else await this.expect('basic.ack');
    return isNack ? 'nack' : 'ack';
  }

  /** Fetches one message, which is acked by that unless `noAck` is false. */
  async get(queue: string, noAck = true): Promise<Message<'basic.get-ok'> | undefined> {
    this.send('basic.get', { queue, noAck });
    const isEmpty = (await this.client.peek(this.number)) === 'basic.get-empty';
    if (!isEmpty) return this.client.message(this.number, 'basic.get-ok');
    await this.expect('basic.get-empty');
    return undefined;
  }

  /** The next message that is delivered here. */
  delivery(): Promise<Message<'basic.deliver'>> {
    return this.client.message(this.number, 'basic.deliver');
  }

  /** The next message that is returned here. */
  returned(): Promise<Message<'basic.return'>> {
    return this.client.message(this.number, 'basic.return');
  }

  ack(deliveryTag: number, multiple = false): void {
    this.send('basic.ack', { deliveryTag, multiple });
  }

  nack(deliveryTag: number, requeue: boolean, multiple = false): void {
    this.send('basic.nack', { deliveryTag, requeue, multiple });
  }

  reject(deliveryTag: number, requeue: boolean): void {
    this.send('basic.reject', { deliveryTag, requeue });
  }

  /** What was sent before has been handled: the answer to a request that changes nothing. */
  async settled(): Promise<void> {
    await this.call('channel.flow', { active: true });
  }

  /** The server must close this channel with exactly this text (or one that matches). */
  refused(code: number, text: string | RegExp, at?: MethodName): Promise<void> {
    return this.client.expectChannelError(this.number, code, text, at);
  }

  async close(): Promise<void> {
    await this.call('channel.close');
  }
}

/** A consumer on a channel of its own. */
export class Consumer {
  readonly channel: Channel;
  readonly tag: string;

  constructor(channel: Channel, tag: string) {
    this.channel = channel;
    this.tag = tag;
  }

  static async start(channel: Channel, queue: string, options: ConsumeOptions = {}): Promise<Consumer> {
    const { prefetch, ...args } = options;
    if (prefetch !== undefined) await channel.call('basic.qos', { prefetchCount: prefetch });
    const { consumerTag } = await channel.call('basic.consume', { queue, ...args });
    return new Consumer(channel, consumerTag);
  }

  next(): Promise<Message<'basic.deliver'>> {
    return this.channel.delivery();
  }

  /** The next delivery, and how long it took to come in milliseconds. */
  async timed(): Promise<{ readonly message: Message<'basic.deliver'>; readonly ms: number }> {
    const since = performance.now();
    const message = await this.next();
    return { message, ms: performance.now() - since };
  }

  /** The bodies of the next so many deliveries. */
  async bodies(count: number): Promise<string[]> {
    const bodies: string[] = [];
    while (bodies.length < count) bodies.push((await this.next()).body);
    return bodies;
  }

  /** Nothing is delivered for so many milliseconds. */
  async nothing(ms = 150): Promise<void> {
    await this.channel.client.expectNothing(this.channel.number, ms);
  }

  ack({ deliveryTag }: { readonly deliveryTag: number }, multiple = false): void {
    this.channel.ack(deliveryTag, multiple);
  }

  nack({ deliveryTag }: { readonly deliveryTag: number }, requeue: boolean, multiple = false): void {
    this.channel.nack(deliveryTag, requeue, multiple);
  }

  reject({ deliveryTag }: { readonly deliveryTag: number }, requeue: boolean): void {
    this.channel.reject(deliveryTag, requeue);
  }

  async cancel(): Promise<void> {
    const { consumerTag } = await this.channel.call('basic.cancel', { consumerTag: this.tag });
    assert.equal(consumerTag, this.tag);
  }
}
