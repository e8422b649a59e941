import { describe, expect, test } from 'vitest';
import { consumerPriority } from '../../src/broker/arguments.ts';
import { CLASSIC } from '../../src/broker/queue-type.ts';
import { array, bool, fieldTable, long, longstr, table, timestamp } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte, int } from '../support/deaths.ts';
import { refusal } from '../support/refusal.ts';

type Values = Record<string, FieldValue>;

const Q = "queue 'q' in vhost '/'";

function declared(args: Values): string | undefined {
  return refusal(() => new Core().queue('q', args));
}

/** Declares a queue, then declares it again. */
function redeclared(first: Values, second: Values): string | undefined {
  const core = new Core();
  core.queue('q', first);
  return refusal(() => core.queue('q', second));
}

const integers = ['x-message-ttl', 'x-expires', 'x-max-length', 'x-max-length-bytes', 'x-max-priority'];
const notIntegers: readonly [FieldValue, string][] = [
  [longstr('5'), 'longstr'],
  [{ tag: 'd', value: 5 }, 'double'],
  [{ tag: 'f', value: 5 }, 'float'],
  [bool(true), 'bool'],
  [{ tag: 'V', value: null }, 'void'],
  [timestamp(5), 'timestamp'],
  [array([]), 'array'],
  [table({}), 'table'],
  [{ tag: 'D', value: { scale: 0, digits: 5 } }, 'decimal'],
];

