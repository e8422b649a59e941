import type { Overflow, QueueArguments } from './arguments.ts';
import { smallerDeliveryLimit } from './policy-keys.ts';
import type { PolicyDefinition } from './policy-keys.ts';
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
  /** How long messages that came back wait; undefined when none does (DLV-09). */
  readonly delayedRetry: DelayedRetrySettings | undefined;
}

/** Which messages that came back wait, and how long: `least` for each failure, but not longer than `most` milliseconds. */
export interface DelayedRetrySettings {
  readonly type: 'all' | 'failed' | 'returned';
  readonly least: number;
  readonly most: number;
}

/** Of quorum queues, since 4.0 (DLV-03). */
const DEFAULT_DELIVERY_LIMIT = 20;

/** By arguments, which queues share: what they came to last. */
const lately = new WeakMap<QueueArguments, { policy: PolicyDefinition; settings: QueueSettings }>();

/** What arguments and policies come to (POL-05, POL-06, POL-07): the same object for the same two, as far as it goes. */
export function queueSettings(args: QueueArguments, policy: PolicyDefinition): QueueSettings {
  const known = lately.get(args);
  if (known?.policy === policy) return known.settings;
  const settings = merge(args, policy);
  lately.set(args, { policy, settings });
  return settings;
}

function merge(args: QueueArguments, policy: PolicyDefinition): QueueSettings {
  const maxLength = smaller(args.maxLength, policy['max-length']);
  const maxLengthBytes = smaller(args.maxLengthBytes, policy['max-length-bytes']);
  const deadLetterExchange = args.deadLetterExchange ?? policy['dead-letter-exchange'];
  const strategy = args.deadLetterStrategy ?? policy['dead-letter-strategy'];
  const overflow = effectiveOverflow(args, policy);
  return {
    messageTtl: smaller(args.messageTtl, policy['message-ttl']),
    expires: smaller(args.expires, policy.expires),
    deadLetterExchange,
    deadLetterRoutingKey: args.deadLetterRoutingKey ?? policy['dead-letter-routing-key'],
    deadLetterAtLeastOnce:
      strategy === 'at-least-once' && deadLetterExchange !== undefined && overflow === 'reject-publish',
    isLimited: maxLength !== Infinity || maxLengthBytes !== Infinity,
    maxLength,
    maxLengthBytes,
    overflow,
    deliveryLimit: effectiveDeliveryLimit(args, policy),
    delayedRetry: effectiveDelayedRetry(args, policy),
  };
}

function smaller(argument: number, policy: number | undefined): number {
  return Math.min(argument, policy ?? Infinity);
}

/** In a quorum queue the policy wins, and `reject-publish-dlx` is `drop-head` (LEN-15). */
function effectiveOverflow({ type, overflow: argument }: QueueArguments, policy: PolicyDefinition): Overflow {
  if (type !== QUORUM) return argument ?? policy.overflow ?? 'drop-head';
  const overflow = policy.overflow ?? argument ?? 'drop-head';
  return overflow === 'reject-publish-dlx' ? 'drop-head' : overflow;
}

/** Only quorum queues have one; what is negative is none (DLV-01, DLV-03). */
function effectiveDeliveryLimit(args: QueueArguments, policy: PolicyDefinition): number {
  if (args.type !== QUORUM) return Infinity;
  const ofPolicy = policy['delivery-limit'];
  const limit = args.deliveryLimit ?? ofPolicy ?? DEFAULT_DELIVERY_LIMIT;
  const smallest = smallerDeliveryLimit(limit, ofPolicy ?? limit);
  return smallest < 0 ? Infinity : smallest;
}

/** The type is the policy's, before the argument's; of delays the smaller counts. One that is useless is none (ARG-07). */
function effectiveDelayedRetry(
  args: QueueArguments,
  policy: PolicyDefinition,
): DelayedRetrySettings | undefined {
  const type = policy['delayed-retry-type'] ?? args.delayedRetryType;
  if (args.type !== QUORUM || type === undefined || type === 'disabled') return undefined;
  const least = smaller(args.delayedRetryMin ?? Infinity, policy['delayed-retry-min']);
  const most = smaller(args.delayedRetryMax ?? Infinity, policy['delayed-retry-max']);
  if (least === Infinity || least <= 0) return undefined;
  return { type, least, most: most === Infinity || most <= 0 ? least : most };
}
