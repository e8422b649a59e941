import { readFile } from 'node:fs/promises';
import { mistakeInJson } from './json-mistake.ts';
import { OptionError, optionRows } from './options.ts';
import type { OptionValues } from './options.ts';
import { suggestion } from './suggest.ts';

/** Something wrong in a configuration file. */
interface OptionMistake {
  readonly option: string;
  readonly line: number;
  readonly message: string;
}

/** A configuration file: JSON with the names of options. */
export interface OptionsFile {
  readonly values: OptionValues;
  /** All that is wrong with it, in the order of the file. */
  readonly mistakes: readonly OptionMistake[];
  /** The line in which an option stands. */
  readonly lineOf: (name: string) => number;
}

/**
 * The options of a configuration file.
 * @throws {OptionError} for anything else, naming the line and the nearest known option
 */
export async function readOptionsFile(path: string): Promise<OptionValues> {
  const text = await readText(path);
  const values = parseJson(path, text);
  if (!Object.keys(values).some((name) => unknownName(name) !== undefined)) return values;
  const { mistakes } = await inspectOptionsFile(path);
  const { line, message } = mistakes.find(({ option }) => unknownName(option) !== undefined) ?? {};
  throw new OptionError(`${path}:${line}: ${message}`);
}

/**
 * Everything about a configuration file.
 * @throws {OptionError} when it cannot be read or is no JSON object
 */
export async function inspectOptionsFile(path: string): Promise<OptionsFile> {
  const text = await readText(path);
  const values = parseJson(path, text);
  const { JsonDocument } = await import('../advice/document.ts'); // a broker that starts has no use for it
  const document = new JsonDocument(text);
  const lineOf = (name: string): number => document.find([name]).startLine;
  const mistakes = Object.entries(values).flatMap(([option, value]) => {
    const message = unknownName(option) ?? wrongValue(option, value);
    return message === undefined ? [] : [{ option, line: lineOf(option), message }];
  });
  return { values, mistakes: [...mistakes, ...twoStores(values, lineOf)], lineOf };
}

/** What to say of a name that is none; undefined for an option. */
function unknownName(name: string): string | undefined {
  const known = optionRows.map((row) => row.name);
  return known.includes(name) ? undefined : `"${name}" is not an option; ${suggestion(name, known)}`;
}

function wrongValue(name: string, value: OptionValues[string]): string | undefined {
  try {
    optionRows.find((row) => row.name === name)?.read(value, `"${name}"`);
    return undefined;
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
}

function twoStores({ memory, data }: OptionValues, lineOf: OptionsFile['lineOf']): OptionMistake[] {
  if (memory !== true || data === undefined) return [];
  return [{ option: 'memory', line: lineOf('memory'), message: '"memory" and "data" exclude each other' }];
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new OptionError(`cannot read the configuration ${path}: ${(error as Error).message}`);
  }
}

function parseJson(path: string, text: string): OptionValues {
  try {
    const values: unknown = JSON.parse(text);
    if (typeof values === 'object' && values !== null && !Array.isArray(values))
      return values as OptionValues;
  } catch (error) {
    throw new OptionError(`${path} is not JSON: ${mistakeInJson(error as Error, text)}`);
  }
  throw new OptionError(`${path} holds no JSON object: write { "port": 5672 }`);
}
