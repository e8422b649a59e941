import { readQueueArguments } from './arguments.ts';
import { Broker } from './broker.ts';
import { ManualClock } from './clock.ts';
import type { Definitions } from './definitions.ts';
import { importDefinitions } from './import.ts';
import { NOTHING_RECOVERED } from './journal.ts';
import { MemoryJournal } from './memory-journal.ts';
import type { Vhost } from './vhost.ts';

/**
 * Imports definitions, all of them or, when something is wrong, nothing: they are tried on a copy that forgets.
 * @returns what was left out, in sentences
 * @throws {DefinitionsError} naming the place that is wrong
 */
export function importWhole(broker: Broker, definitions: Definitions): string[] {
  importDefinitions(copyOf(broker), definitions);
  return importDefinitions(broker, definitions);
}

/** What decides whether something can be declared: vhosts, users, exchanges and queues, without what is in them. */
function copyOf(broker: Broker): Broker {
  const { maxQueues } = broker;
  const turn = { soon: () => {}, isLong: () => false };
  const secrets = { random: (bytes: number) => Buffer.alloc(bytes), sha256: () => Buffer.alloc(32) }; // nobody logs in
  const ports = { clock: new ManualClock(), journal: new MemoryJournal(), turn, secrets, maxQueues };
  const copy = new Broker(ports, NOTHING_RECOVERED, false);
  for (const user of broker.users.all.values()) copy.users.put(user);
  for (const vhost of broker.vhosts.values()) copyVhost(vhost, copy.addVhost(vhost.name, vhost.settings));
  return copy;
}

function copyVhost({ exchanges, queues }: Vhost, copy: Vhost): void {
  for (const { name, identity } of exchanges.values()) {
    if (!copy.exchanges.has(name)) copy.addExchange(identity);
  }
  for (const { label, identity } of queues.values()) {
    copy.addQueue(identity, readQueueArguments(label, identity.table));
  }
}
