import assert from 'node:assert/strict';
import type { Define } from '../support/suite.ts';
import { MANAGEMENT, MANAGEMENT_AND_RETRY, propose, refusesPolicy } from '../support/policies-subjects.ts';

/** Definitions that are refused, and the text for each. */
const refused: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [{ 'message-ttl': -1 }, '-1 is not a valid message TTL'],
  [{ 'message-ttl': 1.5 }, '1.5 is not a valid message TTL'],
  [{ 'message-ttl': '5' }, '<<"5">> is not a valid message TTL'],
  [{ expires: 0 }, '0 is not a valid queue expiry'],
  [{ expires: -5 }, '-5 is not a valid queue expiry'],
  [{ expires: 'a' }, '<<"a">> is not a valid queue expiry'],
  [{ 'max-length': -1 }, '-1 is not a valid maximum length'],
  [{ 'max-length': '5' }, '<<"5">> is not a valid maximum length'],
  [{ 'max-length-bytes': -1 }, '-1 is not a valid maximum length in bytes'],
  [{ overflow: 'x' }, '<<"x">> is not a valid overflow value'],
  [{ overflow: 5 }, '5 is not a valid overflow value'],
  [{ 'dead-letter-exchange': 5 }, '5 is not a valid dead letter exchange name'],
  [{ 'dead-letter-routing-key': 5 }, '5 is not a valid dead letter routing key'],
  [{ 'dead-letter-strategy': 'x' }, '<<"x">> is not a valid dead letter strategy'],
  [{ 'delivery-limit': 'a' }, '<<"a">> is not a valid delivery limit'],
  [{ 'delivery-limit': 1.5 }, '1.5 is not a valid delivery limit'],
  [{ 'queue-mode': 'zz' }, '<<"zz">> is not a valid queue-mode value'],
  [{ 'max-priority': 5 }, '[{<<"max-priority">>,5}] are not recognised policy settings'],
  [{ 'max-priority': 5, 'max-length': 1 }, '[{<<"max-priority">>,5}] are not recognised policy settings'],
  [
    { 'single-active-consumer': true },
    '[{<<"single-active-consumer">>,true}] are not recognised policy settings',
  ],
  [{}, 'no policy provided'],
];

/** About retries that are delayed. */
const refusedOfRetries: typeof refused = [
  [{ 'delayed-retry-type': 'all' }, 'delayed-retry-min is required when delayed-retry-type is all'],
  [
    { 'delayed-retry-type': 'x' },
    '<<"x">> is not a valid delayed retry type. Must be one of: all, failed, returned, disabled',
  ],
  [
    { 'delayed-retry-type': 'all', 'delayed-retry-min': 50, 'delayed-retry-max': 10 },
    'delayed-retry-max (10) must not be smaller than delayed-retry-min (50)',
  ],
  [{ 'delayed-retry-min': 0 }, '0 is not a valid delayed retry minimum delay. Must be a positive integer'],
];

/** What an operator may limit, and what is for users only; with the version since which an operator may. */
const operatorKeys: readonly (readonly [Readonly<Record<string, unknown>>, string?])[] = [
  [{ expires: 1000 }],
  [{ 'message-ttl': 1000 }],
  [{ 'max-length': 5 }],
  [{ 'max-length-bytes': 5 }],
  [{ 'max-in-memory-length': 5 }],
  [{ 'max-in-memory-bytes': 5 }],
  [{ 'delivery-limit': 5 }],
  [{ overflow: 'reject-publish' }, '3.12.7'],
  [{ 'queue-version': 2 }, '4.0'],
];
const userKeys: readonly (readonly [string, unknown, string])[] = [
  ['dead-letter-exchange', 'x', '<<"x">>'],
  ['dead-letter-routing-key', 'x', '<<"x">>'],
  ['dead-letter-strategy', 'at-least-once', '<<"at-least-once">>'],
  ['queue-mode', 'lazy', '<<"lazy">>'],
  ['consumer-timeout', 1000, '1000'],
];

/** What may stand in a policy. */
export function policyValidation(test: Define): void {
  for (const [definition, text] of refused) {
    test(
      `a policy with ${JSON.stringify(definition)} is refused: ${text}`,
      { rules: ['POL-10'], ...MANAGEMENT },
      (t) => refusesPolicy(t, definition, text),
    );
  }

  for (const [definition, text] of refusedOfRetries) {
    test(
      `where retries can be delayed a policy with ${JSON.stringify(definition)} is refused: ${text}`,
      { rules: ['POL-10'], ...MANAGEMENT_AND_RETRY },
      (t) => refusesPolicy(t, definition, text),
    );
  }

  test(
    'since version 4.3 a policy with {"consumer-timeout":-1} is refused: -1 is not a valid consumer timeout',
    { rules: ['POL-10'], ...MANAGEMENT, since: '4.3' },
    (t) => refusesPolicy(t, { 'consumer-timeout': -1 }, '-1 is not a valid consumer timeout'),
  );

  test(
    'a delivery limit in a policy may be negative since version 4.0, and not before',
    { rules: ['POL-10', 'DLV-03'], ...MANAGEMENT },
    async (t) => {
      const definition = { 'delivery-limit': -1 };
      if (t.broker.since('4.0')) assert.equal((await propose(t, definition)).status, 201);
      else await refusesPolicy(t, definition, '-1 is not a valid delivery limit');
    },
  );

  for (const [definition, since] of operatorKeys) {
    const [key, value] = Object.entries(definition)[0] ?? [];
    const printed = typeof value === 'string' ? `<<"${value}">>` : String(value);
    test(
      since === undefined
        ? `an operator policy may have the key ${key}`
        : `an operator policy may have the key ${key} since version ${since}, and not before`,
      { rules: ['POL-09'], ...MANAGEMENT },
      async (t) => {
        if (since === undefined || t.broker.since(since)) {
          assert.equal((await propose(t, definition, 'operator-policies')).status, 201);
        } else {
          const text = `[{<<"${key}">>,${printed}}] are not recognised policy settings`;
          await refusesPolicy(t, definition, text, 'operator-policies');
        }
      },
    );
  }

  for (const definition of [
    { 'delayed-retry-min': 5 },
    { 'delayed-retry-max': 5 },
    { 'delayed-retry-type': 'disabled' },
  ]) {
    test(
      `where retries can be delayed an operator policy may have the key ${Object.keys(definition).join()}`,
      { rules: ['POL-09'], ...MANAGEMENT_AND_RETRY },
      async (t) => assert.equal((await propose(t, definition, 'operator-policies')).status, 201),
    );
  }

  for (const [key, value, printed] of userKeys) {
    test(`an operator policy may not have the key ${key}`, { rules: ['POL-09'], ...MANAGEMENT }, (t) =>
      refusesPolicy(
        t,
        { [key]: value },
        `[{<<"${key}">>,${printed}}] are not recognised policy settings`,
        'operator-policies',
      ),
    );
  }
}
