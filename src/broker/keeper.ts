import { countDurable } from './declared-queue.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Message } from './message.ts';

/** What an exchange does with a message beside routing it on: it has a place with the exchange, as in a queue. */
export interface Keeper {
  /** What it keeps survives a restart, whatever the delivery mode. */
  readonly durable: boolean;
  /** Takes a message whose content was just written; it counts among `message.places` as long as it is kept. */
  keep(message: Message): void;
}

/** A message in an exchange. */
export interface KeptMessage {
  readonly message: Message;
  /** When it is due to go on; Infinity when it stays. */
  readonly expiresAt: number;
}

/** The keepers on the way of nearly every message. */
export const NO_KEEPERS: readonly Keeper[] = [];

/** How many places on disk a message will have: in queues that record it, and with durable keepers. */
export function countDurablePlaces(
  persistent: boolean,
  queues: readonly DeclaredQueue[],
  keepers: readonly Keeper[],
): number {
  let count = countDurable(queues, persistent);
  for (const keeper of keepers) if (keeper.durable) count++;
  return count;
}
