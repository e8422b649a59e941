import { createHash, randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { LoopTurn } from '../../src/app/turn.ts';
import { Broker } from '../../src/broker/broker.ts';
import { ManualClock } from '../../src/broker/clock.ts';
import type { Journal } from '../../src/broker/journal.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import { Alarms } from '../../src/server/alarms.ts';
import { Connection } from '../../src/server/connection.ts';
import type { ConnectionHost } from '../../src/server/connection-host.ts';
import { DEFAULT_LIMITS } from '../../src/server/limits.ts';
import { Faults } from '../../src/server/faults.ts';
import type { ServerLimits } from '../../src/server/limits.ts';
import type { Log } from '../../src/server/log.ts';
import { EMPTY_TABLE } from '../../src/wire/table.ts';
import type { FieldTable } from '../../src/wire/table.ts';
import { pairOfStreams } from '../../src/server/stream-pair.ts';
import { Client } from '../../spec/support/client.ts';
import type { OpenOptions } from '../../spec/support/client.ts';

export interface PairedOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly maxQueues?: number;
  readonly journal?: Journal;
  /** Hears of bugs of ours. */
  readonly onError?: (fields: Record<string, unknown>) => void;
}

/** Connections without sockets, on a clock moved by hand: for deadlines, heartbeats, and users other than guest. */
export class PairedServer implements ConnectionHost {
  readonly wallClock = new ManualClock(1_000_000_000_000);
  readonly broker: Broker;
  readonly serverProperties = (): FieldTable => EMPTY_TABLE;
  readonly limits: ServerLimits;
  readonly alarms = new Alarms();
  readonly faults = new Faults();
  readonly openConnections = new Set<object>();
  readonly log: Log;
  readonly connections: Connection[] = [];

  constructor(options: PairedOptions = {}) {
    const { limits, maxQueues = Infinity, journal = new MemoryJournal(), onError = () => {} } = options;
    this.log = { debug: () => {}, info: () => {}, warn: () => {}, error: onError };
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.broker = new Broker({
      clock: this.wallClock,
      journal,
      maxQueues,
      turn: new LoopTurn(),
      secrets: {
        random: (bytes) => randomBytes(bytes),
        digest: (hashing, bytes) => createHash(hashing).update(bytes).digest(),
      },
    });
  }

  ended(connection: Connection): void {
    this.connections.splice(this.connections.indexOf(connection), 1);
  }

  /** A client that has said nothing yet. */
  connect(isLoopback = true, certified?: string): Client {
    const [near, far] = pairOfStreams();
    this.connections.push(new Connection(far, this, { name: 'client -> server', isLoopback, certified }));
    return new Client(near);
  }

  /** An open connection with channel 1 on it. */
  async open(options: OpenOptions = {}): Promise<Client> {
    const client = await this.connect().open(options);
    await client.call(1, 'channel.open');
    return client;
  }

  /** Moves time, and lets what falls due arrive. */
  async advance(ms: number): Promise<void> {
    this.wallClock.advance(ms);
    await this.settle();
  }

  /** Lets everything on its way arrive. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 5; turns++) await turn();
  }
}
