import { expect, test } from 'vitest';
import { ValidationError } from '../../src/broker/validation-error.ts';
import type { PolicyKind } from '../../src/broker/policies.ts';
import { Core } from '../support/core.ts';

/** What is wrong with a policy; undefined when it is taken. */
function faultsOf(terms: unknown, kind: PolicyKind = 'policy'): readonly string[] | undefined {
  try {
    new Core().vhost.policies.set(kind, 'name', terms);
    return undefined;
  } catch (error) {
    if (error instanceof ValidationError) return error.reasons;
    throw error;
  }
}

const terms = { pattern: '^q', priority: 0, definition: { 'max-length': 1 } };
const defined = (definition: unknown): object => ({ ...terms, definition });

test.each([
  [{ 'message-ttl': -1 }, '-1 is not a valid message TTL'],
  [{ 'message-ttl': 1.5 }, '1.5 is not a valid message TTL'],
  [{ 'message-ttl': '5' }, '<<"5">> is not a valid message TTL'],
  [{ expires: 0 }, '0 is not a valid queue expiry'],
  [{ 'max-length': -1 }, '-1 is not a valid maximum length'],
  [{ 'max-length-bytes': -1 }, '-1 is not a valid maximum length in bytes'],
  [{ 'max-in-memory-length': -1 }, '-1 is not a valid maximum memory in bytes'],
  [{ overflow: 'x' }, '<<"x">> is not a valid overflow value'],
  [{ overflow: null }, 'null is not a valid overflow value'],
  [{ overflow: ['a', 1] }, '[<<"a">>,1] is not a valid overflow value'],
  [{ overflow: { a: true } }, '#{<<"a">> => true} is not a valid overflow value'],
  [{ 'alternate-exchange': 5 }, '5 is not a valid alternate exchange name'],
  [{ 'dead-letter-exchange': 5 }, '5 is not a valid dead letter exchange name'],
  [{ 'dead-letter-routing-key': 5 }, '5 is not a valid dead letter routing key'],
  [{ 'dead-letter-strategy': 'x' }, '<<"x">> is not a valid dead letter strategy'],
  [{ 'delivery-limit': 'a' }, '<<"a">> is not a valid delivery limit'],
  [{ 'queue-mode': 'zz' }, '<<"zz">> is not a valid queue-mode value'],
  [{ 'queue-version': 3 }, '3 is not a valid queue-version value'],
  [{ 'max-age': '5x' }, '<<"5x">> is not a valid max age'],
  [{ 'max-age': 5 }, '5 is not a valid max age'],
  [{ 'stream-max-segment-size-bytes': 3_000_000_001 }, '3000000001 is not a valid segment size'],
  [{ 'stream-filter-size-bytes': 3 }, '3 is not a valid filter size. Valid range is 16-255'],
  [{ 'initial-cluster-size': -1 }, '-1 is not a valid cluster size'],
  [{ 'queue-leader-locator': 'x' }, '<<"x">> is not a valid queue leader locator value'],
  [{ 'target-group-size': 0 }, '0 is not a valid qq target count value'],
  [{ 'consumer-timeout': -1 }, '-1 is not a valid consumer timeout'],
  [{ 'consumer-disconnected-timeout': -1 }, '-1 is not a valid consumer disconnected timeout'],
  [{ 'delayed-retry-type': 'all' }, 'delayed-retry-min is required when delayed-retry-type is all'],
  [{ 'delayed-retry-max': 0 }, '0 is not a valid delayed retry maximum delay. Must be a positive integer'],
  [
    { 'delayed-retry-min': 50, 'delayed-retry-max': 10 },
    'delayed-retry-max (10) must not be smaller than delayed-retry-min (50)',
  ],
  [{ 'max-priority': 5 }, '[{<<"max-priority">>,5}] are not recognised policy settings'],
  [
    { zz: 1, aa: 'b', 'max-length': 5 },
    '[{<<"aa">>,<<"b">>},{<<"zz">>,1}] are not recognised policy settings',
  ],
  [{ toString: 5 }, '[{<<"toString">>,5}] are not recognised policy settings'],
  [{}, 'no policy provided'],
  [[1], 'definition must be a dictionary: [1]'],
])('the definition %j is refused: %s [POL-10]', (definition, text) => {
  expect(faultsOf(defined(definition))).toEqual([text]);
});

