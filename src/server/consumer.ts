import { Subscription } from '../broker/consumers.ts';
import type { Receiver, SubscriptionSettings } from '../broker/consumers.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { shortstrBytes } from '../wire/codec.ts';

/** A consumer of a channel, with its tag as deliveries carry it. */
export class Consumer extends Subscription {
  readonly tagBytes: Buffer;

  constructor(queue: DeclaredQueue, receiver: Receiver, settings: SubscriptionSettings) {
    super(queue, receiver, settings);
    this.tagBytes = shortstrBytes(settings.consumerTag);
  }
}
