import type { Routed } from '../broker/publish.ts';
import type { MethodOf } from '../wire/methods.ts';
import type { Delivery } from './unacked.ts';

/** `return` is a requeue that does not count as a failure where that is told apart (DLV-09). */
export type Settlement = 'ack' | 'reject' | 'requeue' | 'return';

/** A publish that waits for the commit. All bytes are its own. */
export interface PendingPublish {
  readonly method: MethodOf<'basic.publish'>;
  readonly routed: Routed;
  readonly body: Buffer;
}

interface PendingSettlement {
  readonly deliveries: readonly Delivery[];
  readonly how: Settlement;
}

/** What a transactional channel was told and has not done yet (TXN-03). */
export class Transaction {
  #publishes: PendingPublish[] = [];
  #settlements: PendingSettlement[] = [];

  publish(method: MethodOf<'basic.publish'>, routed: Routed, body: Buffer): void {
    const own = { ...routed, properties: Buffer.from(routed.properties) };
    this.#publishes.push({ method, routed: own, body: Buffer.from(body) });
  }

  settle(deliveries: readonly Delivery[], how: Settlement): void {
    this.#settlements.push({ deliveries, how });
  }

  /** How many publishes wait. */
  get publishCount(): number {
    return this.#publishes.length;
  }

  /** The deliveries that wait to be settled. */
  *deliveries(): Iterable<Delivery> {
    for (const { deliveries } of this.#settlements) yield* deliveries;
  }

  /** How many that are. */
  get settlementCount(): number {
    return this.#settlements.reduce((count, { deliveries }) => count + deliveries.length, 0);
  }

  /** Takes out everything: it is committed or forgotten, and the next transaction begins. */
  take(): {
    readonly publishes: readonly PendingPublish[];
    readonly settlements: readonly PendingSettlement[];
  } {
    const taken = { publishes: this.#publishes, settlements: this.#settlements };
    this.#publishes = [];
    this.#settlements = [];
    return taken;
  }
}

/** Queues that were deleted since the message was routed do not get it. */
export function withoutDeleted(routed: Routed): Routed {
  if (!routed.targets.some((queue) => queue.isDeleted)) return routed;
  return { ...routed, targets: routed.targets.filter((queue) => !queue.isDeleted) };
}