describe('values of a new queue', () => {
  test.each([...integers, 'x-queue-version'])('%s must be an integer and not negative [ARG-04]', (name) => {
    for (const [value, type] of notIntegers) {
      expect(declared({ [name]: value })).toBe(
        `406 PRECONDITION_FAILED - invalid arg '${name}' for ${Q}: "expected integer, got ${type}"`,
      );
    }
    expect(declared({ [name]: byte(-1) })).toBe(
      `406 PRECONDITION_FAILED - invalid arg '${name}' for ${Q}: {value_negative,-1}`,
    );
  });

  test.each(['b', 'B', 's', 'u', 'I', 'i'] as const)('an integer of type %s will do [TTL-02]', (tag) => {
    for (const name of integers) expect(declared({ [name]: { tag, value: 5 } })).toBeUndefined();
  });

  test('a TTL may be ten years and no more [TTL-02, QEX-01]', () => {
    for (const name of ['x-message-ttl', 'x-expires']) {
      expect(declared({ [name]: long(2n ** 32n) })).toBeUndefined();
      expect(declared({ [name]: long(315_360_000_000n) })).toBeUndefined();
      expect(declared({ [name]: long(315_360_000_001n) })).toBe(
        `406 PRECONDITION_FAILED - invalid arg '${name}' for ${Q}: {value_too_large,315360000001}`,
      );
    }
    expect(declared({ 'x-message-ttl': byte(0) })).toBeUndefined();
    expect(declared({ 'x-expires': byte(0) })).toBe(
      `406 PRECONDITION_FAILED - invalid arg 'x-expires' for ${Q}: {value_zero,0}`,
    );
  });

  test('length limits have no upper bound [LEN-01]', () => {
    expect(declared({ 'x-max-length': long(2n ** 62n), 'x-max-length-bytes': byte(0) })).toBeUndefined();
  });

  const wrong: readonly [string, FieldValue, string][] = [
    ['x-max-priority', int(256), '{max_value_exceeded,256}'],
    ['x-overflow', longstr('bogus'), 'invalid_overflow'],
    ['x-overflow', longstr('Drop-Head'), 'invalid_overflow'],
    ['x-overflow', longstr(''), 'invalid_overflow'],
    ['x-overflow', byte(1), '{unacceptable_type,byte}'],
    ['x-queue-mode', longstr('Lazy'), `"unsupported queue mode 'Lazy'"`],
    ['x-queue-mode', byte(1), '{unacceptable_type,byte}'],
    ['x-queue-version', byte(3), `"unsupported queue version '3'"`],
    ['x-queue-type', longstr('zzz'), `"unsupported queue type 'zzz'"`],
    ['x-queue-type', byte(1), '{unacceptable_type,byte}'],
    ['x-single-active-consumer', byte(1), '{unacceptable_type,byte}'],
    ['x-single-active-consumer', longstr('true'), '{unacceptable_type,longstr}'],
    ['x-single-active-consumer', { tag: 'V', value: null }, '{unacceptable_type,void}'],
    ['x-dead-letter-routing-key', longstr('k'), 'routing_key_but_no_dlx_defined'],
    ['x-dead-letter-routing-key', byte(1), '{unacceptable_type,byte}'],
  ];
  test.each(wrong)('%s %j is refused [ARG-02, ARG-04, DLX-05, QUE-16]', (name, value, reason) => {
    expect(declared({ [name]: value })).toBe(
      `406 PRECONDITION_FAILED - invalid arg '${name}' for ${Q}: ${reason}`,
    );
  });

  const right: readonly [string, FieldValue][] = [
    ['x-max-priority', byte(0)],
    ['x-max-priority', int(255)],
    ['x-overflow', longstr('drop-head')],
    ['x-overflow', longstr('reject-publish')],
    ['x-overflow', longstr('reject-publish-dlx')],
    ['x-queue-mode', longstr('lazy')],
    ['x-queue-mode', longstr('default')],
    ['x-queue-version', byte(1)],
    ['x-queue-version', byte(2)],
    ['x-queue-type', longstr('classic')],
    ['x-queue-type', longstr('')],
    ['x-single-active-consumer', bool(false)],
    ['x-queue-master-locator', longstr('client-local')],
    ['x-queue-leader-locator', longstr('balanced')],
  ];
  test.each(right)('%s %j is accepted [ARG-04, ARG-05, ARG-13]', (name, value) => {
    expect(declared({ [name]: value })).toBeUndefined();
  });

  test('a dead-letter exchange of a wrong type is the first thing refused [DLX-04, ARG-01]', () => {
    const args = { 'x-expires': byte(0), 'x-queue-type': byte(1), 'x-dead-letter-exchange': byte(1) };
    expect(declared(args)).toBe(
      `406 PRECONDITION_FAILED - invalid type 'byte' for arg 'x-dead-letter-exchange' in ${Q}`,
    );
  });

  test('names of dead-letter targets may be empty or very long [DLX-01, DLX-05]', () => {
    const long300 = longstr('x'.repeat(300));
    expect(
      declared({ 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('') }),
    ).toBe(undefined);
    expect(declared({ 'x-dead-letter-exchange': long300, 'x-dead-letter-routing-key': long300 })).toBe(
      undefined,
    );
  });

  test('an argument of another queue type is refused, an unknown one kept and ignored [ARG-02, ARG-05, QUE-15]', () => {
    for (const name of [
      'x-delivery-limit',
      'x-max-age',
      'x-dead-letter-strategy',
      'x-initial-cluster-size',
    ]) {
      expect(declared({ [name]: byte(1) })).toBe(
        `406 PRECONDITION_FAILED - invalid arg '${name}' for ${Q} of queue type rabbit_classic_queue`,
      );
    }
    const queue = new Core().queue('q', { 'my-own': longstr('kept') });
    expect(queue.identity.table.get('my-own')).toEqual(longstr('kept'));
  });

  test('only the first fault is reported: type, then values in their order, then foreign names [ARG-01, ARG-03]', () => {
    const order: readonly [string, FieldValue][] = [
      ['x-queue-type', longstr('zzz')],
      ['x-expires', byte(0)],
      ['x-message-ttl', byte(-1)],
      ['x-dead-letter-routing-key', byte(1)],
      ['x-max-length', byte(-1)],
      ['x-max-length-bytes', byte(-1)],
      ['x-max-priority', byte(-1)],
      ['x-overflow', byte(1)],
      ['x-queue-mode', byte(1)],
      ['x-queue-version', byte(3)],
      ['x-single-active-consumer', byte(1)],
      ['x-delivery-limit', byte(1)],
    ];
    order.forEach(([name], index) => {
      const rest = Object.fromEntries(order.slice(index).reverse());
      expect(declared(rest)).toContain(`invalid arg '${name}' for`);
    });
  });
});

