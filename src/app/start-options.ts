import type { MeterProvider } from '../metrics/telemetry.ts';
import { momentOf } from './moments.ts';
import type { Moment } from './moments.ts';
import { OptionError, optionRows } from './options.ts';
import type { BrokerOptions, ClockMode } from './options.ts';
import { suggestion } from './suggest.ts';

/** How a broker is started in this process. */
export interface StartOptions extends Partial<Omit<BrokerOptions, 'clock' | 'now'>> {
  /** Keep everything in memory, which is so anyway without `data`. */
  readonly memory?: boolean;
  /** `real` goes as the host's clock does, `manual` stands still until it is moved; either from `now` on. */
  readonly clock?: ClockMode | { readonly mode?: ClockMode; readonly now?: Moment };
  /**
   * Metrics for OpenTelemetry: a `MeterProvider`, or true for the one that `@opentelemetry/api` has been given. The
   * package belongs to the program that starts the broker.
   */
  readonly telemetry?: boolean | MeterProvider;
  /**
   * Hears of a write to `data` that failed: from then on nothing is confirmed any more. Without it the process ends
   * with the error.
   */
  readonly onFailure?: (error: unknown) => void;
}

/** What only the command line has use for. */
const NOT_HERE = ['json', 'now'];

const OPTIONS = [
  ...optionRows.map(({ name }) => name).filter((name) => !NOT_HERE.includes(name)),
  'onFailure',
  'telemetry',
];

/**
 * Everything a broker needs to know: what is not said is as for `leveret serve`, but for a free port, no data directory
 * and no management API.
 * @throws {OptionError}
 */
export function readStartOptions(options: StartOptions): BrokerOptions {
  checkNames(Object.keys(options), OPTIONS);
  if (options.memory === true && options.data !== undefined) {
    throw new OptionError('"memory" and "data" exclude each other: choose one');
  }
  const { clock } = options;
  const named = typeof clock === 'object' && clock !== null ? clock : undefined;
  if (named !== undefined) checkNames(Object.keys(named), ['mode', 'now'], ' of "clock"');
  const { mode = 'real', now } = named ?? { mode: clock as ClockMode | undefined };
  const given: Readonly<Record<string, unknown>> = {
    port: 0,
    management: options.managementPort !== undefined,
    ...options,
    clock: mode,
    now: now instanceof Date ? momentOf(now) : now,
  };
  const values: Record<string, unknown> = { data: undefined };
  for (const row of optionRows) {
    const value = given[row.name];
    if (isReady(row.name, value)) values[row.name] = value;
    else if (value !== undefined) values[row.name] = row.read(value as string, `"${row.name}"`);
    else if (row.fallback !== undefined && row.name !== 'data')
      values[row.name] = row.read(row.fallback, 'the default');
  }
  return values as unknown as BrokerOptions;
}

/** A text cannot say it. */
function isReady(name: string, value: unknown): boolean {
  const isOpen = name === 'definitions' || name === 'faults';
  return (name === 'port' && value === false) || (isOpen && typeof value === 'object');
}

function checkNames(names: readonly string[], known: readonly string[], where = ''): void {
  for (const name of names) {
    if (!known.includes(name))
      throw new OptionError(`"${name}" is not an option${where}; ${suggestion(name, known)}`);
  }
}
