import { readFile } from 'node:fs/promises';
import { Broker } from '../broker/broker.ts';
import type { BrokerPorts } from '../broker/broker.ts';
import { ManualClock } from '../broker/clock.ts';
import { readDefinitions } from '../broker/definitions.ts';
import type { Definitions } from '../broker/definitions.ts';
import { importDefinitions } from '../broker/import.ts';
import { NOTHING_RECOVERED } from '../broker/journal.ts';
import type { Recovered } from '../broker/journal.ts';
import { DefinitionsError } from '../broker/json-place.ts';
import { MemoryJournal } from '../broker/memory-journal.ts';
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
 * Imports definitions in a broker that was just started, all of them or, when something is wrong, nothing: they are
 * tried on a copy that forgets.
 * @param recovered what the broker was started with
 * @returns what was left out
 * @throws {OptionError} naming the place that is wrong
 */
export function applyDefinitions(
  broker: Broker,
  { name, definitions }: NamedDefinitions,
  recovered: Recovered,
  secrets: BrokerPorts['secrets'],
): string[] {
  const turn = { soon: () => {}, isLong: () => false };
  const ports = { clock: new ManualClock(), journal: new MemoryJournal(), turn, secrets };
  const copy = new Broker(
    ports,
    { ...NOTHING_RECOVERED, definitions: recovered.definitions, nextQueueId: recovered.nextQueueId },
    false,
  );
  explained(name, () => importDefinitions(copy, definitions));
  return explained(name, () => importDefinitions(broker, definitions));
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
    const { message } = error as Error;
    throw new OptionError(`${path} is not JSON: ${withLine(message.split('\n').join(' '), text)}`);
  }
}

/** Node.js says how many characters come before the mistake; people count lines. */
function withLine(message: string, text: string): string {
  const [place, at] = / at position (\d+).*$/.exec(message) ?? [];
  if (place === undefined) return message;
  const before = text.slice(0, Number(at)).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return message.replace(place, ` in line ${before.length}, column ${column}`);
}
