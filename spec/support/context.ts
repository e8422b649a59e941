import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { segment } from './admin.ts';
import type { Admin } from './admin.ts';
import type { Broker } from './broker.ts';
import { Channel, Consumer } from './channel.ts';
import type { ConsumeOptions } from './channel.ts';
import type { Client, Message, OpenOptions } from './client.ts';
import type { Properties } from './content.ts';
import type { Table } from './fields.ts';
import type { Args, MethodName } from './protocol.ts';
import { sweep } from './sweep.ts';
import type { BrokerTime } from './time.ts';

/** How often something is looked at that cannot be waited for, in milliseconds. */
const POLL_MS = 20;
/** Where time can be moved it is looked at more rarely the longer it takes: as late as the tenth part of that. */
const POLLS = 10;
/** How long something may take to come about, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Thrown by a case that finds out that it cannot be tried here. */
export class Skip extends Error {
  override readonly name = 'Skip';
}

/** Flags of a queue; a queue of a case is durable unless it says otherwise. */
export type QueueFlags = Pick<Args<'queue.declare'>, 'queue' | 'durable' | 'exclusive' | 'autoDelete'>;
export type ExchangeFlags = Pick<
  Args<'exchange.declare'>,
  'exchange' | 'durable' | 'autoDelete' | 'internal'
>;

export interface Policy {
  readonly definition: Readonly<Record<string, unknown>>;
  /** A regular expression; everything of this case when it is left out. */
  readonly pattern?: string;
  readonly priority?: number;
  readonly applyTo?: string;
  readonly operator?: true;
}

export interface Permissions {
  readonly configure?: string;
  readonly write?: string;
  readonly read?: string;
}

/**
 * What a case works with: a broker, names nobody else uses, and short ways to say what most cases do. Everything a case
 * opened, declared or set is gone after it.
 */
export class Context {
  readonly broker: Broker;
  readonly #prefix: string;
  readonly #time: BrokerTime;
  readonly #restart: () => Promise<void>;
  readonly #names: string[] = [];
  readonly #clients: Client[] = [];
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #channels = new Map<Client, number>();
  #client: Promise<Client> | undefined;
  #control: Promise<Channel> | undefined;
  #publisher: Promise<Channel> | undefined;

  constructor(broker: Broker, time: BrokerTime, prefix: string, restart: () => Promise<void>) {
    this.broker = broker;
    this.#time = time;
    this.#prefix = prefix;
    this.#restart = restart;
  }

  /** A name nobody else uses. A queue and an exchange of this name are deleted after the case. */
  name(label = 'n'): string {
    const name = `${this.#prefix}.${label}${this.#names.length + 1}`;
    this.#names.push(name);
    return name;
  }

  /** Also deletes this queue or exchange after the case. */
  owns(name: string): void {
    this.#names.push(name);
  }

  /** Every name of this case begins with this. */
  get prefix(): string {
    return this.#prefix;
  }

  /** The case cannot be tried on this broker, for this reason. */
  skip(reason: string): never {
    throw new Skip(reason);
  }

  // Connections and channels

  /** A TCP connection on which nothing was said yet. */
  async socket(): Promise<Client> {
    const client = await this.broker.connect();
    this.#clients.push(client);
    return client;
  }

  /** A new connection that is open, without channels. */
  async connect(options: OpenOptions = {}): Promise<Client> {
    return (await this.socket()).open(options);
  }

