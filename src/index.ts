import { startNode } from './app/node.ts';
import type { Node } from './app/node.ts';
import type { BrokerOptions } from './app/options.ts';
import { optionRows } from './app/options.ts';

export type { FaultRequests, RequestedFault } from './app/fault-requests.ts';
export { OptionError } from './app/options.ts';
export type { BrokerOptions } from './app/options.ts';
export type { Node as RunningBroker } from './app/node.ts';
export type { BrokerEvent, BrokerEventName, BrokerEvents, SeenMessage } from './broker/observer.ts';
export type { FaultKind, FaultOptions } from './server/fault-kinds.ts';
export { StoreError } from './store/format.ts';

/** How a broker is started in this process. */
export interface StartOptions extends Partial<BrokerOptions> {
  /**
   * Hears of a write to `data` that failed: from then on nothing is confirmed any more. Without it the process ends
   * with the error.
   */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Starts a broker in this process and resolves when it accepts connections. Without `data` everything is kept in
 * memory; without `port` a free one is picked. The management HTTP API is served if `management` or `managementPort` is given, on a
 * free port if there is none.
 * @throws {StoreError} when the data directory cannot be used
 * @throws {OptionError} when an option is not what it should be
 */
export async function startBroker(options: StartOptions = {}): Promise<Node> {
  const management = options.management ?? options.managementPort !== undefined;
  const values: Record<string, unknown> = { port: 0, data: undefined, management };
  for (const row of optionRows) {
    const given = options[row.name as keyof BrokerOptions];
    if (typeof given === 'object') values[row.name] = given;
    else if (given !== undefined) values[row.name] = row.read(given, `"${row.name}"`);
    else if (!(row.name in values) && row.fallback !== undefined)
      values[row.name] = row.read(row.fallback, 'the default');
  }
  return startNode(values as unknown as BrokerOptions, { onFailure: options.onFailure ?? endProcess });
}

/** Thrown where nobody catches it. */
function endProcess(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
