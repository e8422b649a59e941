import type { Log } from '../server/log.ts';
import type { BrokerOptions } from './options.ts';
import type { Teardown } from './teardown.ts';

/** What every part of the start needs. */
export interface Start {
  readonly options: BrokerOptions;
  readonly log: Log;
  readonly teardown: Teardown;
}
