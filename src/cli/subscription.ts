import type { Channel, ConsumeMessage } from 'amqplib';

interface SubscriptionOptions {
  /** How many messages may be unacked at once. */
  readonly prefetch: number;
  /** How many messages are wanted at all. */
  readonly wanted: number;
}

const LONGEST_PREFETCH = 65_535;

/** A consumer on one channel that never gets more messages than are wanted: none is marked redelivered for nothing. */
export class Subscription {
  readonly channel: Channel;
  readonly #wanted: number;
  readonly #prefetch: number;
  #consumerTag = '';
  #delivered = 0;
  #acked = 0;
  #held: ConsumeMessage[] = [];
  #alive = true;

  constructor(channel: Channel, options: SubscriptionOptions) {
    this.channel = channel;
    this.#wanted = options.wanted;
    this.#prefetch = Math.min(options.prefetch, options.wanted, LONGEST_PREFETCH);
    channel.on('close', () => this.lose());
  }

  /** False once its channel is gone, and with it the right to acknowledge. */
  get isAlive(): boolean {
    return this.#alive;
  }

  /** How many messages have come. */
  get delivered(): number {
    return this.#delivered;
  }

  /** True when nothing more comes until something is acknowledged, though more is wanted. */
  get isFull(): boolean {
    return this.#credit === 0 && this.#delivered < this.#wanted;
  }

  get #credit(): number {
    return this.#prefetch - (this.#delivered - this.#acked);
  }

  /** Begins to deliver; `null` means that the broker ended the consumer. */
  async start(queue: string, onMessage: (message: ConsumeMessage | null) => void): Promise<void> {
    await this.channel.prefetch(this.#prefetch);
    const { consumerTag } = await this.channel.consume(queue, (message) => {
      if (message !== null) this.#delivered++;
      onMessage(message);
    });
    this.#consumerTag = consumerTag;
  }

  /** Acknowledges a message; when that would bring more messages than are wanted, not before `stop`. */
  ack(message: ConsumeMessage): void {
    if (!this.#alive) return;
    if (this.#credit < this.#wanted - this.#delivered) {
      this.channel.ack(message);
      this.#acked++;
    } else {
      this.#held.push(message);
    }
  }

  /** Its channel is gone. */
  lose(): void {
    this.#alive = false;
  }

  /** Ends the consumer. What was not acknowledged goes back into the queue. */
  async stop(): Promise<void> {
    await this.channel.cancel(this.#consumerTag);
    for (const message of this.#held) this.channel.ack(message);
    this.channel.nackAll(true);
  }
}
