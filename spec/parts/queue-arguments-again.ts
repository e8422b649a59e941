import { inequivalent, locked, queueLabel, samples, typeNames } from '../support/declaring-texts.ts';
import { field } from '../support/fields.ts';
import type { Context } from '../support/context.ts';
import type { Table, Value } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';
import type { TypeName } from '../support/declaring-texts.ts';

/** What a redeclaration compares, in which order, and how it says what differs. */
export function againArguments(test: Define): void {
  same(test);
  different(test);
  namedTypes(test);
  order(test);
  queueType(test);
}

function same(test: Define): void {
  const equalValues: readonly [what: string, name: string, before: Value, after: Value][] = [
    ['an integer of a wider type', 'x-message-ttl', field('b', 5), field('l', 5)],
    ['an integer of a narrower type', 'x-message-ttl', field('l', 5), field('u', 5)],
    ['a timestamp of the same number', 'x-message-ttl', field('b', 5), field('T', 5)],
    ['the same bytes as type binary', 'x-dead-letter-exchange', 'a', field('x', 'a')],
  ];
  for (const [what, name, before, after] of equalValues) {
    test(`a queue may be declared again with ${what}`, { rules: ['ARG-10', 'QUE-11'] }, async (t) => {
      const queue = await t.queue({ [name]: before });
      await t.queue({ [name]: after }, { queue });
    });
  }

  test(
    'a queue may be declared again with a float of another width',
    { rules: ['ARG-10'], needs: ['quorum-queues'] },
    async (t) => {
      const args = { 'x-queue-type': 'quorum', 'x-delivery-limit': field('d', 5.5) };
      const queue = await t.queue(args);
      await t.queue({ ...args, 'x-delivery-limit': field('f', 5.5) }, { queue });
    },
  );

  const notCompared: readonly [what: string, before: Table, after: Table][] = [
    ['with another value of an argument nobody knows', { 'x-mine': 1 }, { 'x-mine': 'b' }],
    ['with one more argument that nobody knows', {}, { 'x-mine': 1 }],
    ['without an argument that nobody knows', { 'x-mine': 1 }, {}],
    ['with arguments that only other queue types have', {}, { 'x-delivery-limit': 5, 'x-max-age': 5 }],
    ['with its arguments in another order', { 'x-max-length': 5, mine: 1 }, { mine: 1, 'x-max-length': 5 }],
  ];
  for (const [what, before, after] of notCompared) {
    test(`a queue may be declared again ${what}`, { rules: ['ARG-08', 'ARG-09', 'QUE-11'] }, async (t) => {
      const queue = await t.queue(before);
      await t.queue(after, { queue });
    });
  }
}

