import { readFile } from 'node:fs/promises';
import type { Broker } from '../broker/broker.ts';
import { readDefinitions } from '../broker/definitions.ts';
import type { Definitions } from '../broker/definitions.ts';
import { DefinitionsError } from '../broker/json-place.ts';
import { importWhole } from '../broker/rehearsal.ts';
import { atOnce } from '../broker/steps.ts';
import { mistakeInJson } from './json-mistake.ts';
import { OptionError } from './options.ts';

/** Definitions, and what to call them in an error. */
export interface NamedDefinitions {
  readonly name: string;
  readonly definitions: Definitions;
}

/**
 * @param source a file, or what would be in it
 * @throws {OptionError} naming the place that is wrong
 */
export async function loadDefinitions(source: string | object): Promise<NamedDefinitions> {
  const name = typeof source === 'string' ? source : 'the definitions';
  const json = typeof source === 'string' ? await readJson(source) : source;
  return { name, definitions: explained(name, () => readDefinitions(json)) };
}

/**
 * Imports all of them or, when something is wrong, nothing.
 * @returns what was left out
 * @throws {OptionError} naming the place that is wrong
 */
export function applyDefinitions(broker: Broker, { name, definitions }: NamedDefinitions): readonly string[] {
  return explained(name, () => atOnce(importWhole(broker, definitions)));
}

function explained<T>(name: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof DefinitionsError) throw new OptionError(`${name}: ${error.message}`);
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OptionError(`cannot read the definitions ${path}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new OptionError(`${path} is not JSON: ${mistakeInJson(error as Error, text)}`);
  }
}
