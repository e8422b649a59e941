import type { Definition } from '../broker/journal.ts';
import { MemoryJournal } from '../broker/memory-journal.ts';
import { identityOf } from './definitions.ts';

/** What a vhost tells of, transient or not. */
const DECLARED = new Set<Definition['kind']>(['exchange', 'queue', 'binding']);

/** A journal in memory that still knows what is defined beside exchanges, queues and bindings. */
export class SnapshotJournal extends MemoryJournal {
  readonly #definitions = new Map<string, Definition>();

  get definitions(): Iterable<Definition> {
    return this.#definitions.values();
  }

  override define(definition: Definition): void {
    if (!DECLARED.has(definition.kind)) this.#definitions.set(identityOf(definition), definition);
  }

  override undefine(definition: Definition): void {
    if (!DECLARED.has(definition.kind)) this.#definitions.delete(identityOf(definition));
  }
}
