import type { Overflow, QueueArguments } from './arguments.ts';
import { QUORUM } from './queue-type.ts';

/**
 * What holds for a queue now, and may change while it lives: it is replaced as a whole, by one of the same shape. Limits
 * that are absent are Infinity, so that nothing has to ask.
 */
export interface QueueSettings {
  /** Milliseconds. */
  readonly messageTtl: number;
  /** Milliseconds without use after which the queue is deleted. */
  readonly expires: number;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  /** A dead message stays until every queue it is to go to has it (DLX-13). */
  readonly deadLetterAtLeastOnce: boolean;
  /** There is a limit of either kind. */
  readonly isLimited: boolean;
  /** Ready messages. */
  readonly maxLength: number;
  /** Bytes of the bodies of ready messages. */
  readonly maxLengthBytes: number;
  readonly overflow: Overflow;
  /** How often a message may come back (DLV-02). */
  readonly deliveryLimit: number;
}

/** Of quorum queues, since 4.0 (DLV-03). */
const DEFAULT_DELIVERY_LIMIT = 20;

/** What holds for a queue with these arguments. */
export function queueSettings(args: QueueArguments): QueueSettings {
  const { maxLength, maxLengthBytes, deadLetterExchange } = args;
  const overflow = effectiveOverflow(args);
  return {
    messageTtl: args.messageTtl,
    expires: args.expires,
    deadLetterExchange,
    deadLetterRoutingKey: args.deadLetterRoutingKey,
    deadLetterAtLeastOnce:
      args.deadLetterStrategy === 'at-least-once' &&
      deadLetterExchange !== undefined &&
      overflow === 'reject-publish',
    isLimited: maxLength !== Infinity || maxLengthBytes !== Infinity,
    maxLength,
    maxLengthBytes,
    overflow,
    deliveryLimit: effectiveDeliveryLimit(args),
  };
}

/** Quorum queues take `reject-publish-dlx` for `drop-head` (LEN-15). */
function effectiveOverflow({ type, overflow = 'drop-head' }: QueueArguments): Overflow {
  return type === QUORUM && overflow === 'reject-publish-dlx' ? 'drop-head' : overflow;
}

/** Only quorum queues have one; what is negative is none (DLV-01, DLV-03). */
function effectiveDeliveryLimit({ type, deliveryLimit }: QueueArguments): number {
  if (type !== QUORUM) return Infinity;
  const limit = deliveryLimit ?? DEFAULT_DELIVERY_LIMIT;
  return limit < 0 ? Infinity : limit;
}
