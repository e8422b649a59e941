import assert from 'node:assert/strict';
import { integerTypes, invalidArgument, otherTypes, samples, typeNames } from '../support/declaring-texts.ts';
import { Field, field } from '../support/fields.ts';
import type { Context } from '../support/context.ts';
import type { Table } from '../support/fields.ts';
import type { CaseOptions, Define } from '../support/suite.ts';

const TEN_YEARS_MS = 315_360_000_000;
const limits = ['x-message-ttl', 'x-expires', 'x-max-length', 'x-max-length-bytes', 'x-max-priority'];
const QUORUM = { 'x-queue-type': 'quorum' };
const STREAM = { 'x-queue-type': 'stream' };

/** Which values an argument of a new queue may have. */
export function argumentValues(test: Define): void {
  integers(test);
  strings(test);
  booleans(test);
  unchecked(test);
  overHttp(test);
}

function integers(test: Define): void {
  for (const name of [...limits, 'x-queue-version']) {
    for (const type of otherTypes) {
      test(`${name} cannot be of type ${type}`, { rules: ['ARG-02', 'ARG-04', 'QUE-16'] }, async (t) => {
        await refusesValue(t, { [name]: samples[type] }, name, `"expected integer, got ${type}"`);
      });
    }
  }

  for (const type of integerTypes) {
    test(
      `an integer of type ${type} will do for every argument that counts something`,
      { rules: ['ARG-04'] },
      async (t) => {
        for (const name of limits) await t.queue({ [name]: samples[type] });
      },
    );
  }

  const ruled: CaseOptions = { rules: ['ARG-02', 'ARG-04', 'QUE-16'] };
  const bad: readonly (readonly [name: string, value: Field, reason: string])[] = [
    ...[...limits, 'x-queue-version'].map((name) => [name, field('b', -1), '{value_negative,-1}'] as const),
    ['x-message-ttl', field('l', -(2n ** 62n)), `{value_negative,${-(2n ** 62n)}}`],
    ['x-message-ttl', field('l', TEN_YEARS_MS + 1), '{value_too_large,315360000001}'],
    ['x-expires', field('l', TEN_YEARS_MS + 1), '{value_too_large,315360000001}'],
    ['x-expires', field('b', 0), '{value_zero,0}'],
    ['x-max-priority', field('s', 256), '{max_value_exceeded,256}'],
    ['x-max-priority', field('l', 2 ** 32), '{max_value_exceeded,4294967296}'],
    ['x-queue-version', field('b', 0), `"unsupported queue version '0'"`],
    ['x-queue-version', field('b', 3), `"unsupported queue version '3'"`],
    ['x-queue-version', field('b', 9), `"unsupported queue version '9'"`],
  ];
  for (const [name, value, reason] of bad) {
    test(`${name} cannot be ${shown(value)}`, ruled, async (t) => {
      await refusesValue(t, { [name]: value }, name, reason);
    });
  }

  const good: readonly [name: string, value: Field][] = [
    ['x-message-ttl', field('b', 0)],
    ['x-message-ttl', field('l', 2 ** 32)],
    ['x-message-ttl', field('l', TEN_YEARS_MS)],
    ['x-expires', field('l', 2 ** 32)],
    ['x-expires', field('l', TEN_YEARS_MS)],
    ['x-max-length', field('b', 0)],
    ['x-max-length', field('l', 2n ** 62n)],
    ['x-max-length-bytes', field('b', 0)],
    ['x-max-length-bytes', field('l', 2n ** 62n)],
    ['x-max-priority', field('b', 0)],
    ['x-queue-version', field('b', 2)],
  ];
  for (const [name, value] of good) {
    test(`${name} may be ${shown(value)}`, { rules: ['ARG-04'] }, async (t) => {
      await t.queue({ [name]: value });
    });
  }

  test(
    'x-max-priority may be 255: a fault that is looked at later is told',
    { rules: ['ARG-04'] },
    async (t) => {
      const args = { 'x-max-priority': field('s', 255), 'x-overflow': 'bogus' };
      await refusesValue(t, args, 'x-overflow', 'invalid_overflow');
    },
  );

  test('x-queue-version may be 1 until 4.3, and not any more since', { rules: ['ARG-04'] }, async (t) => {
    const args = { 'x-queue-version': field('b', 1) };
    if (!t.broker.since('4.3')) await t.queue(args);
    else await refusesValue(t, args, 'x-queue-version', `"unsupported queue version '1'"`);
  });

  for (const name of ['x-max-in-memory-length', 'x-max-in-memory-bytes']) {
    test(`${name} of a quorum queue cannot be negative`, quorum('ARG-04', 'QUE-16'), async (t) => {
      await refusesValue(t, { ...QUORUM, [name]: field('b', -1) }, name, '{value_negative,-1}');
    });
    test(`${name} of a quorum queue cannot be of type longstr`, quorum('ARG-04', 'QUE-16'), async (t) => {
      await refusesValue(t, { ...QUORUM, [name]: '1' }, name, '"expected integer, got longstr"');
    });
  }

  for (const [name, args, options] of [
    ['x-quorum-initial-group-size', QUORUM, quorum('ARG-04', 'QUE-16')],
    ['x-initial-cluster-size', STREAM, stream('ARG-04', 'QUE-16')],
  ] as const) {
    test(`${name} cannot be 0`, options, async (t) => {
      await refusesValue(t, { ...args, [name]: field('b', 0) }, name, '{value_zero,0}');
    });
  }

  for (const name of ['x-consumer-timeout', 'x-consumer-disconnected-timeout']) {
    test(
      `${name} of a quorum queue cannot be negative`,
      { ...quorum('ARG-04', 'QUE-16'), since: '4.3' },
      async (t) => {
        await refusesValue(t, { ...QUORUM, [name]: field('b', -1) }, name, '{value_negative,-1}');
      },
    );
  }
}

