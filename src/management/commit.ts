import type { CommitListener, Journal } from '../broker/journal.ts';

/** Resolves when this batch is on disk; what was defined so far is in batch `journal.defined`. */
export function onDisk(journal: Journal, batch: number): Promise<void> {
  return new Promise((resolve) => {
    const listener: CommitListener = {
      committed: (done) => (done >= batch ? resolve() : journal.onCommit(listener)),
    };
    listener.committed(journal.committed);
  });
}
