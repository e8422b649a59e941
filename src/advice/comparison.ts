import { withVhost } from './one-vhost.ts';

type Json = Readonly<Record<string, unknown>>;

/** A field that is not the same in both; `undefined` where there is none. */
interface FieldDifference {
  /** `arguments.x-message-ttl`. */
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Something that is in one of two definitions only, or not the same in both. */
export interface Difference {
  readonly kind: 'removed' | 'added' | 'changed';
  /** `queues`. */
  readonly section: string;
  /** `queue 'work' in vhost '/'`. */
  readonly subject: string;
  /** Of what is changed. */
  readonly fields: readonly FieldDifference[];
}

/** What the entries of a list are, and what is theirs when they do not say it. */
interface Section {
  /** The fields that tell one from the others. */
  readonly key: readonly string[];
  readonly subject: (item: Json) => string;
  readonly defaults?: Json;
  /** Brings what versions write differently to one shape. */
  readonly normalize?: (item: Json) => Json;
}

const entity: Json = { durable: true, auto_delete: false, arguments: {} };

const sections: Readonly<Record<string, Section>> = {
  vhosts: { key: ['name'], subject: ({ name }) => `vhost ${quoted(name)}`, normalize: normalVhost },
  users: {
    key: ['name'],
    subject: ({ name }) => `user ${quoted(name)}`,
    defaults: { limits: {}, hashing_algorithm: 'rabbit_password_hashing_sha256' },
    normalize: ({ tags, ...rest }) => ({ ...rest, tags: tagList(tags) }),
  },
  permissions: {
    key: ['vhost', 'user'],
    subject: (item) => `permission of user ${quoted(item['user'])}${inVhost(item)}`,
  },
  topic_permissions: {
    key: ['vhost', 'user', 'exchange'],
    subject: (item) =>
      `topic permission of user ${quoted(item['user'])} at exchange ${quoted(item['exchange'])}${inVhost(item)}`,
  },
  global_parameters: { key: ['name'], subject: ({ name }) => `global parameter ${quoted(name)}` },
  parameters: {
    key: ['vhost', 'component', 'name'],
    subject: (item) => `parameter ${quoted(item['name'])} of ${String(item['component'])}${inVhost(item)}`,
  },
  policies: {
    key: ['vhost', 'name'],
    subject: (item) => `policy ${quoted(item['name'])}${inVhost(item)}`,
    defaults: { priority: 0, 'apply-to': 'all' },
  },
  exchanges: {
    key: ['vhost', 'name'],
    subject: (item) => `exchange ${quoted(item['name'])}${inVhost(item)}`,
    defaults: { ...entity, internal: false },
  },
  queues: {
    key: ['vhost', 'name'],
    subject: (item) => `queue ${quoted(item['name'])}${inVhost(item)}`,
    defaults: entity,
    normalize: normalQueue,
  },
  bindings: {
    key: ['vhost', 'source', 'destination_type', 'destination', 'routing_key', 'arguments'],
    subject: (item) => {
      const { destination_type: to, destination, source, routing_key: key } = item;
      return `binding of ${String(to)} ${quoted(destination)} to exchange ${quoted(source)} with key ${quoted(key)}${inVhost(item)}`;
    },
    defaults: { destination_type: 'queue', routing_key: '', arguments: {} },
  },
};

/** Tells the cluster it is from, and no two have the same. */
const OF_THE_CLUSTER: readonly unknown[] = ['internal_cluster_id'];

/** Fields in which an object without fields may be written as an empty list (API-14). */
const RECORDS = ['arguments', 'definition', 'limits', 'value'];

/**
 * How the second definitions differ from the first, in the order of the sections. Versions of RabbitMQ write some things
 * differently that mean the same; these are no differences.
 * @param vhost only what is in it
 */
export function compareDefinitions(first: unknown, second: unknown, vhost?: string): Difference[] {
  const [before, after] = [readSections(first, vhost), readSections(second, vhost)];
  return Object.keys(sections).flatMap((name) =>
    compareSection(name, before.get(name) ?? new Map(), after.get(name) ?? new Map()),
  );
}

type Items = ReadonlyMap<string, Json>;

function readSections(json: unknown, vhost: string | undefined): Map<string, Items> {
  const all = withVhost(json) as Readonly<Record<string, unknown>>;
  const read = new Map<string, Items>();
  for (const [name, section] of Object.entries(sections)) {
    const items = (Array.isArray(all[name]) ? (all[name] as Json[]) : [])
      .concat(name === 'parameters' ? limitParameters(all['vhosts']) : [])
      .map((item) => normal(item, section))
      .filter((item) =>
        vhost === undefined ? !OF_THE_CLUSTER.includes(item['name']) : item['vhost'] === vhost,
      );
    read.set(name, new Map(items.map((item) => [keyOf(item, section), item])));
  }
  return read;
}

/** Newer versions write the limits of a vhost twice. */
function limitParameters(vhosts: unknown): Json[] {
  if (!Array.isArray(vhosts)) return [];
  return (vhosts as Json[]).flatMap(({ name, limits }) => {
    if (typeof limits !== 'object' || limits === null || Object.keys(limits).length === 0) return [];
    return [{ vhost: name, component: 'vhost-limits', name: 'limits', value: limits }];
  });
}

function normal(item: Json, { defaults = {}, normalize }: Section): Json {
  const filled: Record<string, unknown> = { ...defaults, ...item };
  for (const field of RECORDS) {
    const value = filled[field];
    if (Array.isArray(value) && value.length === 0) filled[field] = {};
  }
  return normalize === undefined ? filled : normalize(filled);
}

function normalVhost({ name, metadata, description, tags, default_queue_type: type, ...rest }: Json): Json {
  const { limits: _limits, ...others } = rest; // they are among the parameters
  const inner = (metadata ?? {}) as Json;
  const queueType = type ?? inner['default_queue_type'];
  return {
    name,
    ...others,
    tracing: others['tracing'] ?? false,
    description: description ?? inner['description'] ?? '',
    tags: tagList(tags ?? inner['tags']),
    default_queue_type: queueType === 'undefined' ? 'classic' : (queueType ?? 'classic'),
  };
}

/** Newer versions write the type of a queue twice, older ones not at all when it is the usual one. */
function normalQueue({ type: _type, ...queue }: Json): Json {
  return { ...queue, arguments: { 'x-queue-type': 'classic', ...(queue['arguments'] as Json) } };
}

function tagList(tags: unknown): string[] {
  const list = typeof tags === 'string' ? tags.split(',') : Array.isArray(tags) ? tags.map(String) : [];
  return list
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
    .sort();
}

function keyOf(item: Json, { key }: Section): string {
  return canonical(key.map((field) => item[field] ?? null));
}

function compareSection(name: string, before: Items, after: Items): Difference[] {
  const subject = sections[name]?.subject ?? String;
  const removed = [...before].filter(([key]) => !after.has(key));
  const added = [...after].filter(([key]) => !before.has(key));
  const changed = [...before].flatMap(([key, item]): Difference[] => {
    const fields = changedFields(item, after.get(key) ?? item);
    return fields.length === 0 ? [] : [{ kind: 'changed', section: name, subject: subject(item), fields }];
  });
  return [
    ...removed.map(
      ([, item]) => ({ kind: 'removed', section: name, subject: subject(item), fields: [] }) as const,
    ),
    ...added.map(
      ([, item]) => ({ kind: 'added', section: name, subject: subject(item), fields: [] }) as const,
    ),
    ...changed,
  ];
}

/** What is inside an object is told by itself. */
function changedFields(from: unknown, to: unknown, field = ''): FieldDifference[] {
  if (canonical(from) === canonical(to)) return [];
  if (!isRecord(from) || !isRecord(to)) return [{ field, from, to }];
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names].flatMap((name) =>
    changedFields(from[name], to[name], field === '' ? name : `${field}.${name}`),
  );
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON that is the same for equal values, in whatever order their fields are. */
function canonical(value: unknown): string {
  const text = JSON.stringify(value, (_name, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  ) as string | undefined;
  return text ?? '';
}

function quoted(value: unknown): string {
  return `'${String(value)}'`;
}

function inVhost({ vhost }: Json): string {
  return ` in vhost ${quoted(vhost)}`;
}
