import { DeadCopies, deadLetterKey, deadLetterKeys } from './dead-copy.ts';
import type { DeadCopyHost } from './dead-copy.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Exchange } from './exchange.ts';
import { countDurablePlaces } from './keeper.ts';
import type { Keeper } from './keeper.ts';
import type { KeptDead } from './kept-dead.ts';
import { Message } from './message.ts';
import type { Entry } from './message.ts';
import type { Events } from './observer.ts';
import { Pace } from './pace.ts';
import type { Queue } from './queue.ts';
import type { DeathReason } from './queue-host.ts';
import { Ring } from './ring.ts';

/** Why a dead message reached nobody: what RabbitMQ drops in silence is dropped the same way, but counted. */
export type LostReason =
  | 'no dead-letter exchange'
  | 'exchange missing'
  | 'no route'
  | 'cycle'
  | 'refused'
  /** An answer that a requester has no room for: it never was in a queue. */
  | 'slow requester';

/** What burying needs of the vhost it happens in. */
export interface DeadLetterHost extends DeadCopyHost {
  readonly events: Events;
  nextMessageId(): number;
  /** Runs a task after the present one, when others had their turn. */
  soon(task: () => void): void;
  /** A dead message did not reach a queue it should have; called for each. */
  lost(queue: Queue, reason: DeathReason, why: LostReason): void;
}

interface Burial {
  readonly queue: Queue;
  readonly entry: Entry;
  readonly reason: DeathReason;
}

/** How many are buried in one go: a few milliseconds. */
const BURIALS = 256;

/**
 * Takes messages that died in a queue and republishes them to its dead-letter exchange (section "Republishing" of the
 * rules: DLX-15 to DLX-22). One burial may fill another queue and cause the next; they wait in a list, so that a long
 * chain of queues needs no deep stack and the oldest goes first. When there are many, others get their turn in between.
 */
export class DeadLetters {
  readonly #host: DeadLetterHost;
  readonly #waiting = new Ring<Burial>();
  readonly #copies: DeadCopies;
  readonly #pace = new Pace();
  /** A message is being put in its queues, or another is being buried: burials wait. */
  #isHeld = false;
  #isScheduled = false;

  constructor(host: DeadLetterHost) {
    this.#host = host;
    this.#copies = new DeadCopies(host);
  }

