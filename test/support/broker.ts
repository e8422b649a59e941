import { startBroker } from '../../src/index.ts';
import type { BrokerOptions, RunningBroker } from '../../src/index.ts';

/** A broker in this process on a free port of the loopback interface: in memory unless `data` says where. */
export async function startTestBroker(options: Partial<BrokerOptions> = {}): Promise<RunningBroker> {
  return startBroker({ port: 0, logLevel: 'silent', ...options });
}
