import { readFile } from 'node:fs/promises';
import type { FaultOptions } from '../server/fault-kinds.ts';
import type { FaultRequests } from './fault-requests.ts';
import { OptionError } from './options.ts';

/** Faults from the start: a list, or with it where chance begins. */
export type FirstFaults =
  readonly FaultOptions[] | { readonly seed?: number; readonly faults: readonly FaultOptions[] };

/** In place of a file: none to begin with, but they may be asked for. */
const ALLOW = 'allow';

/**
 * @param source a file, `allow`, or what would be in a file
 * @throws {OptionError} when it is not what it should be
 */
export async function addFirstFaults(requests: FaultRequests, source: string | FirstFaults): Promise<void> {
  if (source === ALLOW) return;
  const name = typeof source === 'string' ? source : 'the faults';
  const { seed, faults } = listed(name, typeof source === 'string' ? await readJson(source) : source);
  if (seed !== undefined) explained(name, () => requests.seed(seed));
  for (const [index, fault] of faults.entries()) {
    explained(`${name}: fault ${index + 1}`, () => requests.add(fault));
  }
}

function listed(name: string, json: unknown): Exclude<FirstFaults, readonly FaultOptions[]> {
  if (Array.isArray(json)) return { faults: json as FaultOptions[] };
  const { seed, faults, ...rest } = { ...(json as { seed?: number; faults?: unknown }) };
  if (!Array.isArray(faults) || Object.keys(rest).length > 0) {
    throw new OptionError(
      `${name} holds no faults: write [{ "kind": ... }] or { "seed": 1, "faults": [...] }`,
    );
  }
  return { faults: faults as FaultOptions[], ...(seed === undefined ? {} : { seed }) };
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OptionError(`cannot read the faults in ${path}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OptionError(`${path} is not JSON: ${(error as Error).message}`);
  }
}

function explained(name: string, task: () => void): void {
  try {
    task();
  } catch (error) {
    if (error instanceof OptionError) throw new OptionError(`${name}: ${error.message}`);
    throw error;
  }
}
