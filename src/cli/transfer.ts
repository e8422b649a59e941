import type { ConfirmChannel, ConsumeMessage, Message } from 'amqplib';
import { copyOf, isCopy, type Copy } from './copy.ts';
import { Failure, type FailureKind } from './failure.ts';
import { plural, type Output } from './output.ts';
import { Subscription } from './subscription.ts';

/** Where moved messages are published to; without a key each keeps its own. */
export interface Destination {
  readonly exchange: string;
  readonly key: string | undefined;
}

interface TransferOptions {
  readonly limit: number;
  readonly fresh: boolean;
}

/** A message that was published to its new place and is not confirmed there yet. */
interface InFlight {
  readonly message: ConsumeMessage;
  readonly copy: Copy;
  returned: boolean;
}

const MOST_IN_FLIGHT = 100;
const QUIET_MILLISECONDS = 200;
const LONGEST_QUIET = 25;

/** Moves messages from a queue so that at every moment each is in its old place, in its new one, or in both. */
export class Transfer {
  readonly #from: string;
  readonly #to: Destination;
  readonly #options: TransferOptions;
  readonly #inFlight = new Set<InFlight>();
  #moved = 0;
  #unanswered = 0;
  #quiet = 0;
  #ended = false;
  #problem: Failure | undefined;
  #wake: () => void = () => undefined;

  constructor(from: string, to: Destination, options: TransferOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
  }

  /** Moves what is in the queue at the start, in order, and stops at the first message that is not taken. */
  async run(channel: ConfirmChannel, interrupt: AbortSignal): Promise<void> {
    const { messageCount } = await channel.checkQueue(this.#from);
    await this.#checkDestination(channel);
    // A destination may send messages back: those that were there at the start are all that is moved.
    const wanted = Math.min(messageCount, this.#options.limit);
    if (wanted === 0) return;
    if (interrupt.aborted) throw new Failure('interrupted', 'interrupted before the first message');
    channel.on('return', (returned) => this.#onReturn(returned));
    interrupt.addEventListener('abort', () => this.#stop('interrupted', 'interrupted'));
    const subscription = new Subscription(channel, { prefetch: MOST_IN_FLIGHT, wanted });
    await subscription.start(this.#from, (message) => this.#onMessage(channel, subscription, message));
    const watch = setInterval(() => void this.#watch(channel), QUIET_MILLISECONDS).unref();
    await this.#until(() => this.#inFlight.size === 0 && (this.#ended || subscription.delivered === wanted));
    clearInterval(watch);
    await subscription.stop();
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** Prints what has been moved; after a failure only when there is something to tell. */
  async report(output: Output, failure?: Failure): Promise<void> {
    const published = this.#moved + this.#unanswered;
    if (failure !== undefined && published === 0) return;
    const { exchange, key } = this.#to;
    const text = [`moved ${plural(this.#moved, 'message')} from ${this.#from} to ${describe(this.#to)}`];
    // With the connection the last acks were lost too; the broker had at most this many to wait for.
    const uncertain = failure?.kind === 'unreachable' ? Math.min(published, MOST_IN_FLIGHT) : 0;
    if (uncertain > 0) text.push(`up to ${uncertain} of the last may be in both`);
    const to =
      exchange === '' ? { to: key } : { exchange, ...(key === undefined ? {} : { routing_key: key }) };
    const record = { moved: this.#moved, from: this.#from, ...to };
    await output.result(text.join('; '), uncertain === 0 ? record : { ...record, uncertain });
  }

  async #checkDestination(channel: ConfirmChannel): Promise<void> {
    const { exchange, key } = this.#to;
    if (exchange !== '') await channel.checkExchange(exchange);
    else if (key !== undefined) await channel.checkQueue(key);
  }

  #onMessage(channel: ConfirmChannel, subscription: Subscription, message: ConsumeMessage | null): void {
    this.#quiet = 0;
    if (this.#ended) return; // it goes back when the subscription stops
    if (message === null) return this.#stop('not-found', `queue ${this.#from} was deleted`);
    const { exchange, key = message.fields.routingKey } = this.#to;
    try {
      const copy = copyOf(message, this.#options.fresh);
      const moving: InFlight = { message, copy, returned: false };
      const properties = { ...copy.properties, mandatory: true };
      channel.publish(exchange, key, copy.content, properties, (error) =>
        this.#onAnswer(subscription, moving, error),
      );
      this.#inFlight.add(moving);
    } catch (error) {
      this.#stop('unexpected', `the next message cannot be moved: ${(error as Error).message}`);
    }
  }

  /** A return says which message it is only by being that message; it comes before the confirm. */
  #onReturn(returned: Message): void {
    const waiting = [...this.#inFlight].filter((moving) => !moving.returned);
    const same = waiting.find((moving) => isCopy(moving.copy, returned));
    for (const moving of same === undefined ? waiting : [same]) moving.returned = true;
    const { replyText } = returned.fields as unknown as { replyText: string };
    this.#stop('undelivered', `${describe(this.#to)} did not take a message (${replyText})`);
  }

  #onAnswer(subscription: Subscription, moving: InFlight, error: Error | null): void {
    if (error?.message === 'channel closed') {
      this.#unanswered++;
      return; // the session fails with the reason
    }
    this.#inFlight.delete(moving);
    if (error !== null) this.#stop('undelivered', `${describe(this.#to)} refused a message (it may be full)`);
    if (error === null && !moving.returned) {
      subscription.ack(moving.message);
      this.#moved++;
    }
    this.#wake();
  }

  /** Others may take messages too, so that fewer come than there were: then the queue is empty while all is quiet. */
  async #watch(channel: ConfirmChannel): Promise<void> {
    if (this.#inFlight.size > 0) this.#quiet = 0;
    const quiet = ++this.#quiet;
    if (quiet === 1 || this.#ended) return;
    try {
      const { messageCount } = await channel.checkQueue(this.#from);
      if (this.#quiet !== quiet) return;
      if (messageCount === 0) this.#end();
      else if (quiet > LONGEST_QUIET)
        this.#stop('refused', 'nothing is delivered, since another consumer is preferred');
    } catch {
      this.#end(); // the session fails with the reason
    }
  }

  #stop(kind: FailureKind, why: string): void {
    this.#problem ??= new Failure(kind, `${why}; what was not moved is still in ${this.#from}`);
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function describe({ exchange, key }: Destination): string {
  if (exchange === '') return key === undefined ? 'the default exchange' : key;
  return key === undefined ? `exchange ${exchange}` : `exchange ${exchange} with key ${JSON.stringify(key)}`;
}
