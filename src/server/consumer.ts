import { Subscription } from '../broker/consumers.ts';
import type { Receiver } from '../broker/consumers.ts';
import type { Queue } from '../broker/queue.ts';
import { shortstrBytes } from '../wire/codec.ts';

/** A consumer of a channel, with its tag as deliveries carry it. */
export class Consumer extends Subscription {
  readonly tagBytes: Buffer;

  constructor(
    queue: Queue,
    receiver: Receiver,
    settings: Pick<Subscription, 'consumerTag' | 'noAck' | 'exclusive' | 'priority' | 'prefetch'>,
  ) {
    super(queue, receiver, settings);
    this.tagBytes = shortstrBytes(settings.consumerTag);
  }
}