describe('arguments of a redeclaration', () => {
  test('the same again is fine, whatever the width of its integers [ARG-10, QUE-11]', () => {
    expect(redeclared({ 'x-message-ttl': byte(5) }, { 'x-message-ttl': long(5) })).toBeUndefined();
    expect(redeclared({ 'x-message-ttl': byte(5) }, { 'x-message-ttl': timestamp(5) })).toBeUndefined();
  });

  const different: readonly [string, FieldValue | undefined, FieldValue | undefined][] = [
    [`received '6' but current is '5'`, byte(5), byte(6)],
    [`received '5' but current is '5'`, byte(5), longstr('5')],
    [`received '5.0' but current is '5'`, byte(5), { tag: 'd', value: 5 }],
    [`received '1.0e3' but current is '1000'`, int(1000), { tag: 'd', value: 1000 }],
    [`received the value '6' of type 'byte' but current is none`, undefined, byte(6)],
    [`received the value '500' of type 'short' but current is none`, undefined, { tag: 's', value: 500 }],
    [`received the value '4294967296' of type 'long' but current is none`, undefined, long(2n ** 32n)],
    [`received none but current is the value '5' of type 'byte'`, byte(5), undefined],
    [`received '-1' but current is '5'`, byte(5), byte(-1)],
    [`received 'true' but current is '5'`, byte(5), bool(true)],
    [`received none but current is '5'`, byte(5), { tag: 'V', value: null }],
  ];
  test.each(different)('%s [ARG-08, ARG-11, QUE-11]', (text, first, second) => {
    const args = (value: FieldValue | undefined): Values =>
      value === undefined ? {} : { 'x-message-ttl': value };
    expect(redeclared(args(first), args(second))).toBe(
      `406 PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for ${Q}: ${text}`,
    );
  });

  test('a string that is gone is named with its type [ARG-11]', () => {
    expect(redeclared({ 'x-dead-letter-exchange': longstr('a') }, {})).toBe(
      `406 PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for ${Q}: ` +
        `received none but current is the value 'a' of type 'longstr'`,
    );
  });

  test('a value that equals the default still differs from none [ARG-09]', () => {
    expect(redeclared({}, { 'x-overflow': longstr('drop-head') })).toContain("inequivalent arg 'x-overflow'");
    expect(redeclared({}, { 'x-single-active-consumer': bool(false) })).toContain('inequivalent arg');
    expect(redeclared({ 'x-queue-mode': longstr('default') }, {})).toContain('inequivalent arg');
  });

  test('the queue type classic, the empty one and none are the same [ARG-09, ARG-13, QUE-12]', () => {
    const classic = { 'x-queue-type': longstr('classic') };
    expect(redeclared({}, classic)).toBeUndefined();
    expect(redeclared(classic, {})).toBeUndefined();
    expect(redeclared({}, { 'x-queue-type': longstr('') })).toBeUndefined();
    expect(redeclared({ 'x-queue-type': longstr('') }, classic)).toBeUndefined();
  });

  test('another queue type is compared with the stored one [ARG-13, QUE-12]', () => {
    expect(redeclared({}, { 'x-queue-type': longstr('quorum') })).toBe(
      `406 PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for ${Q}: received 'quorum' but current is 'classic'`,
    );
  });

  test('names the type does not support are not compared [ARG-08, ARG-09]', () => {
    expect(redeclared({ own: byte(1) }, { own: byte(2), 'x-delivery-limit': byte(3) })).toBeUndefined();
  });

  test('a decimal against an integer differs and nothing breaks [ARG-14]', () => {
    const decimal: FieldValue = { tag: 'D', value: { scale: 0, digits: 5 } };
    expect(redeclared({ 'x-message-ttl': byte(5) }, { 'x-message-ttl': decimal })).toContain(
      `406 PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for ${Q}: received `,
    );
  });

  test('differences are reported in the order of the type [ARG-08]', () => {
    const order = ['x-expires', 'x-message-ttl', 'x-max-length', 'x-max-length-bytes', 'x-max-priority'];
    order.forEach((name, index) => {
      const args = Object.fromEntries(
        order
          .slice(index)
          .reverse()
          .map((one) => [one, byte(5)]),
      );
      expect(redeclared({}, args)).toContain(`inequivalent arg '${name}'`);
    });
  });

  test('a dead-letter exchange of a wrong type is only inequivalent [ARG-08, DLX-07]', () => {
    expect(redeclared({}, { 'x-dead-letter-exchange': byte(1) })).toBe(
      `406 PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for ${Q}: ` +
        `received the value '1' of type 'byte' but current is none`,
    );
  });
});

describe('arguments of a consumer', () => {
  test('a priority is any integer, 0 when absent [CNS-09]', () => {
    expect(consumerPriority(CLASSIC, Q, fieldTable({}))).toBe(0);
    expect(consumerPriority(CLASSIC, Q, fieldTable({ 'x-priority': byte(-5) }))).toBe(-5);
    expect(consumerPriority(CLASSIC, Q, fieldTable({ 'x-priority': long(10) }))).toBe(10);
  });

  test('a priority of another type is refused [CNS-10]', () => {
    const asked = (value: FieldValue): string | undefined =>
      refusal(() => consumerPriority(CLASSIC, Q, fieldTable({ 'x-priority': value })));
    expect(asked(longstr('1'))).toBe(
      `406 PRECONDITION_FAILED - invalid arg 'x-priority' for ${Q}: "expected integer, got longstr"`,
    );
    expect(asked({ tag: 'd', value: 1 })).toBe(
      `406 PRECONDITION_FAILED - invalid arg 'x-priority' for ${Q}: "expected integer, got double"`,
    );
  });

  test('arguments of streams are refused, unknown ones ignored [CNS-11]', () => {
    expect(refusal(() => consumerPriority(CLASSIC, Q, fieldTable({ 'x-stream-offset': byte(1) })))).toBe(
      `406 PRECONDITION_FAILED - invalid arg 'x-stream-offset' for ${Q} of queue type rabbit_classic_queue`,
    );
    expect(consumerPriority(CLASSIC, Q, fieldTable({ 'x-cancel-on-ha-failover': bool(true) }))).toBe(0);
  });
});