function strings(test: Define): void {
  const notStrings = typeNames.filter((type) => type !== 'longstr');
  for (const name of ['x-dead-letter-routing-key', 'x-overflow', 'x-queue-type']) {
    for (const type of notStrings) {
      test(`${name} cannot be of type ${type}`, { rules: ['ARG-02', 'ARG-04', 'QUE-16'] }, async (t) => {
        await refusesValue(t, { [name]: samples[type] }, name, `{unacceptable_type,${type}}`);
      });
    }
  }

  for (const type of notStrings) {
    test(
      `x-queue-mode cannot be of type ${type}`,
      { rules: ['ARG-04', 'QUE-16'], until: '4.3' },
      async (t) => {
        const args = { 'x-queue-mode': samples[type] };
        await refusesValue(t, args, 'x-queue-mode', `{unacceptable_type,${type}}`);
      },
    );
  }

  const bad: readonly [name: string, value: string, reason: string, options?: Partial<CaseOptions>][] = [
    ['x-dead-letter-routing-key', 'k', 'routing_key_but_no_dlx_defined'],
    ['x-dead-letter-routing-key', '', 'routing_key_but_no_dlx_defined'],
    ['x-overflow', 'bogus', 'invalid_overflow'],
    ['x-overflow', 'Drop-Head', 'invalid_overflow'],
    ['x-overflow', '', 'invalid_overflow'],
    ['x-queue-type', 'bogus', `"unsupported queue type 'bogus'"`],
    ['x-queue-type', 'Classic', `"unsupported queue type 'Classic'"`],
    ['x-queue-mode', 'Lazy', `"unsupported queue mode 'Lazy'"`, { until: '4.3' }],
    ['x-queue-mode', '', `"unsupported queue mode ''"`, { until: '4.3' }],
    ['x-queue-leader-locator', 'bogus', 'invalid_queue_locator_arg', { since: '4.0' }],
    ['x-queue-leader-locator', '', 'invalid_queue_locator_arg', { since: '4.0' }],
  ];
  for (const [name, value, reason, options] of bad) {
    const clause = name === 'x-dead-letter-routing-key' ? ' without a dead-letter exchange' : '';
    test(
      `${name} cannot be '${value}'${clause}`,
      { rules: ['ARG-02', 'ARG-04', 'QUE-16'], ...options },
      async (t) => refusesValue(t, { [name]: value }, name, reason),
    );
  }

  test(
    'x-queue-leader-locator cannot be of type byte',
    { rules: ['ARG-04', 'QUE-16'], since: '4.0' },
    async (t) => {
      const name = 'x-queue-leader-locator';
      await refusesValue(t, { [name]: samples.byte }, name, '{unacceptable_type,byte}');
    },
  );

  const good: readonly [name: string, value: string, options?: Partial<CaseOptions>][] = [
    ['x-overflow', 'drop-head'],
    ['x-overflow', 'reject-publish'],
    ['x-overflow', 'reject-publish-dlx'],
    ['x-queue-type', 'classic'],
    ['x-queue-mode', 'default'],
    ['x-queue-mode', 'lazy'],
    ['x-queue-leader-locator', 'client-local', { since: '4.0' }],
    ['x-queue-leader-locator', 'balanced', { since: '4.0' }],
    ['x-queue-master-locator', 'client-local', { until: '4.3' }],
  ];
  for (const [name, value, options] of good) {
    test(`${name} may be '${value}'`, { rules: ['ARG-04', 'ARG-05'], ...options }, async (t) => {
      await t.queue({ [name]: value });
    });
  }

  for (const value of ['k', '']) {
    test(
      `x-dead-letter-routing-key may be '${value}' beside a dead-letter exchange`,
      { rules: ['ARG-04'] },
      async (t) => {
        await t.queue({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': value });
      },
    );
  }

  test(
    'an empty x-queue-type means the default type since 4.2, and is refused before',
    { rules: ['ARG-13'] },
    async (t) => {
      const args = { 'x-queue-type': '' };
      if (t.broker.since('4.2')) {
        const queue = await t.queue(args);
        await t.queue(args, { queue });
      } else await refusesValue(t, args, 'x-queue-type', `"unsupported queue type ''"`);
    },
  );

  for (const [value, reason] of [
    ['bogus', 'invalid_dlx_strategy'],
    ['', 'invalid_dlx_strategy'],
    [samples.byte, '{unacceptable_type,byte}'],
    [samples.bool, '{unacceptable_type,bool}'],
  ] as const) {
    test(
      `x-dead-letter-strategy of a quorum queue cannot be ${shown(value)}`,
      quorum('ARG-04', 'QUE-16'),
      async (t) => {
        const name = 'x-dead-letter-strategy';
        await refusesValue(t, { ...QUORUM, [name]: value }, name, reason);
      },
    );
  }

  for (const [value, reason] of [
    ['1x', 'invalid_max_age'],
    [samples.byte, '{unacceptable_type,byte}'],
  ] as const) {
    test(`x-max-age of a stream cannot be ${shown(value)}`, stream('QUE-16'), async (t) => {
      await refusesValue(t, { ...STREAM, 'x-max-age': value }, 'x-max-age', reason);
    });
  }
}

function booleans(test: Define): void {
  const name = 'x-single-active-consumer';
  for (const type of typeNames.filter((one) => one !== 'bool')) {
    test(`${name} cannot be of type ${type}`, { rules: ['ARG-02', 'ARG-04', 'QUE-16'] }, async (t) => {
      await refusesValue(t, { [name]: samples[type] }, name, `{unacceptable_type,${type}}`);
    });
  }

  for (const value of [true, false]) {
    test(`${name} may be ${value}`, { rules: ['ARG-04'] }, async (t) => {
      await t.queue({ [name]: value });
    });
  }
}

function unchecked(test: Define): void {
  for (const value of ['many', field('b', -1), samples.bool, samples.double] as const) {
    test(
      `x-delivery-limit of a quorum queue may even be ${shown(value)}, which means nothing`,
      quorum('ARG-07'),
      async (t) => {
        const queue = await t.queue({ ...QUORUM, 'x-delivery-limit': value });
        await t.send(queue, 'a');
        assert.deepEqual(await t.takeBodies(queue, 1), ['a']);
      },
    );
  }

  for (const [name, value] of [
    ['x-delayed-retry-type', 'bogus'],
    ['x-delayed-retry-min', 'soon'],
    ['x-delayed-retry-max', true],
  ] as const) {
    test(
      `${name} of a quorum queue may even be ${shown(value)}, which means nothing`,
      { ...quorum('ARG-07'), since: '4.3' },
      async (t) => {
        await t.queue({ ...QUORUM, [name]: value });
      },
    );
  }

  for (const value of ['Lazy', samples.byte] as const) {
    test(
      `x-queue-mode may even be ${shown(value)} since 4.3, which means nothing`,
      { rules: ['ARG-04', 'ARG-07'], since: '4.3' },
      async (t) => {
        await t.queue({ 'x-queue-mode': value });
      },
    );
  }
}

function overHttp(test: Define): void {
  test(
    'the management API refuses a bad value with status 400 and the same words, and its integers are of type long',
    { rules: ['ARG-15'], needs: ['management'] },
    async (t) => {
      const queue = t.name('q');
      const declare = (args: object): ReturnType<typeof t.admin.put> =>
        t.admin.put(`/queues/%2F/${queue}`, { durable: true, arguments: args });
      const refusal = async (args: object): Promise<unknown> => {
        const { status, json } = await declare(args);
        return { status, ...(json as object) };
      };
      const bad = (reason: string): object => ({ status: 400, error: 'bad_request', reason });
      const start = `for queue '${queue}' in vhost '/': `;
      assert.deepEqual(
        await refusal({ 'x-message-ttl': '5' }),
        bad(`invalid arg 'x-message-ttl' ${start}"expected integer, got longstr"`),
      );
      assert.deepEqual(
        await refusal({ 'x-overflow': 5 }),
        bad(`invalid arg 'x-overflow' ${start}{unacceptable_type,long}`),
      );
      assert.equal((await declare({})).status, 201);
      assert.deepEqual(
        await refusal({ 'x-message-ttl': 6 }),
        bad(
          `inequivalent arg 'x-message-ttl' ${start}received the value '6' of type 'long' but current is none`,
        ),
      );
    },
  );
}

async function refusesValue(t: Context, args: Table, name: string, reason: string): Promise<void> {
  const queue = t.name('q');
  const declare = { queue, durable: true, arguments: args };
  await t.refuses('queue.declare', declare, 406, invalidArgument(name, queue, `: ${reason}`));
  assert.equal(await t.hasQueue(queue), false);
}

/** A value as the name of a case says it. */
function shown(value: Field | string | boolean): string {
  const type = typeNames.find((name) => samples[name] === value);
  if (type !== undefined) return `of type ${type}`;
  if (value instanceof Field) return String(value.value);
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function quorum(...rules: CaseOptions['rules']): CaseOptions {
  return { rules, needs: ['quorum-queues'] };
}

function stream(...rules: CaseOptions['rules']): CaseOptions {
  return { rules, needs: ['streams'] };
}
