import { Option } from 'commander';
import type { Command } from 'commander';
import { readOptionsFile } from '../app/options-file.ts';
import { flagOf, mergeOptions, OptionError, optionRows, variableOf } from '../app/options.ts';
import type { OptionValues } from '../app/options.ts';
import { Failure } from './failure.ts';

/** What `serve` is given on the command line. */
export type ServeFlags = OptionValues & { config?: string };

/** Adds every option of a broker, and `--config`. */
export function addServeOptions(command: Command): Command {
  for (const row of optionRows) {
    const flag = row.value === undefined ? flagOf(row) : `${flagOf(row)} <${row.value}>`;
    const fallback = row.value === undefined || row.fallback === undefined ? '' : `, default ${row.fallback}`;
    // Before the one that turns it off, or it counts as given always.
    if (row.isOn === true) command.addOption(new Option(flag.replace('--no-', '--')).hideHelp());
    command.addOption(
      new Option(flag, `${row.help} (${variableOf(row)}${row.isOn === true ? '=false' : ''}${fallback})`),
    );
  }
  return command.option('--config <FILE>', 'read options from a JSON file (LEVERET_CONFIG)');
}

/** The configuration file that is to be read; undefined: none. */
export function configPath({ config }: ServeFlags): string | undefined {
  return config ?? process.env['LEVERET_CONFIG'];
}

/** @throws {Failure} for a mistake, wherever it is */
export async function readServeOptions(given: ServeFlags): Promise<OptionValues> {
  const { config: _config, ...flags } = given;
  const path = configPath(given);
  return asFailure(async () =>
    mergeOptions(flags, process.env, path === undefined ? {} : await readOptionsFile(path)),
  );
}

/** What is wrong with options is a mistake in the command line. */
export async function asFailure<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof OptionError) throw new Failure('usage', error.message);
    throw error;
  }
}
