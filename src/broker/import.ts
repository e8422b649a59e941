import { AmqpError } from '../wire/errors.ts';
import { bind } from './bind.ts';
import type { Broker } from './broker.ts';
import { declareExchange, declareQueue } from './declare.ts';
import type { Actor } from './declare.ts';
import type { Asked, Definitions, UserDefinition } from './definitions.ts';
import { DefinitionsError } from './json-place.ts';
import { MemoryJournal } from './memory-journal.ts';
import { atOnce } from './steps.ts';
import type { Steps } from './steps.ts';
import { ALL_ACCESS, Users } from './users.ts';
import { ValidationError } from './validation-error.ts';
import type { Vhost } from './vhost.ts';

/**
 * Makes what definitions ask for, and deletes nothing. What is there in another way stays: a user, a vhost or a
 * permission becomes what is asked for, an exchange or a queue does not. Importing the same again changes nothing.
 * @returns what was left out, in sentences
 * @throws {DefinitionsError} for something that cannot be made; what came before it is there
 */
export function importDefinitions(broker: Broker, definitions: Definitions): readonly string[] {
  return atOnce(importSteps(broker, definitions));
}

/** The same with a step for every exchange, queue and binding, as there may be many. */
export function* importSteps(broker: Broker, definitions: Definitions): Steps<readonly string[]> {
  const warnings: string[] = [];
  if (definitions.ignored.length > 0) {
    warnings.push(`not supported and left out: ${definitions.ignored.join(', ')}`);
  }
  addDefaults(broker, definitions);
  for (const { value } of definitions.globalParameters) broker.globalParameters.set(value.name, value.value);
  importPeople(broker, definitions);
  importPolicies(broker, definitions, warnings);
  const actors = new Actors(broker);
  for (const asked of definitions.exchanges) {
    const { vhost, actor } = actors.at(asked);
    if (asked.value.name === '') continue;
    const isThere = vhost.exchanges.has(asked.value.name);
    attempt(asked.path, isThere, warnings, () => declareExchange(vhost, asked.value, actor));
    yield;
  }
  for (const asked of definitions.queues) {
    const { vhost, actor } = actors.at(asked);
    const isThere = vhost.queues.has(asked.value.name);
    attempt(asked.path, isThere, warnings, () => declareQueue(vhost, asked.value, actor, () => ''));
    yield;
  }
  for (const asked of definitions.bindings) {
    const { vhost, actor } = actors.at(asked);
    if (asked.value.source === '') continue; // every queue has it
    attempt(asked.path, false, warnings, () => bind(vhost, asked.value, actor));
    yield;
  }
  return warnings;
}

/** A broker with nothing at all gets what every new one has, unless definitions say who and what there is. */
function addDefaults(broker: Broker, { vhosts, users }: Definitions): void {
  if (!broker.isEmpty) return;
  if (vhosts.length === 0) broker.addVhost('/');
  if (users.length > 0) return;
  broker.addUser('guest', 'guest', ['administrator']);
  if (vhosts.length === 0 || vhosts.some(({ value }) => value.name === '/')) {
    broker.grant('guest', '/', ALL_ACCESS);
  }
}

function importPeople(broker: Broker, definitions: Definitions): void {
  for (const { value } of definitions.vhosts) {
    const { name, ...settings } = value;
    broker.addVhost(name, { ...broker.vhosts.get(name)?.settings, ...settings });
  }
  for (const { value } of definitions.users) importUser(broker, value);
  for (const asked of definitions.vhostLimits) {
    const { name, settings } = vhostOf(broker, asked);
    broker.addVhost(name, { ...settings, limits: asked.value.limits });
  }
  for (const asked of definitions.permissions) {
    checkUser(broker, asked);
    broker.grant(asked.value.user, vhostOf(broker, asked).name, asked.value);
  }
  for (const asked of definitions.topicPermissions) {
    checkUser(broker, asked);
    const { user, exchange } = asked.value;
    broker.users.topics.grant(user, vhostOf(broker, asked).name, exchange, asked.value);
  }
}

/** Of versions that mirrored classic queues: on one node nothing is mirrored. */
const MIRRORING = /^(ha-|queue-master-locator$)/;

/** They come before what they apply to: no message is in a queue without them. */
function importPolicies(broker: Broker, { policies }: Definitions, warnings: string[]): void {
  for (const asked of policies) {
    const { kind, name, terms } = asked.value;
    const entries = Object.entries(terms['definition'] ?? {});
    const rest = entries.filter(([key]) => !MIRRORING.test(key));
    const left = entries.length - rest.length;
    if (left > 0)
      warnings.push(`${asked.path}: keys about mirrors of queues were left out of the definition`);
    if (left > 0 && rest.length === 0) continue;
    const definition = left > 0 ? Object.fromEntries(rest) : terms['definition'];
    try {
      vhostOf(broker, asked).policies.set(kind, name, { ...terms, definition });
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      throw new DefinitionsError(`${asked.path}: ${error.message.replace(/\s*\n\s*/g, ' ')}`);
    }
  }
}

/** The same password does not get a new hash: nothing has changed. */
function importUser(broker: Broker, asked: UserDefinition): void {
  const { users } = broker;
  const { name, password, tags } = asked;
  const before = users.get(name);
  const limits = asked.limits ?? before?.limits ?? {};
  if (password !== undefined && !users.authenticate(name, password)) broker.addUser(name, password, tags);
  const { passwordHash, hashing = 'sha256' } =
    asked.passwordHash === undefined ? { passwordHash: '', ...users.get(name) } : asked;
  users.put({ name, passwordHash: passwordHash ?? '', hashing, tags, limits });
}

function checkUser({ users }: Broker, { path, value }: Asked<{ readonly user: string }>): void {
  if (users.get(value.user) !== undefined) return;
  throw new DefinitionsError(`${path}: there is no user '${value.user}'`);
}

function vhostOf({ vhosts }: Broker, { path, value }: Asked<{ readonly vhost: string }>): Vhost {
  const vhost = vhosts.get(value.vhost);
  if (vhost !== undefined) return vhost;
  throw new DefinitionsError(`${path}: there is no vhost '${value.vhost}'`);
}

/** On whose behalf things are made: somebody who may do everything. */
class Actors {
  readonly #broker: Broker;
  readonly #users: Users;

  constructor(broker: Broker) {
    this.#broker = broker;
    const noSecrets = { random: () => Buffer.alloc(0), digest: () => Buffer.alloc(0) };
    this.#users = new Users(noSecrets, new MemoryJournal());
  }

  at(asked: Asked<{ readonly vhost: string }>): { readonly vhost: Vhost; readonly actor: Actor } {
    const vhost = vhostOf(this.#broker, asked);
    this.#users.grant('', vhost.name, ALL_ACCESS);
    return { vhost, actor: { user: '', users: this.#users, connection: this, mayReserve: true } };
  }
}

/** @param isThere what is asked for exists already: if it differs it stays as it is, with a warning */
function attempt(path: string, isThere: boolean, warnings: string[], task: () => unknown): void {
  try {
    task();
  } catch (error) {
    if (!(error instanceof AmqpError)) throw error;
    if (!isThere) throw new DefinitionsError(`${path}: ${error.message}`);
    warnings.push(`${path} was left out: ${error.message}`);
  }
}
