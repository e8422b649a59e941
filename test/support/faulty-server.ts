import { readFault } from '../../src/app/fault-options.ts';
import type { FaultOptions } from '../../src/server/fault-kinds.ts';
import type { Fault } from '../../src/server/faults.ts';
import { PairedServer } from './paired-server.ts';

/** A server of which faults can be asked for. */
export class FaultyServer extends PairedServer {
  ask(options: FaultOptions): Fault {
    return this.faults.add(readFault(options));
  }
}
