import { startBroker } from '../../src/index.ts';
import type { RunningBroker, StartOptions } from '../../src/index.ts';

/** A broker in this process on a free port of the loopback interface: in memory unless `data` says where. */
export async function startTestBroker(options: StartOptions = {}): Promise<RunningBroker> {
  return startBroker({ port: 0, logLevel: 'silent', ...options });
}
