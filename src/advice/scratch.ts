import { Broker } from '../broker/broker.ts';
import type { BrokerPorts } from '../broker/broker.ts';
import { ManualClock } from '../broker/clock.ts';
import { readDefinitions } from '../broker/definitions.ts';
import type { Asked, Definitions } from '../broker/definitions.ts';
import { importDefinitions } from '../broker/import.ts';
import { NOTHING_RECOVERED } from '../broker/journal.ts';
import { DefinitionsError } from '../broker/json-place.ts';
import { MemoryJournal } from '../broker/memory-journal.ts';

/** A broker to try things out on: without sockets, disk or a clock of its own, and forgotten afterwards. */
export interface Scratch {
  readonly broker: Broker;
  readonly clock: ManualClock;
  /** Runs a task after the present one. */
  soon(task: () => void): void;
  /** Runs what was put off until nothing is left. */
  settle(): void;
}

/** Something definitions ask for that a broker does not make as it is asked for. */
export interface Refusal {
  /** `queues[3]`. */
  readonly path: string;
  readonly reason: string;
  /** It is not made; it is there already, in another way; or it is made without what the broker does not have. */
  readonly what: 'refused' | 'repeated' | 'changed';
}

/** @param now where its clock starts, in milliseconds since the epoch */
export function createScratch(now: number, ports: Partial<BrokerPorts> = {}): Scratch {
  const tasks: (() => void)[] = [];
  const soon = (task: () => void): void => {
    tasks.push(task);
  };
  const settle = (): void => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
  };
  const clock = new ManualClock(now, settle);
  const broker = new Broker(
    {
      clock,
      journal: new MemoryJournal(),
      turn: { soon, isLong: () => false },
      // Nobody logs in here, and what is left to chance comes out the same every time.
      secrets: { random: (bytes) => Buffer.alloc(bytes), digest: () => Buffer.alloc(32) },
      ...ports,
    },
    NOTHING_RECOVERED,
    false,
  );
  return { broker, clock, soon, settle };
}

const NOTHING_ASKED = readDefinitions({});

/** Makes whatever definitions ask for and can be made, one by one; returns what could not. */
export function buildTopology(broker: Broker, definitions: Definitions): Refusal[] {
  const refusals: Refusal[] = [];
  if (definitions.vhosts.length === 0) importDefinitions(broker, NOTHING_ASKED); // which makes the vhost /
  for (const [section, all] of Object.entries(definitions)) {
    if (section === 'ignored') continue;
    for (const asked of all as readonly Asked<unknown>[]) {
      const refusal = build(broker, { ...NOTHING_ASKED, [section]: [asked] }, asked.path);
      if (refusal !== undefined) refusals.push(refusal);
    }
  }
  return refusals;
}

function build(broker: Broker, one: Definitions, path: string): Refusal | undefined {
  try {
    const [warning] = importDefinitions(broker, one);
    if (warning === undefined) return undefined;
    const reason = behind(warning, `${path} was left out: `);
    if (reason !== undefined) return { path, reason, what: 'repeated' };
    return { path, reason: behind(warning, `${path}: `) ?? warning, what: 'changed' };
  } catch (error) {
    if (!(error instanceof DefinitionsError)) throw error;
    return { path, reason: behind(error.message, `${path}: `) ?? error.message, what: 'refused' };
  }
}

/** The rest of a text that begins so. */
function behind(text: string, beginning: string): string | undefined {
  return text.startsWith(beginning) ? text.slice(beginning.length) : undefined;
}
