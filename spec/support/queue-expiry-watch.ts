import assert from 'node:assert/strict';
import type { Channel } from './channel.ts';
import type { Context, QueueFlags } from './context.ts';
import type { Table } from './fields.ts';

interface WatchOptions extends Omit<QueueFlags, 'queue'> {
  readonly queue?: string;
  /** Where the queue is declared: the control channel of the case unless another one is given. */
  readonly channel?: Channel;
  /** Sends requests right behind the declaration, so that no time passes in between; their answers are not taken. */
  readonly also?: (channel: Channel, queue: string) => void;
}

/**
 * Sees the end of a queue without touching it, as most ways to look at a queue renew its `x-expires`: an auto-delete
 * exchange goes with its only binding, and that with its queue.
 */
export class Watch {
  readonly queue: string;
  /** Milliseconds since just before it was declared. */
  readonly age: () => number;
  readonly #t: Context;
  readonly #channel: Channel;
  readonly #exchange: string;
  #isGone = false;

  private constructor(t: Context, queue: string, channel: Channel, exchange: string) {
    this.queue = queue;
    this.age = t.stopwatch();
    this.#t = t;
    this.#channel = channel;
    this.#exchange = exchange;
  }

  /** Declares a durable queue that may expire soon: everything it needs is there before it is. */
  static async declare(t: Context, args: Table, options: WatchOptions = {}): Promise<Watch> {
    const { queue = t.name('q'), channel = await t.control(), also, ...flags } = options;
    const exchange = await t.exchange('fanout', {}, { autoDelete: true });
    const watch = new Watch(t, queue, await t.channel(), exchange);
    channel.send('queue.declare', { queue, durable: true, arguments: args, ...flags });
    channel.send('queue.bind', { queue, exchange });
    also?.(channel, queue);
    await channel.expect('queue.declare-ok');
    await channel.expect('queue.bind-ok');
    return watch;
  }

  async isGone(): Promise<boolean> {
    if (this.#isGone) return true;
    this.#channel.send('exchange.declare', { exchange: this.#exchange, passive: true });
    this.#isGone = (await this.#channel.client.peek(this.#channel.number)) === 'channel.close';
    if (this.#isGone) await this.#channel.refused(404, /^NOT_FOUND/, 'exchange.declare');
    else await this.#channel.expect('exchange.declare-ok');
    return this.#isGone;
  }

  /** Waits for the end of the queue. */
  async untilGone(): Promise<void> {
    await this.#t.eventually(() => this.isGone(), 'the end of the queue');
  }
}

/** Declares a queue that has these consumers at once. */
export async function declareConsumed(
  t: Context,
  args: Table,
  channel: Channel,
  consumerTags: readonly string[],
): Promise<Watch> {
  const watch = await Watch.declare(t, args, {
    channel,
    also(_, queue) {
      for (const consumerTag of consumerTags) channel.send('basic.consume', { queue, consumerTag });
    },
  });
  for (const consumerTag of consumerTags) {
    assert.equal((await channel.expect('basic.consume-ok')).consumerTag, consumerTag);
  }
  return watch;
}
