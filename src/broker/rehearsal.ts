import { readKnownArguments } from './arguments.ts';
import { Broker } from './broker.ts';
import { ManualClock } from './clock.ts';
import type { Definitions } from './definitions.ts';
import { importSteps } from './import.ts';
import { NOTHING_RECOVERED } from './journal.ts';
import { MemoryJournal } from './memory-journal.ts';
import type { Steps } from './steps.ts';
import type { Vhost } from './vhost.ts';

/**
 * Imports definitions, all of them or, when something is wrong, nothing: they are tried on a copy that forgets. Only if
 * somebody deletes between two steps what they need can it still end in the middle.
 * @returns what was left out, in sentences
 * @throws {DefinitionsError} naming the place that is wrong
 */
export function* importWhole(broker: Broker, definitions: Definitions): Steps<readonly string[]> {
  yield* importSteps(yield* copyOf(broker), definitions);
  return yield* importSteps(broker, definitions);
}

/** What decides whether something can be declared: vhosts, users, exchanges and queues, without what is in them. */
function* copyOf(broker: Broker): Steps<Broker> {
  const { maxQueues } = broker;
  const turn = { soon: () => {}, isLong: () => false };
  const secrets = { random: (bytes: number) => Buffer.alloc(bytes), digest: () => Buffer.alloc(32) }; // nobody logs in
  const ports = { clock: new ManualClock(), journal: new MemoryJournal(), turn, secrets, maxQueues };
  const copy = new Broker(ports, NOTHING_RECOVERED, false);
  for (const user of broker.users.all.values()) copy.users.put(user);
  for (const vhost of broker.vhosts.values()) {
    yield* copyVhost(vhost, copy.addVhost(vhost.name, vhost.settings));
  }
  return copy;
}

function* copyVhost({ exchanges, queues }: Vhost, copy: Vhost): Steps<void> {
  for (const { name, identity } of exchanges.values()) {
    if (copy.exchanges.has(name)) continue;
    copy.addExchange(identity);
    yield;
  }
  for (const { label, identity } of queues.values()) {
    copy.addQueue(identity, readKnownArguments(label, identity.table));
    yield;
  }
}
