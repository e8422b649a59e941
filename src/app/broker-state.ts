import type { Broker } from '../broker/broker.ts';
import type { Listener } from '../server/listener.ts';
import { StoreError } from '../store/format.ts';
import { readSnapshot, restoreSnapshot, takeSnapshot } from '../store/snapshot.ts';
import type { SnapshotJournal } from '../store/snapshot-journal.ts';
import type { BrokerClock } from './broker-clock.ts';

/** All that a broker in memory holds, to be taken and put back as a whole. */
export class BrokerState {
  readonly #broker: Broker;
  readonly #journal: SnapshotJournal | undefined;
  readonly #listener: Listener;
  readonly #clock: BrokerClock;

  /** @param journal undefined with a data directory */
  constructor(broker: Broker, journal: SnapshotJournal | undefined, listener: Listener, clock: BrokerClock) {
    this.#broker = broker;
    this.#journal = journal;
    this.#listener = listener;
    this.#clock = clock;
  }

  async take(): Promise<Buffer> {
    const journal = this.#inMemory();
    await this.#clock.settle();
    return takeSnapshot(this.#broker, journal);
  }

  async restore(bytes: Uint8Array): Promise<void> {
    const journal = this.#inMemory();
    const snapshot = await readSnapshot(bytes);
    const clear = async (): Promise<void> => {
      await this.#listener.closeAll('the broker goes back to a snapshot');
      this.#broker.clear();
    };
    await this.#clock.restore(snapshot.now, clear, () => restoreSnapshot(this.#broker, journal, snapshot));
  }

  #inMemory(): SnapshotJournal {
    if (this.#journal !== undefined) return this.#journal;
    throw new StoreError('a broker with a data directory has no snapshots: stop it and copy the directory');
  }
}
