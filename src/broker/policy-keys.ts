import type { DeadLetterStrategy, DelayedRetryType, Overflow } from './arguments.ts';
import { printJson, printPairs, sortedEntries } from './json-term.ts';
import type { QueueType } from './queue-type.ts';
import { parseAge } from './stream-arguments.ts';

/** What a policy says (POL-01); its values were checked. What is about replicas is kept, and means nothing here. */
export interface PolicyDefinition {
  readonly 'alternate-exchange'?: string;
  readonly 'consumer-disconnected-timeout'?: number;
  /** Milliseconds. */
  readonly 'consumer-timeout'?: number;
  readonly 'dead-letter-exchange'?: string;
  readonly 'dead-letter-routing-key'?: string;
  readonly 'dead-letter-strategy'?: DeadLetterStrategy;
  readonly 'delayed-retry-max'?: number;
  readonly 'delayed-retry-min'?: number;
  readonly 'delayed-retry-type'?: DelayedRetryType;
  /** Below 0: none. */
  readonly 'delivery-limit'?: number;
  /** Milliseconds. */
  readonly expires?: number;
  readonly 'initial-cluster-size'?: number;
  readonly 'max-age'?: string;
  readonly 'max-in-memory-bytes'?: number;
  readonly 'max-in-memory-length'?: number;
  readonly 'max-length'?: number;
  readonly 'max-length-bytes'?: number;
  /** Milliseconds; there is no largest one (TTL-03). */
  readonly 'message-ttl'?: number;
  readonly overflow?: Overflow;
  readonly 'queue-leader-locator'?: string;
  readonly 'queue-mode'?: string;
  readonly 'queue-version'?: number;
  readonly 'stream-filter-size-bytes'?: number;
  readonly 'stream-max-segment-size-bytes'?: number;
  readonly 'target-group-size'?: number;
}

type QueueTypeName = QueueType['name'];

interface PolicyKey {
  readonly isValid: (value: unknown) => boolean;
  /** What a wrong value is not. */
  readonly what: string;
  /** The types of queues that have it; absent: all. A policy with a key a queue has not is not for that queue (POL-03). */
  readonly types?: readonly QueueTypeName[];
  /** What counts of a policy and an operator policy (POL-04); a key without it is not for operators (POL-09). */
  readonly merge?: (policy: never, operator: never) => unknown;
}

const CLASSIC_AND_QUORUM = ['classic', 'quorum'] as const;
const LARGEST_SEGMENT = 3_000_000_000;

const text = (value: unknown): boolean => typeof value === 'string';
const positive = whole(1);
const natural = whole(0);
const smaller = (policy: number, operator: number): number => Math.min(policy, operator);
const larger = (policy: number, operator: number): number => Math.max(policy, operator);
const ofOperator = (_policy: unknown, operator: unknown): unknown => operator;

const MEMORY = 'a valid maximum memory in bytes';
const POSITIVE = 'Must be a positive integer';

/** Of RabbitMQ's queues and exchanges in general. */
const generalKeys: Readonly<Record<string, PolicyKey>> = {
  'alternate-exchange': { isValid: text, what: 'a valid alternate exchange name' },
  'consumer-disconnected-timeout': { isValid: natural, what: 'a valid consumer disconnected timeout' },
  'consumer-timeout': { isValid: natural, what: 'a valid consumer timeout' },
  'dead-letter-exchange': {
    isValid: text,
    what: 'a valid dead letter exchange name',
    types: CLASSIC_AND_QUORUM,
  },
  'dead-letter-routing-key': {
    isValid: text,
    what: 'a valid dead letter routing key',
    types: CLASSIC_AND_QUORUM,
  },
  'dead-letter-strategy': {
    isValid: oneOf('at-most-once', 'at-least-once'),
    what: 'a valid dead letter strategy',
    types: ['quorum'],
  },
  'delivery-limit': {
    isValid: whole(-Infinity),
    what: 'a valid delivery limit',
    types: ['quorum'],
    merge: smallerDeliveryLimit,
  },
  expires: { isValid: positive, what: 'a valid queue expiry', types: CLASSIC_AND_QUORUM, merge: smaller },
  'initial-cluster-size': { isValid: natural, what: 'a valid cluster size', types: ['stream'] },
  'max-age': {
    isValid: (value) => typeof value === 'string' && parseAge(value) !== undefined,
    what: 'a valid max age',
    types: ['stream'],
  },
  'max-in-memory-bytes': { isValid: natural, what: MEMORY, types: ['quorum'], merge: smaller },
  'max-in-memory-length': { isValid: natural, what: MEMORY, types: ['quorum'], merge: smaller },
  'max-length': {
    isValid: natural,
    what: 'a valid maximum length',
    types: CLASSIC_AND_QUORUM,
    merge: smaller,
  },
  'max-length-bytes': { isValid: natural, what: 'a valid maximum length in bytes', merge: smaller },
  'message-ttl': { isValid: natural, what: 'a valid message TTL', types: CLASSIC_AND_QUORUM, merge: smaller },
  overflow: {
    isValid: oneOf('drop-head', 'reject-publish', 'reject-publish-dlx'),
    what: 'a valid overflow value',
    types: CLASSIC_AND_QUORUM,
    merge: ofOperator,
  },
  'queue-leader-locator': {
    isValid: oneOf('client-local', 'balanced', 'random', 'least-leaders'),
    what: 'a valid queue leader locator value',
  },
  'queue-mode': { isValid: oneOf('default', 'lazy'), what: 'a valid queue-mode value', types: ['classic'] },
  'queue-version': { isValid: oneOf(1, 2), what: 'a valid queue-version value', merge: ofOperator },
  'stream-filter-size-bytes': {
    isValid: whole(16, 255),
    what: 'a valid filter size. Valid range is 16-255',
  },
  'stream-max-segment-size-bytes': {
    isValid: whole(0, LARGEST_SEGMENT),
    what: 'a valid segment size',
    types: ['stream'],
  },
};

