import { once } from 'node:events';
import type { AmqpConnectionManager } from 'amqp-connection-manager';
import type { Channel, ConsumeMessage } from 'amqplib';
import { connectionFailure, operationFailure } from './broker-error.ts';
import { Failure } from './failure.ts';
import { connected } from './session.ts';
import { Subscription } from './subscription.ts';

export interface FollowerOptions {
  readonly url: string;
  readonly queue: string;
  readonly ack: boolean;
  readonly prefetch: number;
  /** How many messages to show before it ends by itself. */
  readonly limit: number;
  /** Resolves when the message has been shown; only then it is acknowledged. */
  readonly show: (message: ConsumeMessage, number: number) => Promise<void>;
  readonly note: (text: string) => void;
}

/** Shows the messages of a queue in order, across lost connections, until it has enough or is interrupted. */
export class Follower {
  readonly #manager: AmqpConnectionManager;
  readonly #options: FollowerOptions;
  #subscription: Subscription | undefined;
  #shown = 0;
  #ended = false;
  #noted = false;
  #turn: Promise<void> = Promise.resolve();
  #end: () => void = () => undefined;
  #fail: (reason: unknown) => void = () => undefined;

  constructor(manager: AmqpConnectionManager, options: FollowerOptions) {
    this.#manager = manager;
    this.#options = options;
  }

  /** Resolves with the number of messages shown, when everything not removed is back in the queue. */
  async run(interrupt: AbortSignal): Promise<number> {
    const end = new Promise<void>((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    interrupt.addEventListener('abort', () => this.#end());
    this.#manager.on('disconnect', ({ err }) => this.#onDisconnect(err));
    this.#manager.on('connectFailed', ({ err }) => this.#onConnectFailed(err));
    this.#manager.on('connect', () => void this.#onConnect());
    void this.#subscribe();
    try {
      await end;
    } finally {
      this.#ended = true;
      await this.#turn;
      await this.#release();
    }
    return this.#shown;
  }

  async #onConnect(): Promise<void> {
    this.#options.note('connected again');
    await this.#subscribe();
  }

  #onDisconnect(error: Error | undefined): void {
    this.#subscription?.lose();
    const { note, ack } = this.#options;
    const again = ack ? '' : '; what was shown will be shown again';
    note(`lost the connection, trying to get it back (${error?.message ?? 'closed'})${again}`);
  }

  /** The manager goes on trying; only a user who is no longer let in is a reason to give up. */
  #onConnectFailed(error: Error): void {
    const failure = connectionFailure(error, this.#options.url);
    if (failure.kind === 'login') this.#fail(failure);
  }

  async #subscribe(): Promise<void> {
    const { queue, prefetch, limit, url } = this.#options;
    try {
      const channel: Channel = await connected(this.#manager).createChannel();
      channel.on('error', (error) => this.#fail(operationFailure(error, url)));
      const subscription = new Subscription(channel, { prefetch, wanted: limit - this.#shown });
      this.#subscription = subscription;
      await subscription.start(queue, (message) => this.#onMessage(subscription, message));
    } catch (error) {
      // A connection that is lost here comes back, and this is done again.
      if (this.#manager.isConnected()) this.#fail(operationFailure(error, url));
    }
  }

  #onMessage(subscription: Subscription, message: ConsumeMessage | null): void {
    if (message === null) {
      const { queue } = this.#options;
      this.#fail(new Failure('not-found', `queue ${queue} is gone: it was deleted, or its node went down`));
      return;
    }
    this.#turn = this.#turn.then(() => this.#show(subscription, message)).catch(this.#fail);
    if (subscription.isFull && !this.#noted) this.#noteFull();
  }

  #noteFull(): void {
    const { ack, note, prefetch } = this.#options;
    if (ack) return;
    this.#noted = true;
    note(`holding ${prefetch} messages, and no more come: use --ack to remove them or a larger --prefetch`);
  }

  /** Messages of a lost subscription are skipped: the broker delivers them once more. */
  async #show(subscription: Subscription, message: ConsumeMessage): Promise<void> {
    if (this.#ended || !subscription.isAlive || this.#shown >= this.#options.limit) return;
    await this.#options.show(message, this.#shown + 1);
    this.#shown++;
    if (this.#options.ack) subscription.ack(message);
    if (this.#shown >= this.#options.limit) this.#end();
  }

  async #release(): Promise<void> {
    const subscription = this.#subscription;
    if (subscription?.isAlive !== true) return;
    const stop = async (): Promise<void> => {
      await subscription.stop();
      await subscription.channel.close(); // closing the connection alone could overtake the acks
    };
    const lost = once(this.#manager, 'disconnect');
    await Promise.race([stop().catch(() => undefined), lost]);
  }
}