function different(test: Define): void {
  const ttl = 'x-message-ttl';
  const five = field('b', 5);
  const none = 'but current is none';
  const rows: readonly [
    what: string,
    name: string,
    before: Value | undefined,
    after: Value | undefined,
    difference: string,
  ][] = [
    ['another integer', ttl, five, field('b', 6), "received '6' but current is '5'"],
    ['a negative integer', ttl, five, field('b', -1), "received '-1' but current is '5'"],
    ['the digits of its integer as a string', ttl, five, '5', "received '5' but current is '5'"],
    ['its integer as a double', ttl, five, field('d', 5), "received '5.0' but current is '5'"],
    ['its integer as a float', ttl, five, field('f', 5), "received '5.0' but current is '5'"],
    [
      'its thousand as a double',
      ttl,
      field('s', 1000),
      field('d', 1000),
      "received '1.0e3' but current is '1000'",
    ],
    ['a bool for an integer', ttl, field('b', 1), true, "received 'true' but current is '1'"],
    ['void for an integer', ttl, five, null, "received none but current is '5'"],
    ['an empty array for an integer', ttl, five, [], "received '[]' but current is '5'"],
    ['a TTL it did not have', ttl, undefined, field('b', 6), `received the value '6' of type 'byte' ${none}`],
    ['its TTL gone', ttl, five, undefined, "received none but current is the value '5' of type 'byte'"],
    [
      'its dead-letter exchange gone',
      'x-dead-letter-exchange',
      'a',
      undefined,
      "received none but current is the value 'a' of type 'longstr'",
    ],
    [
      'another overflow behaviour',
      'x-overflow',
      'drop-head',
      'reject-publish',
      "received 'reject-publish' but current is 'drop-head'",
    ],
    [
      'a single active consumer no more',
      'x-single-active-consumer',
      true,
      false,
      "received 'false' but current is 'true'",
    ],
    [
      'the default overflow behaviour it had by itself',
      'x-overflow',
      undefined,
      'drop-head',
      `received the value 'drop-head' of type 'longstr' ${none}`,
    ],
    [
      'no single active consumer, as it had by itself',
      'x-single-active-consumer',
      undefined,
      false,
      `received the value 'false' of type 'bool' ${none}`,
    ],
    [
      'the default queue mode it had by itself',
      'x-queue-mode',
      undefined,
      'default',
      `received the value 'default' of type 'longstr' ${none}`,
    ],
    [
      'a TTL that a new queue could not have',
      ttl,
      undefined,
      'soon',
      `received the value 'soon' of type 'longstr' ${none}`,
    ],
    [
      'an expiry that a new queue could not have',
      'x-expires',
      undefined,
      field('b', 0),
      `received the value '0' of type 'byte' ${none}`,
    ],
    [
      'a dead-letter exchange of a wrong type',
      'x-dead-letter-exchange',
      undefined,
      field('b', 1),
      `received the value '1' of type 'byte' ${none}`,
    ],
    [
      'a dead-letter routing key but no exchange',
      'x-dead-letter-routing-key',
      undefined,
      'k',
      `received the value 'k' of type 'longstr' ${none}`,
    ],
  ];
  for (const [what, name, before, after, difference] of rows) {
    test(
      `a queue cannot be declared again with ${what}`,
      { rules: ['ARG-08', 'ARG-09', 'ARG-10', 'ARG-11', 'QUE-11'] },
      async (t) => refusesAgain(t, name, only(name, before), only(name, after), difference),
    );
  }

  test(
    'a queue cannot be declared again with a decimal for an integer, and nothing breaks',
    { rules: ['ARG-14'], rabbitmqDefect: 'it ends the connection with 541 INTERNAL_ERROR' },
    async (t) => {
      const queue = await t.queue({ [ttl]: five });
      const declare = { queue, durable: true, arguments: { [ttl]: samples.decimal } };
      const text =
        /^PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for .*: received .* but current is '5'$/;
      await t.refuses('queue.declare', declare, 406, text);
    },
  );
}

/** How texts name the types of the wire. */
function namedTypes(test: Define): void {
  const printed: Readonly<Record<TypeName, string>> = {
    ...(Object.fromEntries(typeNames.map((name) => [name, '5'])) as Record<TypeName, string>),
    float: '5.0',
    double: '5.5',
    decimal: '{0,5}',
    bool: 'true',
    array: '[]',
    table: '[]',
    void: 'undefined',
  };
  for (const type of typeNames) {
    test(
      `a queue cannot be declared again with a TTL of type ${type} it did not have, and the type is named`,
      { rules: ['ARG-11'] },
      async (t) => {
        const difference = `received the value '${printed[type]}' of type '${type}' but current is none`;
        await refusesAgain(t, 'x-message-ttl', {}, { 'x-message-ttl': samples[type] }, difference);
      },
    );
  }
}