/** Of quorum queues, checked after the others. */
const quorumKeys: Readonly<Record<string, PolicyKey>> = {
  'delayed-retry-max': {
    isValid: positive,
    what: `a valid delayed retry maximum delay. ${POSITIVE}`,
    merge: smaller,
  },
  'delayed-retry-min': {
    isValid: positive,
    what: `a valid delayed retry minimum delay. ${POSITIVE}`,
    merge: larger,
  },
  'delayed-retry-type': {
    isValid: oneOf('all', 'failed', 'returned', 'disabled'),
    what: 'a valid delayed retry type. Must be one of: all, failed, returned, disabled',
    merge: ofOperator,
  },
  'target-group-size': {
    isValid: positive,
    what: 'a valid qq target count value',
    types: ['quorum'],
    merge: larger,
  },
};

const policyKeys = new Map([...Object.entries(generalKeys), ...Object.entries(quorumKeys)]);

/** The names of all keys. */
export const policyKeyNames: readonly string[] = [...policyKeys.keys()];

/**
 * The first fault of a definition, in RabbitMQ's words and order (POL-09, POL-10); undefined when there is none.
 * @param isOperator it is of an operator policy
 */
export function definitionFault(definition: unknown, isOperator: boolean): string | undefined {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) {
    return `definition must be a dictionary: ${printJson(definition)}`;
  }
  const entries = sortedEntries(definition);
  if (entries.length === 0) return 'no policy provided';
  const known = (key: string): boolean => {
    const entry = policyKeys.get(key);
    return entry !== undefined && (!isOperator || entry.merge !== undefined);
  };
  const checked = entries.filter(([key]) => known(key));
  const unknown = entries.filter(([key]) => !known(key));
  const fault = valueFault(checked, generalKeys) ?? valueFault(checked, quorumKeys) ?? retryFault(definition);
  if (fault !== undefined) return fault;
  return unknown.length === 0 ? undefined : `${printPairs(unknown)} are not recognised policy settings`;
}

function valueFault(
  entries: readonly (readonly [string, unknown])[],
  keys: Readonly<Record<string, PolicyKey>>,
): string | undefined {
  for (const [key, value] of entries) {
    const entry = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (entry !== undefined && !entry.isValid(value)) return `${printJson(value)} is not ${entry.what}`;
  }
  return undefined;
}

function retryFault(definition: PolicyDefinition): string | undefined {
  const { 'delayed-retry-type': type, 'delayed-retry-min': min, 'delayed-retry-max': max } = definition;
  if (type !== undefined && type !== 'disabled' && min === undefined) {
    return `delayed-retry-min is required when delayed-retry-type is ${type}`;
  }
  if (min === undefined || max === undefined || max >= min) return undefined;
  return `delayed-retry-max (${max}) must not be smaller than delayed-retry-min (${min})`;
}

/** Whether queues of a type have all keys of a definition (POL-03). */
export function isFor(type: QueueType, definition: PolicyDefinition): boolean {
  return Object.keys(definition).every((key) => policyKeys.get(key)?.types?.includes(type.name) ?? true);
}

/** What a policy and an operator policy come to, key by key (POL-04). */
export function mergeDefinitions(policy: PolicyDefinition, operator: PolicyDefinition): PolicyDefinition {
  const merged: Record<string, unknown> = { ...policy };
  for (const [key, value] of Object.entries(operator)) {
    const merge = policyKeys.get(key)?.merge;
    const isInBoth = merged[key] !== undefined && merge !== undefined;
    merged[key] = isInBoth ? merge(merged[key] as never, value as never) : value;
  }
  return Object.fromEntries(sortedEntries(merged));
}

/** Of two delivery limits: what is negative is none, and gives way (POL-04, POL-06). */
export function smallerDeliveryLimit(one: number, other: number): number {
  return one < 0 || other < 0 ? Math.max(one, other) : Math.min(one, other);
}

function whole(least: number, most = Infinity): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function oneOf(...known: readonly (string | number)[]): (value: unknown) => boolean {
  return (value) => known.some((one) => one === value);
}
