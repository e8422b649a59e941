import type { BindingRequest } from './bind.ts';
import type { ExchangeDeclaration, QueueDeclaration } from './declare.ts';
import { isExpression } from './expression.ts';
import type { UserLimits, VhostLimits, VhostSettings } from './journal.ts';
import { JsonPlace } from './json-place.ts';
import type { PolicyKind } from './policies.ts';
import { userLimitNames, vhostLimitNames } from './limits.ts';
import { hashingNamed, hashingNames, isPasswordHash } from './passwords.ts';
import type { Hashing } from './passwords.ts';

/** Something that definitions ask for, and where they do. */
export interface Asked<T> {
  /** `queues[3]`. */
  readonly path: string;
  readonly value: T;
}

export interface UserDefinition {
  readonly name: string;
  /** As `User.passwordHash`; undefined when there is none or a password is given instead. */
  readonly passwordHash: string | undefined;
  readonly hashing: Hashing;
  readonly password: string | undefined;
  readonly tags: readonly string[];
  readonly limits: UserLimits | undefined;
}

interface PermissionDefinition {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

type InVhost<T> = T & { readonly vhost: string };

interface AskedPolicy {
  readonly kind: PolicyKind;
  readonly name: string;
  /** As `Policies.set` takes it. */
  readonly terms: Readonly<Record<string, unknown>>;
}

interface GlobalParameter {
  readonly name: string;
  /** Any JSON. */
  readonly value: unknown;
}

/** What a file of definitions asks for, in RabbitMQ's format (API-54). */
export interface Definitions {
  readonly vhosts: readonly Asked<VhostSettings & { readonly name: string }>[];
  readonly users: readonly Asked<UserDefinition>[];
  readonly permissions: readonly Asked<PermissionDefinition>[];
  readonly topicPermissions: readonly Asked<
    Omit<PermissionDefinition, 'configure'> & { readonly exchange: string }
  >[];
  readonly vhostLimits: readonly Asked<InVhost<{ readonly limits: VhostLimits }>>[];
  readonly policies: readonly Asked<InVhost<AskedPolicy>>[];
  readonly exchanges: readonly Asked<InVhost<ExchangeDeclaration>>[];
  readonly queues: readonly Asked<InVhost<QueueDeclaration>>[];
  readonly bindings: readonly Asked<InVhost<BindingRequest>>[];
  readonly globalParameters: readonly Asked<GlobalParameter>[];
  /** What there is in the file and not here. */
  readonly ignored: readonly string[];
}

/** Says where a file is from and nothing that could be imported. */
const REMARKS = new Set([
  'rabbit_version',
  'rabbitmq_version',
  'product_name',
  'product_version',
  'rabbitmq_definition_format',
  'original_cluster_name',
  'original_vhost_name',
  'explanation',
  'metadata',
]);

/**
 * Reads definitions from JSON. Whether what they refer to exists is not known here.
 * @throws {DefinitionsError} naming the first place that is wrong
 */
export function readDefinitions(json: unknown): Definitions {
  const file = new JsonPlace('', json);
  if (typeof json !== 'object' || json === null || Array.isArray(json) || isSomethingElse(json)) {
    return new JsonPlace('the file', json).fail('an object with "users", "vhosts", "queues" and so on');
  }
  const section = <T>(name: string, read: (place: JsonPlace) => T): Asked<T>[] =>
    file
      .at(name)
      .list()
      .map((place) => ({ path: place.path, value: read(place) }));
  const parameters = file.at('parameters').list();
  const ofComponent = (name: string): JsonPlace[] =>
    parameters.filter((place) => place.at('component').value === name);
  return {
    vhosts: section('vhosts', readVhost),
    users: section('users', readUser),
    permissions: section('permissions', (place) => ({
      ...expressions(place),
      configure: expression(place.at('configure')),
    })),
    topicPermissions: section('topic_permissions', (place) => ({
      ...expressions(place),
      exchange: place.at('exchange').text(),
    })),
    vhostLimits: ofComponent('vhost-limits').map((place) => ({
      path: place.path,
      value: { vhost: place.at('vhost').text(), limits: readVhostLimits(place.at('value')) },
    })),
    policies: [
      ...section('policies', (place) => readPolicy('policy', place, place)),
      ...ofComponent('operator_policy').map((place) => ({
        path: place.path,
        value: readPolicy('operator-policy', place, place.at('value')),
      })),
    ],
    exchanges: section('exchanges', readExchange),
    queues: section('queues', readQueue),
    bindings: section('bindings', readBinding),
    globalParameters: section('global_parameters', (place) => ({
      name: place.at('name').text(),
      value: place.at('value').value ?? null,
    })),
    ignored: ignoredSections(
      file,
      parameters.filter((place) => !COMPONENTS.has(place.at('component').value)),
    ),
  };
}

const KNOWN = new Set([
  'vhosts',
  'users',
  'permissions',
  'topic_permissions',
  'parameters',
  'policies',
  'exchanges',
  'queues',
  'bindings',
  'global_parameters',
]);

const COMPONENTS = new Set<unknown>(['vhost-limits', 'operator_policy']);

/** Another JSON file than was meant: nothing in it is known. */
function isSomethingElse(json: object): boolean {
  const names = Object.keys(json);
  return names.length > 0 && !names.some((name) => KNOWN.has(name) || REMARKS.has(name));
}

function ignoredSections(file: JsonPlace, parameters: readonly JsonPlace[]): string[] {
  const names = Object.entries(file.record()).flatMap(([name, value]) => {
    if (KNOWN.has(name) || REMARKS.has(name)) return [];
    if (Array.isArray(value) && value.length === 0) return [];
    return [name];
  });
  const components = parameters.map((place) => `parameters of ${place.at('component').text()}`);
  return [...new Set([...names, ...components])];
}

function readVhost(place: JsonPlace): VhostSettings & { readonly name: string } {
  const metadata = place.at('metadata');
  const setting = (name: string): JsonPlace =>
    metadata.isAbsent || !place.at(name).isAbsent ? place.at(name) : metadata.at(name);
  const [description, tags, type] = [setting('description'), setting('tags'), setting('default_queue_type')];
  const isProtected = setting('protected_from_deletion').truth(false);
  const limits = place.at('limits');
  const defaultQueueType = type.text('undefined'); // which is what older versions write
  return {
    name: place.at('name').text(),
    ...(description.isAbsent ? {} : { description: description.text() }),
    ...(tags.isAbsent ? {} : { tags: tags.texts() }),
    ...(defaultQueueType === 'undefined' ? {} : { defaultQueueType }),
    ...(limits.isAbsent ? {} : { limits: readVhostLimits(limits) }),
    ...(isProtected ? { isProtected } : {}),
  };
}

function readVhostLimits(place: JsonPlace): VhostLimits {
  return limits(place, vhostLimitNames);
}

/** Whole numbers by their names in RabbitMQ. */
function limits<K extends string>(
  place: JsonPlace,
  names: Readonly<Record<string, K>>,
): { readonly [N in K]?: number } {
  const read: { [N in K]?: number } = {};
  for (const [name, value] of Object.entries(place.record())) {
    const key = Object.hasOwn(names, name) ? names[name] : undefined;
    if (key === undefined) return place.fail(`limits named ${Object.keys(names).join(' or ')}`);
    if (!Number.isInteger(value)) return place.at(name).fail('a whole number');
    read[key] = value as number;
  }
  return read;
}

function readUser(place: JsonPlace): UserDefinition {
  const [password, hash, algorithm] = [
    place.at('password'),
    place.at('password_hash'),
    place.at('hashing_algorithm'),
  ];
  if (!password.isAbsent && !hash.isAbsent) return password.fail('absent where there is a password_hash');
  const hashing = hashingNamed(algorithm.text(hashingNames.sha256));
  if (hashing === undefined) return algorithm.fail(`one of ${Object.values(hashingNames).join(', ')}`);
  const passwordHash = hash.isAbsent ? undefined : hash.text();
  if (passwordHash !== undefined && passwordHash !== '' && !isPasswordHash(passwordHash, hashing)) {
    hash.fail(`base64 of 4 bytes of salt and a ${hashing} digest, or empty`);
  }
  const userLimits = place.at('limits');
  return {
    name: place.at('name').text(),
    passwordHash,
    hashing,
    password: password.isAbsent ? undefined : password.text(),
    tags: place.at('tags').texts(),
    limits: userLimits.isAbsent ? undefined : limits(userLimits, userLimitNames),
  };
}

function expressions(place: JsonPlace): Omit<PermissionDefinition, 'configure'> {
  return {
    user: place.at('user').text(),
    vhost: place.at('vhost').text(),
    write: expression(place.at('write')),
    read: expression(place.at('read')),
  };
}

function expression(place: JsonPlace): string {
  const text = place.text();
  return isExpression(text) ? text : place.fail('a regular expression');
}

function readPolicy(kind: PolicyKind, place: JsonPlace, terms: JsonPlace): InVhost<AskedPolicy> {
  const { pattern, definition, priority = 0, 'apply-to': applyTo = 'all' } = terms.record();
  return {
    vhost: place.at('vhost').text(),
    name: place.at('name').text(),
    kind,
    terms: { pattern, definition, priority, 'apply-to': applyTo },
  };
}

function readExchange(place: JsonPlace): InVhost<ExchangeDeclaration> {
  return { ...readEntity(place), type: place.at('type').text(), internal: place.at('internal').truth(false) };
}

function readQueue(place: JsonPlace): InVhost<QueueDeclaration> {
  const queue = { ...readEntity(place), exclusive: false };
  return queue.name === '' ? place.at('name').fail('a name') : queue;
}

function readEntity(place: JsonPlace): InVhost<Omit<QueueDeclaration, 'exclusive'>> {
  return {
    vhost: place.at('vhost').text(),
    name: place.at('name').text(),
    durable: place.at('durable').truth(true),
    autoDelete: place.at('auto_delete').truth(false),
    arguments: place.at('arguments').table(),
  };
}

function readBinding(place: JsonPlace): InVhost<BindingRequest> {
  const type = place.at('destination_type');
  const to = type.text('queue');
  return {
    vhost: place.at('vhost').text(),
    source: place.at('source').text(),
    destination: place.at('destination').text(),
    to: to === 'queue' || to === 'exchange' ? to : type.fail('"queue" or "exchange"'),
    bindingKey: place.at('routing_key').text(''),
    arguments: place.at('arguments').table(),
  };
}