function order(test: Define): void {
  const compared = [
    'x-expires',
    'x-message-ttl',
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-priority',
    'x-overflow',
    'x-queue-mode',
    'x-queue-version',
    'x-single-active-consumer',
  ];
  for (const [index, name] of compared.slice(0, -1).entries()) {
    const next = compared[index + 1] as string;
    test(
      `when a queue declared again differs in ${name} and ${next}, the refusal names ${name}`,
      { rules: ['ARG-08'] },
      async (t) => {
        const difference = "received the value '5' of type 'byte' but current is none";
        const args = { [next]: samples.byte, [name]: samples.byte };
        await refusesAgain(t, name, {}, args, difference);
      },
    );
  }

  const wrong = { 'x-message-ttl': 5 };

  test(
    'a queue declared again is first compared in its exclusive flag',
    { rules: ['ARG-08', 'ARG-12', 'QUE-09', 'QUE-02'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const declare = { queue, exclusive: true, durable: false, autoDelete: false, arguments: wrong };
      await t.refuses('queue.declare', declare, 405, locked(queue));
    },
  );

  test(
    'a queue declared again is compared in durable before auto_delete and its arguments',
    { rules: ['ARG-08', 'ARG-11', 'QUE-10'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const text = inequivalent('durable', queueLabel(queue), "received 'false' but current is 'true'");
      const declare = { queue, durable: false, autoDelete: false, arguments: wrong };
      await t.refuses('queue.declare', declare, 406, text);
    },
  );

  for (const [received, current] of [
    [true, false],
    [false, true],
  ] as const) {
    test(
      `a queue whose auto_delete is ${current} and now ${received} is refused before its arguments are compared`,
      { rules: ['ARG-08', 'ARG-11', 'QUE-10'] },
      async (t) => {
        const queue = await t.queue({}, { autoDelete: current });
        const difference = `received '${received}' but current is '${current}'`;
        const text = inequivalent('auto_delete', queueLabel(queue), difference);
        const declare = { queue, durable: true, autoDelete: received, arguments: wrong };
        await t.refuses('queue.declare', declare, 406, text);
      },
    );
  }

  test(
    'a stream declared again as auto-delete differs from what it is: that no stream may be so is not said',
    { rules: ['ARG-08'], needs: ['streams'] },
    async (t) => {
      const args = { 'x-queue-type': 'stream' };
      const queue = await t.queue(args);
      const text = inequivalent('auto_delete', queueLabel(queue), "received 'true' but current is 'false'");
      await t.refuses(
        'queue.declare',
        { queue, durable: true, autoDelete: true, arguments: args },
        406,
        text,
      );
    },
  );
}

function queueType(test: Define): void {
  const classic = { 'x-queue-type': 'classic' };
  const pairs: readonly [had: string, before: Table, has: string, after: Table][] = [
    ['without a type', {}, 'as classic', classic],
    ['as classic', classic, 'without a type', {}],
  ];
  for (const [had, before, has, after] of pairs) {
    test(
      `a queue declared ${had} may be declared again ${has}`,
      { rules: ['ARG-09', 'QUE-12'] },
      async (t) => {
        const queue = await t.queue(before);
        await t.queue(after, { queue });
      },
    );
  }

  for (const [type, value, name] of [
    ['quorum', 'quorum', 'longstr'],
    ['bogus', 'bogus', 'longstr'],
    ['1', field('b', 1), 'byte'],
  ] as const) {
    test(
      `a classic queue cannot be declared again with the queue type ${type}`,
      { rules: ['ARG-13', 'QUE-12'] },
      async (t) => {
        const difference = t.broker.pick({
          '3.10': `received the value '${type}' of type '${name}' but current is none`,
          '4.0': `received '${type}' but current is 'classic'`,
        });
        await refusesAgain(t, 'x-queue-type', {}, { 'x-queue-type': value }, difference);
      },
    );
  }

  test(
    'a quorum queue cannot be declared again without a type',
    { rules: ['ARG-13', 'QUE-12'], needs: ['quorum-queues'] },
    async (t) => {
      const difference = t.broker.pick({
        '3.10': "received none but current is the value 'quorum' of type 'longstr'",
        '4.0': "received 'classic' but current is 'quorum'",
      });
      await refusesAgain(t, 'x-queue-type', { 'x-queue-type': 'quorum' }, {}, difference);
    },
  );
}

async function refusesAgain(
  t: Context,
  name: string,
  before: Table,
  after: Table,
  difference: string,
): Promise<void> {
  const queue = await t.queue(before);
  const text = inequivalent(name, queueLabel(queue), difference);
  await t.refuses('queue.declare', { queue, durable: true, arguments: after }, 406, text);
}

function only(name: string, value: Value | undefined): Table {
  return value === undefined ? {} : { [name]: value };
}
