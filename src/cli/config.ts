import type { Command } from 'commander';
import { inspectOptionsFile } from '../app/options-file.ts';
import type { OptionsFile } from '../app/options-file.ts';
import { flagOf, optionRows, resolveOptions, variableOf } from '../app/options.ts';
import type { OptionRow, OptionSource } from '../app/options.ts';
import { suggestion } from '../app/suggest.ts';
import { Failure } from './failure.ts';
import { Output, plural } from './output.ts';
import { addServeOptions, asFailure, configPath } from './serve-options.ts';
import type { ServeFlags } from './serve-options.ts';
import { tableLines } from './table.ts';

const EXAMPLES = `
A flag beats the environment, the environment beats the file, the file beats the default.

Examples:
  What a broker would be started with, and where each value is from:
  $ leveret config print --config leveret.json --port 5673
  Whether a file, and the variables LEVERET_..., hold mistakes:
  $ leveret config check leveret.json`;

/** Variables of the environment that are no options of a broker. */
const OTHER_VARIABLES = ['LEVERET_CONFIG', 'LEVERET_URL', 'LEVERET_MANAGEMENT_URL'];

/** Adds `config print|check`. */
export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .summary('show and check what a broker is configured with')
    .description('Shows and checks what a broker is configured with, without starting one.')
    .addHelpText('after', EXAMPLES);
  addServeOptions(
    config
      .command('print')
      .description(
        'print what `leveret serve` with the same options would use; --json is a broker option, too, and prints JSON',
      ),
  ).action(printConfig);
  config
    .command('check')
    .description(
      'look for mistakes in a configuration file and in the environment; ends with 11 when there are some',
    )
    .argument('[file]', 'the file; without it that of LEVERET_CONFIG, if there is one')
    .option('--json', 'print one JSON object per line')
    .action(checkConfig);
}

async function printConfig(flags: ServeFlags): Promise<void> {
  const { config: _config, json, ...given } = flags;
  const path = configPath(flags);
  const { values, sources, file } = await asFailure(async () => {
    const read = path === undefined ? undefined : await inspectOptionsFile(path);
    const [mistake] = read?.mistakes ?? [];
    if (mistake !== undefined) throw new Failure('usage', `${path}:${mistake.line}: ${mistake.message}`);
    return { ...resolveOptions(given, process.env, read?.values ?? {}), file: read };
  });
  const rows = optionRows
    .filter(({ name }) => name !== 'json')
    .map((row) => {
      const value = values[row.name];
      const source = value === undefined ? undefined : sources.get(row.name);
      const origin = originOf(row, source, path, file);
      const said = row.isOn === true && value === true ? origin.replace('--no-', '--') : origin;
      return { option: row.name, value: readable(value), origin: said };
    });
  const output = new Output(json === true);
  if (output.json) for (const row of rows) await output.result('', row);
  else {
    const lines = rows.map(({ option, value, origin }) => [
      option,
      value === null ? '' : String(value),
      origin,
    ]);
    await output.result([...tableLines(['option', 'value', 'origin'], lines)].join('\n'), {});
  }
}

/** JSON has no Infinity, and an option says it as `off`. */
function readable(value: string | number | boolean | undefined): string | number | boolean | null {
  return value === Infinity ? 'off' : (value ?? null);
}

function originOf(
  row: OptionRow,
  source: OptionSource | undefined,
  path: string | undefined,
  file: OptionsFile | undefined,
): string {
  switch (source) {
    case 'flag':
      return flagOf(row);
    case 'environment':
      return variableOf(row);
    case 'file':
      return `${path}:${file?.lineOf(row.name)}`;
    case 'default':
      return 'default';
    case undefined:
      return 'not set';
  }
}

interface CheckOptions {
  readonly json?: true;
}

async function checkConfig(file: string | undefined, { json }: CheckOptions): Promise<void> {
  const output = new Output(json ?? false);
  const path = file ?? process.env['LEVERET_CONFIG'];
  const read = path === undefined ? undefined : await asFailure(() => inspectOptionsFile(path));
  const mistakes = [
    ...(read?.mistakes ?? []).map((mistake) => ({ file: path, ...mistake })),
    ...variableMistakes(process.env),
  ];
  for (const mistake of mistakes) {
    const place = 'file' in mistake ? `${mistake.file}:${mistake.line}: ` : '';
    await output.result(`${place}${mistake.message}`, mistake);
  }
  const checked = path ?? 'the environment';
  if (mistakes.length > 0)
    throw new Failure('findings', `${checked} has ${plural(mistakes.length, 'mistake')}`);
  output.note(`nothing is wrong with ${checked}`);
}

interface VariableMistake {
  readonly variable: string;
  readonly message: string;
}

/** Of all variables that look as if they were ours. */
function variableMistakes(environment: NodeJS.ProcessEnv): VariableMistake[] {
  const known = [...optionRows.map(variableOf), ...OTHER_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith('LEVERET_'))
    .flatMap((variable) => {
      const message = known.includes(variable)
        ? wrongVariable(variable, environment[variable] ?? '')
        : `${variable} is not a variable of an option; ${suggestion(variable, known)}`;
      return message === undefined ? [] : [{ variable, message }];
    });
}

function wrongVariable(variable: string, value: string): string | undefined {
  try {
    optionRows.find((row) => variableOf(row) === variable)?.read(value, variable);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
