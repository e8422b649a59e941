import { MessageCounts } from './counts.ts';
import { DeathCounts } from './death-counts.ts';
import type { DeclaredQueue } from './declared-queue.ts';

/** What queues counted, together. */
export class QueueTotals {
  readonly counts = new MessageCounts();
  readonly deaths = new DeathCounts();

  add({ counts, deaths }: Pick<DeclaredQueue, 'counts' | 'deaths'>): void {
    this.counts.add(counts);
    if (deaths !== undefined) this.deaths.add(deaths);
  }
}

/** What was counted by queues that are deleted: without it sums over all queues would fall. */
export class GoneQueues {
  /** By the names of their types. */
  readonly #types = new Map<string, QueueTotals>();

  add(queue: DeclaredQueue): void {
    const { name } = queue.arguments.type;
    let totals = this.#types.get(name);
    if (totals === undefined) this.#types.set(name, (totals = new QueueTotals()));
    totals.add(queue);
  }

  /** Undefined when none of this type was deleted. */
  ofType(name: string): QueueTotals | undefined {
    return this.#types.get(name);
  }
}
