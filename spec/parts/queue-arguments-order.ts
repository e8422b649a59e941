import { invalidArgument, queueLabel, samples } from '../support/declaring-texts.ts';
import { field } from '../support/fields.ts';
import type { Context } from '../support/context.ts';
import type { Table, Value } from '../support/fields.ts';
import type { CaseOptions, Define } from '../support/suite.ts';

const QUORUM = { 'x-queue-type': 'quorum' };

/** A bad value of an argument, and what is said of it. */
type Fault = readonly [name: string, value: Value, rest: string];

const expires: Fault = ['x-expires', field('b', 0), ': {value_zero,0}'];
const messageTtl: Fault = ['x-message-ttl', field('b', -1), ': {value_negative,-1}'];
const deadLetterRoutingKey: Fault = ['x-dead-letter-routing-key', samples.byte, ': {unacceptable_type,byte}'];
const deadLetterStrategy: Fault = ['x-dead-letter-strategy', 'bogus', ': invalid_dlx_strategy'];
const maxLength: Fault = ['x-max-length', field('b', -2), ': {value_negative,-2}'];
const maxLengthBytes: Fault = ['x-max-length-bytes', field('b', -3), ': {value_negative,-3}'];
const maxInMemoryLength: Fault = ['x-max-in-memory-length', field('b', -4), ': {value_negative,-4}'];
const maxInMemoryBytes: Fault = ['x-max-in-memory-bytes', field('b', -5), ': {value_negative,-5}'];
const maxPriority: Fault = ['x-max-priority', field('b', -6), ': {value_negative,-6}'];
const overflow: Fault = ['x-overflow', 'bogus', ': invalid_overflow'];
const queueMode: Fault = ['x-queue-mode', 'bogus', `: "unsupported queue mode 'bogus'"`];
const queueVersion: Fault = ['x-queue-version', field('b', 9), `: "unsupported queue version '9'"`];
const singleActive: Fault = ['x-single-active-consumer', samples.byte, ': {unacceptable_type,byte}'];
const consumerTimeout: Fault = ['x-consumer-timeout', field('b', -7), ': {value_negative,-7}'];
const queueType: Fault = ['x-queue-type', 'bogus', `: "unsupported queue type 'bogus'"`];
const notClassic: Fault = ['x-delivery-limit', samples.byte, ' of queue type rabbit_classic_queue'];
const notQuorum: Fault = ['x-max-priority', samples.byte, ' of queue type rabbit_quorum_queue'];

/** Of several faults of a new queue only the first is reported. */
export function argumentOrder(test: Define): void {
  ofValues(test);
  beforeValues(test);
  afterValues(test);
}

function ofValues(test: Define): void {
  const classic: readonly [first: Fault, second: Fault, options?: Partial<CaseOptions>][] = [
    [queueType, expires],
    [expires, messageTtl],
    [messageTtl, deadLetterRoutingKey],
    [deadLetterRoutingKey, maxLength],
    [maxLength, maxLengthBytes],
    [maxLengthBytes, maxPriority],
    [maxPriority, overflow],
    [overflow, queueMode, { until: '4.3' }],
    [queueMode, queueVersion, { until: '4.3' }],
    [overflow, queueVersion],
    [queueVersion, singleActive],
    [singleActive, notClassic],
  ];
  for (const [first, second, options] of classic) {
    test(
      `of a classic queue ${first[0]} is looked at before ${second[0]}`,
      { rules: ['ARG-01', 'ARG-03', 'QUE-02'], ...options },
      async (t) => refusesFirst(t, first, {}, second),
    );
  }

  const quorum: readonly [first: Fault, second: Fault, options?: Partial<CaseOptions>][] = [
    [deadLetterRoutingKey, deadLetterStrategy],
    [deadLetterStrategy, maxLength],
    [maxLengthBytes, maxInMemoryLength],
    [maxInMemoryLength, maxInMemoryBytes],
    [maxInMemoryBytes, overflow],
    [overflow, singleActive],
    [singleActive, consumerTimeout, { since: '4.3' }],
    [singleActive, notQuorum],
  ];
  for (const [first, second, options] of quorum) {
    test(
      `of a quorum queue ${first[0]} is looked at before ${second[0]}`,
      { rules: ['ARG-01', 'ARG-03'], needs: ['quorum-queues'], ...options },
      async (t) => refusesFirst(t, first, QUORUM, second),
    );
  }
}