test('of several faults in a definition the first is told, unknown keys last [POL-10]', () => {
  const definition = { zz: 1, 'message-ttl': -1, 'delayed-retry-type': 'all', 'max-length': -2 };
  expect(faultsOf(defined(definition))).toEqual(['-2 is not a valid maximum length']);
});

test.each([
  'expires',
  'message-ttl',
  'max-length',
  'max-length-bytes',
  'max-in-memory-length',
  'max-in-memory-bytes',
  'delivery-limit',
])('an operator policy may have %s [POL-09]', (key) => {
  expect(faultsOf(defined({ [key]: 5 }), 'operator-policy')).toBeUndefined();
});

test.each([
  ['dead-letter-exchange', 'x', '<<"x">>'],
  ['dead-letter-strategy', 'at-least-once', '<<"at-least-once">>'],
  ['queue-mode', 'lazy', '<<"lazy">>'],
  ['consumer-timeout', 1000, '1000'],
  ['alternate-exchange', 'x', '<<"x">>'],
])('an operator policy may not have %s [POL-09]', (key, value, printed) => {
  const text = `[{<<"${key}">>,${printed}}] are not recognised policy settings`;
  expect(faultsOf(defined({ [key]: value }), 'operator-policy')).toEqual([text]);
});

const TARGETS =
  "should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'";
const INVALID = 'pattern should be regular expression but is invalid:';
const INDENT = ' '.repeat(54);

test.each([
  [{ 'apply-to': 'bogus' }, `apply-to 'bogus' unrecognised; ${TARGETS}`],
  [{ priority: 'high' }, 'priority should be a number, actually was <<"high">>'],
  [{ priority: undefined }, 'Key "priority" not found in name'],
  [{ pattern: undefined }, 'Key "pattern" not found in name'],
  [{ pattern: 5 }, 'pattern should be a binary but was 5'],
  [{ pattern: '(' }, `${INVALID} {"missing closing parenthesis",\n${INDENT}1}`],
  [{ pattern: '[a' }, `${INVALID} {"missing terminating ] for character class",\n${INDENT}2}`],
  [{ pattern: '*a' }, `${INVALID} {"quantifier does not follow a repeatable item",\n${INDENT}1}`],
  [{ pattern: 'a**b' }, `${INVALID} {"quantifier does not follow a repeatable item",\n${INDENT}3}`],
  [{ pattern: 'a)b' }, `${INVALID} {"unmatched closing parenthesis",\n${INDENT}2}`],
  [{ pattern: 'a\\' }, `${INVALID} {"\\\\ at end of pattern",\n${INDENT}2}`],
  [{ pattern: 'a\\\\\\Ab' }, `${INVALID} {"\\\\A is not known here",\n${INDENT}5}`],
  [{ pattern: '^[[:alpha:]]+' }, `${INVALID} {"[[:alpha:] is not known here",\n${INDENT}11}`],
  [{ more: 1 }, 'Unrecognised terms [{<<"more">>,1}] in name'],
])('a policy with %j is refused: %s [API-49]', (change, text) => {
  expect(faultsOf({ ...terms, ...change })).toEqual([text]);
});

test('where a very long pattern is wrong is found without looking at each of its beginnings', () => {
  const pattern = `${'a'.repeat(200_000)}**${'b'.repeat(200_000)}`;
  const text = `${INVALID} {"quantifier does not follow a repeatable item",\n${INDENT}200002}`;
  expect(faultsOf({ ...terms, pattern })).toEqual([text]);
});

test.each(['a\\\\A', '^a\\-b\\.', '[[a:]', '\\d{2}'])('%s is a pattern', (pattern) => {
  expect(faultsOf({ ...terms, pattern })).toBeUndefined();
});

test('every fault is told, in the order in which RabbitMQ has them [POL-10]', () => {
  const wrong = { pattern: 5, priority: 'x', 'apply-to': 'foo', definition: {} };
  const reasons = faultsOf(wrong) ?? [];
  expect(reasons).toEqual([
    'no policy provided',
    `apply-to 'foo' unrecognised; ${TARGETS}`,
    'pattern should be a binary but was 5',
    'priority should be a number, actually was <<"x">>',
  ]);
  const { answer } = new ValidationError(reasons.slice(2));
  expect(answer).toBe(`Validation failed\n\n${reasons[2]}\n${reasons[3]}\n`);
});
