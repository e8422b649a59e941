import { writeTable } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import type { QueueArguments } from './arguments.ts';

/** Arguments of a queue, and the table they are kept in. */
export interface StoredArguments {
  readonly arguments: QueueArguments;
  readonly table: FieldTable;
}

/** Who has thousands of queues has few kinds of them; of what comes and goes in more kinds, it is enough to share some. */
const MOST_KNOWN = 256;

/** Gives queues with the same arguments the same objects, which would be a third of what an empty queue needs. */
export class SharedArguments {
  readonly #known = new Map<string, StoredArguments>();
  /** The same by the tables themselves, of which those who come with many have few, too. */
  readonly #byTable = new WeakMap<FieldTable, StoredArguments>();

  /** @param read for a table that was not seen lately; what it throws passes on */
  of(table: FieldTable, read: (table: FieldTable) => StoredArguments): StoredArguments {
    let found = this.#byTable.get(table);
    if (found === undefined) this.#byTable.set(table, (found = this.#equal(table, read)));
    return found;
  }

  #equal(table: FieldTable, read: (table: FieldTable) => StoredArguments): StoredArguments {
    const key = writeTable(table).toString('latin1');
    let found = this.#known.get(key);
    if (found !== undefined) return found;
    found = read(table);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(key, found);
    return found;
  }
}