function beforeValues(test: Define): void {
  const rules: CaseOptions['rules'] = ['ARG-01', 'QUE-02'];

  test('a reserved queue name is refused before any argument is looked at', { rules }, async (t) => {
    const queue = `amq.${t.name('q')}`;
    const text = `ACCESS_REFUSED - queue name '${queue}' contains reserved prefix 'amq.*'`;
    const args = { 'x-dead-letter-exchange': samples.byte, 'x-queue-type': 'bogus' };
    await t.refuses('queue.declare', { queue, durable: true, arguments: args }, 403, text);
  });

  test(
    'a dead-letter exchange of a wrong type is refused before a bad queue type and before bad values',
    { rules: ['ARG-01', 'ARG-03', 'QUE-02'] },
    async (t) => {
      const queue = t.name('q');
      const args = {
        'x-expires': field('b', 0),
        'x-queue-type': 'bogus',
        'x-dead-letter-exchange': samples.byte,
      };
      await t.refuses('queue.declare', { queue, durable: true, arguments: args }, 406, badDlx(queue));
    },
  );

  for (const type of ['quorum', 'stream'] as const) {
    test(
      `that the broker cannot name a ${type === 'stream' ? 'stream' : 'quorum queue'} is said before its arguments are looked at`,
      { rules, needs: [type === 'quorum' ? 'quorum-queues' : 'streams'] },
      async (t) => {
        const args = { 'x-queue-type': type, 'x-expires': field('b', 0) };
        const text = `PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_${type}_queue`;
        await t.refuses('queue.declare', { durable: true, arguments: args }, 406, text);
      },
    );
  }

  test(
    'the type of a dead-letter exchange is looked at before the permissions for it are',
    { rules, needs: ['management'] },
    async (t) => {
      const queue = t.name('q');
      const client = await t.connect(await t.user({ configure: '.*' }));
      const args = { 'x-dead-letter-exchange': samples.byte };
      await t.refuses('queue.declare', { queue, durable: true, arguments: args }, 406, badDlx(queue), client);
    },
  );

  test(
    'the permissions for a dead-letter exchange are asked for before the queue type is looked at',
    { rules, needs: ['management'] },
    async (t) => {
      const queue = t.name('q');
      const client = await t.connect(await t.user({ configure: '.*' }));
      const args = { 'x-dead-letter-exchange': 'amq.fanout', 'x-queue-type': 'bogus' };
      const text = new RegExp(`^ACCESS_REFUSED - (read )?access to queue '${queue}' `);
      await t.refuses('queue.declare', { queue, durable: true, arguments: args }, 403, text, client);
    },
  );
}

function afterValues(test: Define): void {
  const options: CaseOptions = { rules: ['ARG-01', 'QUE-02'], needs: ['quorum-queues'] };

  for (const [what, fault] of [
    ['a bad value', maxLength],
    ['an argument of another type', notQuorum],
  ] as const) {
    test(`${what} is refused to a quorum queue before a bad property is`, options, async (t) => {
      const queue = t.name('q');
      const [name, value, rest] = fault;
      const declare = { queue, durable: true, autoDelete: true, arguments: { ...QUORUM, [name]: value } };
      await t.refuses('queue.declare', declare, 406, invalidArgument(name, queue, rest));
    });
  }
}

/** With both faults, the second named before the first, only the first is told. */
async function refusesFirst(t: Context, first: Fault, args: Table, second: Fault): Promise<void> {
  const queue = t.name('q');
  const [name, value, rest] = first;
  const declare = { queue, durable: true, arguments: { [second[0]]: second[1], [name]: value, ...args } };
  if (name in args) throw new Error(`${name} is given twice`);
  await t.refuses('queue.declare', declare, 406, invalidArgument(name, queue, rest));
}

function badDlx(queue: string): string {
  return `PRECONDITION_FAILED - invalid type 'byte' for arg 'x-dead-letter-exchange' in ${queueLabel(queue)}`;
}