  bury(queue: Queue, entry: Entry, reason: DeathReason): void {
    if (this.#isHeld || this.#waiting.length > 0) this.#waiting.push({ queue, entry, reason });
    if (this.#isHeld) return;
    this.#isHeld = true;
    try {
      if (this.#waiting.length === 0) this.#buryOne(queue, entry, reason);
    } finally {
      this.#isHeld = false;
      if (this.#waiting.length > 0) this.#buryWaiting();
    }
  }

  /** Whether the dead of this queue come faster than consumers take them. */
  isAhead(queue: Queue): boolean {
    return this.#copies.lastTargets(queue).some((target) => target.isBehind && this.#pace.paysFor(target));
  }

  /** What the task buries is buried when it is done, a part of it in later turns if it is much. */
  hold(task: () => void): void {
    const wasHeld = this.#isHeld;
    this.#isHeld = true;
    try {
      task();
    } finally {
      this.#isHeld = wasHeld;
    }
    if (!wasHeld) this.#buryWaiting();
  }

  /**
   * Puts a new message in every queue it reaches, and with those that keep it. What it pushes out is buried when it stands in all of them: a copy
   * of that is younger than the message and stands behind it everywhere.
   * @param accepted takes up the queues that did not refuse it
   * @returns how many queues refused it
   */
  enqueue(
    message: Message,
    targets: readonly DeclaredQueue[],
    keepers: readonly Keeper[],
    ttl: number,
    accepted?: Set<DeclaredQueue | Keeper>,
  ): number {
    const wasHeld = this.#isHeld;
    this.#isHeld = true;
    let refusals = 0;
    message.places++; // not to be released when one queue is done with it before the next has it
    try {
      for (const keeper of keepers) {
        keeper.keep(message);
        accepted?.add(keeper);
      }
      for (const target of targets) {
        if (!target.publish(message, ttl)) refusals++;
        else accepted?.add(target);
      }
    } finally {
      this.#isHeld = wasHeld;
    }
    if (--message.places === 0) this.#host.journal.release(message);
    if (!wasHeld && this.#waiting.length > 0) this.#buryWaiting();
    return refusals;
  }

  /** One that fails is left out: a restart finds it where it was. */
  #buryWaiting(): void {
    this.#isHeld = true;
    try {
      for (let left = BURIALS; left > 0 && this.#waiting.length > 0; left--) {
        const { queue, entry, reason } = this.#waiting.shift() as Burial;
        this.#buryOne(queue, entry, reason);
      }
    } finally {
      this.#isHeld = false;
      this.#scheduleRest();
    }
  }

  #scheduleRest(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    this.#host.soon(() => {
      this.#isScheduled = false;
      this.#buryWaiting();
    });
  }

  /** Copies are placed before the original is settled: both land in the same commit, or neither. */
  #buryOne(queue: Queue, entry: Entry, reason: DeathReason): void {
    const name = queue.settings.deadLetterExchange;
    const exchange = name === undefined ? undefined : this.#host.exchanges.get(name); // looked up at each death (DLX-03)
    const dead = queue.kept?.get(entry);
    if (dead !== undefined) return this.#buryKept(queue, dead, exchange);
    if (exchange !== undefined) this.#republish(queue, entry.message, reason, exchange);
    else
      this.#lost(
        queue,
        entry.message,
        reason,
        name === undefined ? 'no dead-letter exchange' : 'exchange missing',
      );
    queue.forget(entry);
  }

  /**
   * At least once: it leaves its queue when every queue it is routed to has it, and one at least (DLX-14); where that
   * does not hold any more, in any case.
   */
  #buryKept(queue: Queue, dead: KeptDead, exchange: Exchange | undefined): void {
    const { entry, reason, takers } = dead;
    if (queue.isDeleted) return queue.forget(entry); // EXP-11
    const isTaken = exchange !== undefined && this.#republish(queue, entry.message, reason, exchange, takers);
    if (isTaken || !queue.settings.deadLetterAtLeastOnce) queue.forget(entry);
    else queue.kept?.failed(dead);
  }

  /**
   * @param takers queues that have it already, and get it no more; those that take it now are added
   * @returns whether it reached somebody and nobody refused it
   */
  #republish(
    queue: Queue,
    message: Message,
    reason: DeathReason,
    exchange: Exchange,
    takers?: Set<DeclaredQueue | Keeper>,
  ): boolean {
    const dead = this.#copies.of(queue, message, reason, exchange);
    const { targets, isDelayed, cycles } = dead;
    if (targets.length === 0 && cycles === 0 && !isDelayed) this.#lost(queue, message, reason, 'no route');
    for (let n = 0; n < cycles; n++) this.#lost(queue, message, reason, 'cycle');
    const keepers = open(dead.keepers, takers);
    if (targets.length === 0 && keepers.length === 0) return false;
    const queues = open(targets, takers);
    const copy = this.#copy(queue, message, exchange);
    const durablePlaces = countDurablePlaces(copy.persistent, queues, keepers);
    this.#host.journal.rewrite(copy, dead.properties, message, durablePlaces);
    const { events } = this.#host;
    if (events.isHeard) events.deadLettered(queue, reason, message, copy, queues);
    const refusals = this.enqueue(copy, queues, keepers, Infinity, takers);
    for (let n = 0; n < refusals; n++) this.#lost(queue, message, reason, 'refused'); // at most once (DLX-10)
    return (targets.length > 0 || isDelayed) && refusals === 0;
  }

  /** What is kept is not lost. */
  #lost(queue: Queue, message: Message, reason: DeathReason, why: LostReason): void {
    if (queue.settings.deadLetterAtLeastOnce) return;
    const { events } = this.#host;
    if (events.isHeard) events.dropped(queue, message, why, reason);
    this.#host.lost(queue, reason, why);
  }

  #copy(queue: Queue, message: Message, exchange: Exchange): Message {
    const id = this.#host.nextMessageId();
    const key = deadLetterKey(queue, message);
    const { persistent, priority } = message;
    return new Message(id, exchange.name, key, deadLetterKeys(queue, message), persistent, true, priority);
  }
}

/** Without those that took it already. */
function open<T>(all: readonly T[], takers: ReadonlySet<DeclaredQueue | Keeper> | undefined): readonly T[] {
  return takers === undefined ? all : all.filter((one) => !takers.has(one as DeclaredQueue | Keeper));
}