  /** A new channel, on the connection of the case unless another one is given. */
  async channel(client?: Client): Promise<Channel> {
    const on =
      client ?? (await (this.#client ??= this.connect({ capabilities: ['consumer_cancel_notify'] })));
    const number = (this.#channels.get(on) ?? 0) + 1;
    this.#channels.set(on, number);
    await on.call(number, 'channel.open');
    return new Channel(on, number);
  }

  /** A new channel in confirm mode. */
  async confirmChannel(client?: Client): Promise<Channel> {
    const channel = await this.channel(client);
    await channel.call('confirm.select');
    return channel;
  }

  /** The channel on which the case declares, binds and fetches. */
  control(): Promise<Channel> {
    return (this.#control ??= this.channel());
  }

  /** The channel on which the case publishes, in confirm mode. */
  publisher(): Promise<Channel> {
    return (this.#publisher ??= this.confirmChannel());
  }

  // Queues, exchanges, bindings

  /** A new queue: durable, and of its own name unless the flags say otherwise. */
  async queue(args: Table = {}, flags: QueueFlags = {}, channel?: Channel): Promise<string> {
    const on = channel ?? (await this.control());
    const declare = { queue: flags.queue ?? this.name('q'), durable: true, arguments: args, ...flags };
    const { queue } = await on.call('queue.declare', declare);
    if (!this.#names.includes(queue)) this.owns(queue);
    return queue;
  }

  /** A new queue whose dead letters go to another one through the default exchange. */
  async deadLetteringTo(target: string, args: Table = {}, flags: QueueFlags = {}): Promise<string> {
    return this.queue({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': target, ...args }, flags);
  }

  async exchange(type = 'direct', args: Table = {}, flags: ExchangeFlags = {}): Promise<string> {
    const exchange = String(flags.exchange ?? this.name('x'));
    await (await this.control()).call('exchange.declare', { exchange, type, arguments: args, ...flags });
    return exchange;
  }

  async bind(queue: string, exchange: string, routingKey = '', args: Table = {}): Promise<void> {
    await (await this.control()).call('queue.bind', { queue, exchange, routingKey, arguments: args });
  }

  async unbind(queue: string, exchange: string, routingKey = '', args: Table = {}): Promise<void> {
    await (await this.control()).call('queue.unbind', { queue, exchange, routingKey, arguments: args });
  }

  async bindExchange(destination: string, source: string, routingKey = '', args: Table = {}): Promise<void> {
    const control = await this.control();
    await control.call('exchange.bind', { destination, source, routingKey, arguments: args });
  }

  async deleteQueue(queue: string): Promise<number> {
    return (await (await this.control()).call('queue.delete', { queue })).messageCount;
  }

  async deleteExchange(exchange: string): Promise<void> {
    await (await this.control()).call('exchange.delete', { exchange });
  }

  async purge(queue: string): Promise<number> {
    return (await (await this.control()).call('queue.purge', { queue })).messageCount;
  }

  /** How many messages are ready in it. It renews `x-expires` (QEX-03). */
  async count(queue: string): Promise<number> {
    return (await (await this.control()).call('queue.declare', { queue, passive: true })).messageCount;
  }

  /** Waits until so many messages are ready in it. */
  async untilCount(queue: string, count: number): Promise<void> {
    let seen = -1;
    const isThere = await this.until(async () => (seen = await this.count(queue)) === count);
    if (!isThere) throw new Error(`${queue} holds ${seen} messages, and not ${count}`);
  }

  async hasQueue(queue: string): Promise<boolean> {
    return this.#exists('queue.declare', { queue, passive: true });
  }

  async hasExchange(exchange: string): Promise<boolean> {
    return this.#exists('exchange.declare', { exchange, passive: true });
  }

  async #exists<N extends 'queue.declare' | 'exchange.declare'>(declare: N, args: Args<N>): Promise<boolean> {
    const channel = await this.channel();
    channel.send(declare, args);
    if ((await channel.client.peek(channel.number)) === 'channel.close') {
      await channel.refused(404, /^NOT_FOUND/, declare);
      return false;
    }
    await channel.expect(`${declare}-ok` as 'queue.declare-ok' | 'exchange.declare-ok');
    await channel.close();
    return true;
  }

  // Messages

  /** Publishes and waits for the confirm: it is in its queues then, or nowhere. */
  async publish(
    exchange: string,
    routingKey: string,
    body: string | Buffer = '',
    properties: Properties = {},
  ): Promise<'ack' | 'nack'> {
    return (await this.publisher()).publishConfirmed(exchange, routingKey, body, properties);
  }

  /** Publishes straight into a queue. */
  async send(
    queue: string,
    body: string | Buffer = '',
    properties: Properties = {},
  ): Promise<'ack' | 'nack'> {
    return this.publish('', queue, body, properties);
  }

  /** Fetches and acks the head of a queue. */
  async get(queue: string): Promise<Message<'basic.get-ok'> | undefined> {
    return (await this.control()).get(queue);
  }

  /** Fetches and acks the head of a queue, which must have one by now or soon. */
  async take(queue: string): Promise<Message<'basic.get-ok'>> {
    let message: Message<'basic.get-ok'> | undefined;
    const isThere = await this.until(async () => (message = await this.get(queue)) !== undefined);
    if (!isThere || message === undefined) throw new Error(`no message came to ${queue}`);
    return message;
  }

  /** Fetches and acks all that is ready; their bodies in order. */
  async drain(queue: string): Promise<string[]> {
    const bodies: string[] = [];
    for (let message = await this.get(queue); message !== undefined; message = await this.get(queue)) {
      bodies.push(message.body);
    }
    return bodies;
  }

  /** Fetches and acks so many messages, waiting for them; their bodies in order. */
  async takeBodies(queue: string, count: number): Promise<string[]> {
    const bodies: string[] = [];
    while (bodies.length < count) bodies.push((await this.take(queue)).body);
    return bodies;
  }

  /** A consumer on a channel of its own. */
  async consume(queue: string, options: ConsumeOptions = {}, client?: Client): Promise<Consumer> {
    return Consumer.start(await this.channel(client), queue, options);
  }

  /** A queue holds no ready message for so many milliseconds, also of real time. */
  async staysEmpty(queue: string, ms = 150): Promise<void> {
    const elapsed = this.stopwatch();
    do {
      assert.equal(await this.count(queue), 0, `${queue} should stay empty`);
      await this.pause(POLL_MS);
    } while (elapsed() <= ms);
  }

  // Refusals

  /** A request on a new channel must close it with this code and text (whole, or a pattern). */
  async refuses<N extends MethodName>(
    name: N,
    args: Args<N>,
    code: number,
    text: string | RegExp,
    client?: Client,
  ): Promise<void> {
    const channel = await this.channel(client);
    channel.send(name, args);
    await channel.refused(code, text, name);
  }

  /** A publish on a new channel must close it. */
  async refusesPublish(
    args: Args<'basic.publish'>,
    properties: Properties,
    code: number,
    text: string | RegExp,
    client?: Client,
  ): Promise<void> {
    const channel = await this.channel(client);
    channel.client.publish(channel.number, args, 'x', properties);
    await channel.refused(code, text, 'basic.publish');
  }

  /** A request on a new connection must close that. */
  async refusesConnection<N extends MethodName>(
    name: N,
    args: Args<N>,
    code: number,
    text: string | RegExp,
  ): Promise<void> {
    const channel = await this.channel(await this.connect());
    channel.send(name, args);
    await channel.client.expectConnectionError(code, text, name);
  }

  // Time

  /** Lets so many milliseconds pass on the broker's clock, by which messages and queues expire. */
  async elapse(ms: number): Promise<void> {
    await this.#time.elapse(ms);
  }

  /** Lets so many milliseconds pass for sockets and samples, which know no other time than the real one. */
  async pause(ms: number): Promise<void> {
    await sleep(ms);
  }

  /** What the broker's clock says, in milliseconds since the epoch. */
  now(): number {
    return this.#time.now();
  }

  /** Milliseconds since now on the broker's clock, each time it is called. */
  stopwatch(): () => number {
    const start = this.now();
    return () => this.now() - start;
  }

  /** Looks until it is so; false when it does not come about in time, which is real time. */
  async until(isSo: () => Promise<boolean>, withinMs = PATIENCE_MS): Promise<boolean> {
    const [elapsed, giveUpAt] = [this.stopwatch(), performance.now() + withinMs];
    for (;;) {
      if (await isSo()) return true;
      if (performance.now() > giveUpAt) return false;
      if (elapsed() > withinMs)
        await this.pause(POLL_MS); // it is not the broker's time that it waits for
      else await this.elapse(Math.max(POLL_MS, this.#time.isMovable ? elapsed() / POLLS : 0));
    }
  }

  /** As `until`, and fails when it does not come about. */
  async eventually(isSo: () => Promise<boolean>, what: string): Promise<void> {
    if (!(await this.until(isSo))) throw new Error(`this did not come about: ${what}`);
  }

  // Administration, for cases that need `management` or `restart`

  get admin(): Admin {
    return this.broker.admin ?? this.skip('the case should need management');
  }

  /** Sets a policy for what this case declares, or for the names that match its pattern; returns its name. */
  async policy({ definition, pattern, priority = 0, applyTo = 'all', operator }: Policy): Promise<string> {
    const name = this.name('policy');
    const kind = operator === true ? 'operator-policies' : 'policies';
    const target = operator === true && applyTo === 'all' ? 'queues' : applyTo;
    const path = `/${kind}/%2F/${segment(name)}`;
    const body = {
      pattern: pattern ?? `^${escaped(this.#prefix)}\\.`,
      definition,
      priority,
      'apply-to': target,
    };
    await this.admin.must('PUT', path, body);
    this.#undo.push(() => this.admin.delete(path));
    return name;
  }

  /** A user whose name is also its password, with these permissions on `/`; without any when `undefined`. */
  async user(permissions: Permissions | undefined, tags = ''): Promise<{ user: string; password: string }> {
    const user = this.name('user');
    await this.admin.must('PUT', `/users/${segment(user)}`, { password: user, tags });
    this.#undo.push(() => this.admin.delete(`/users/${segment(user)}`));
    if (permissions !== undefined) await this.permit(user, permissions);
    return { user, password: user };
  }

  /** Sets the permissions of a user on a vhost; what is left out matches nothing but the empty name. */
  async permit(
    user: string,
    { configure = '', write = '', read = '' }: Permissions,
    vhost = '/',
  ): Promise<void> {
    await this.admin.must('PUT', `/permissions/${segment(vhost)}/${segment(user)}`, {
      configure,
      write,
      read,
    });
  }

  /** A new vhost that the user of the suite may use. */
  async vhost(): Promise<string> {
    const vhost = this.name('vhost');
    await this.admin.must('PUT', `/vhosts/${segment(vhost)}`, {});
    this.#undo.push(() => this.admin.delete(`/vhosts/${segment(vhost)}`));
    return vhost;
  }

  /** Does this after the case. */
  undo(action: () => Promise<unknown>): void {
    this.#undo.push(action);
  }

  /**
   * Restarts the broker as an administrator would, once for all cases that ask for it at this time. Connections are left
   * to the broker, which ends them; what the case does next is done on a new one.
   */
  async restart(): Promise<void> {
    await this.#restart();
    for (const client of this.#forgetClients()) client.stream.destroy();
  }

  /** Undoes everything the case did. */
  async clean(): Promise<void> {
    await this.#closeClients();
    for (const action of this.#undo.reverse()) await action().catch(() => undefined);
    if (this.#names.length > 0) await sweep(this.broker, this.#names);
  }

  async #closeClients(): Promise<void> {
    await Promise.all(this.#forgetClients().map((client) => client.hangUp()));
  }

  #forgetClients(): Client[] {
    [this.#client, this.#control, this.#publisher] = [undefined, undefined, undefined];
    this.#channels.clear();
    return this.#clients.splice(0);
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
