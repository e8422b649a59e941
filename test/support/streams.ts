import { Subscription } from '../../src/broker/consumers.ts';
import type { Receiver } from '../../src/broker/consumers.ts';
import type { DeclaredQueue } from '../../src/broker/declared-queue.ts';
import type { Entry } from '../../src/broker/message.ts';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { subscribed } from './core.ts';
import type { Core } from './core.ts';

/** Declares a stream. */
export function aStream(core: Core, name = 's', args: Record<string, FieldValue> = {}): DeclaredQueue {
  return core.declare(name, { 'x-queue-type': longstr('stream'), ...args });
}

/** A consumer of a stream that notes what it is given as `offset body`, and acks only when it is told. */
export class StreamConsumer implements Receiver {
  readonly seen: string[] = [];
  readonly subscription: Subscription;
  readonly #core: Core;
  #unacked: Entry[] = [];
  /** Whether its channel takes anything. */
  isOpen = true;
  isCancelled = false;

  constructor(core: Core, stream: DeclaredQueue, args: Record<string, FieldValue> = {}, prefetch = 1000) {
    this.#core = core;
    const settings = { ...subscribed, prefetch, arguments: fieldTable(args) };
    this.subscription = new Subscription(stream, this, settings);
    stream.addConsumer(this.subscription);
    core.settle();
  }

  /** The bodies since the last call. */
  take(): string[] {
    return this.seen.splice(0).map((line) => line.slice(line.indexOf(' ') + 1));
  }

  hasCredit(): boolean {
    return this.isOpen;
  }

  deliver(_subscription: Subscription, entry: Entry): void {
    const { body, properties } = this.#core.see(entry);
    const offset = properties.headers?.get('x-stream-offset');
    this.seen.push(`${offset?.tag === 'l' ? offset.value : 'no offset'} ${body}`);
    this.#unacked.push(entry);
  }

  cancelled(): void {
    this.isCancelled = true;
  }

  /** Settles its oldest deliveries. */
  ack(count: number): void {
    for (const entry of this.#unacked.splice(0, count)) {
      this.subscription.queue.ack(entry);
      this.subscription.unacked--;
    }
    this.resume();
  }

  resume(): void {
    this.subscription.resume();
    this.#core.settle();
  }

  cancel(): void {
    this.subscription.queue.removeConsumer(this.subscription);
  }
}
