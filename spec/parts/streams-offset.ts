import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { field } from '../support/fields.ts';
import type { Value } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';
import { reading, stream } from '../support/streams-reading.ts';

const HOUR = 3600;

/** An offset, and what a consumer gets of a, b, c, and of d and e that are published after it. */
const offsets: readonly (readonly [says: string, offset: () => Value | undefined, bodies: string])[] = [
  ["'first' begins with the first message", () => 'first', 'abcde'],
  ["'next' begins with what is published from now on", () => 'next', 'de'],
  ['no offset begins with what is published from now on', () => undefined, 'de'],
  ['0 begins with the first message', () => 0, 'abcde'],
  ['2 begins with the third message', () => 2, 'cde'],
  ['an 8-bit 2 begins with the third message', () => field('b', 2), 'cde'],
  ['a 64-bit 2 begins with the third message', () => field('l', 2), 'cde'],
  ['the offset behind the last message waits for it', () => 3, 'de'],
  ['an offset far behind the last message waits for it', () => 4, 'e'],
  ['a negative offset begins with the first message', () => -1, 'abcde'],
  ['a timestamp of long ago begins with the first message', () => field('T', seconds() - HOUR), 'abcde'],
  [
    'a timestamp in the future begins with what is published from now on',
    () => field('T', seconds() + HOUR),
    'de',
  ],
  ["'1h' begins with what is at most an hour old", () => '1h', 'abcde'],
  ["'1D' begins with what is at most a day old", () => '1D', 'abcde'],
];

/** Where a consumer of a stream begins. */
export function streamOffsets(test: Define): void {
  for (const [says, offset, bodies] of offsets) {
    test(`in a stream ${says}`, { rules: ['STR-08'] }, async (t) => {
      const queue = await stream(t, ['a', 'b', 'c']);
      const consumer = await reading(t, queue, offset());
      for (const body of ['d', 'e']) await t.send(queue, body);
      assert.deepEqual(await consumer.bodies(bodies.length), bodies.split(''));
    });
  }

  test("in a stream 'last' begins with the last chunk", { rules: ['STR-08'] }, async (t) => {
    const queue = await stream(t, ['a', 'b', 'c']);
    const consumer = await reading(t, queue, 'last');
    await t.send(queue, 'd');
    let seen = '';
    while (!seen.endsWith('d')) seen += (await consumer.next()).body;
    assert.ok(['cd', 'bcd', 'abcd'].includes(seen), seen);
  });

  test(
    'in a stream a timestamp begins with the first chunk that is not older',
    { rules: ['STR-08'], slow: true },
    async (t) => {
      const queue = await stream(t, ['old']);
      await t.elapse(2_000);
      const between = seconds(t.now());
      await t.elapse(2_000);
      await t.send(queue, 'young');
      assert.deepEqual(await (await reading(t, queue, field('T', between))).bodies(1), ['young']);
    },
  );

  test(
    'in a stream an offset that is no longer kept begins with the first message that is',
    { rules: ['STR-08', 'STR-03'] },
    async (t) => {
      const limits = { 'x-max-length-bytes': 2_000, 'x-stream-max-segment-size-bytes': 500 };
      const queue = await stream(t, [], limits);
      const filler = 'x'.repeat(100);
      const firstFrom = async (offset: Value): Promise<number> => {
        const client = await t.connect();
        const message = await (await reading(t, queue, offset, 1, client)).next();
        client.stream.destroy();
        return Number(message.headers['x-stream-offset']);
      };
      await t.eventually(async () => {
        for (let n = 0; n < 20; n++) await t.send(queue, filler);
        return (await firstFrom('first')) > 0;
      }, 'old segments are removed');
      assert.equal(await firstFrom(0), await firstFrom('first'));
    },
  );

  for (const offset of ['7Dx', '2', '0s']) {
    test(`'${offset}' is no offset in a stream`, { rules: ['STR-08'] }, (t) =>
      refusesOffset(t, offset, `{longstr,<<"${offset}">>}`),
    );
  }

  for (const [offset, shown] of [
    ['First', '<<"First">>'],
    ['', '<<>>'],
  ] as const) {
    test(
      `'${offset}' is no offset in a stream, which is not an internal error`,
      { rules: ['STR-08'] },
      async (t) => {
        if (t.broker.isRabbitMQ && !t.broker.since('4.0')) t.skip('RabbitMQ failed with 541 before 4.0');
        await refusesOffset(t, offset, `{longstr,${shown}}`);
      },
    );
  }

  for (const [type, offset, shown] of [
    ['bool', true, '{bool,true}'],
    ['double', field('d', 1.5), '{double,1.5}'],
    ['void', null, '{void,undefined}'],
  ] as const) {
    test(
      `an offset in a stream may not be of type ${type}`,
      { rules: ['STR-08'], rabbitmqDefect: 'RabbitMQ closes the connection with 541' },
      (t) => refusesOffset(t, offset, shown),
    );
  }
}

function seconds(now = Date.now()): number {
  return Math.floor(now / 1000);
}

async function refusesOffset(t: Context, offset: Value, shown: string): Promise<void> {
  const [queue, channel] = [await stream(t, []), await t.channel()];
  await channel.call('basic.qos', { prefetchCount: 10 });
  channel.send('basic.consume', { queue, arguments: { 'x-stream-offset': offset } });
  const where = `invalid arg 'x-stream-offset' for queue '${queue}' in vhost '/'`;
  const text = `PRECONDITION_FAILED - ${where}: {invalid_stream_offset_arg,${shown}}`;
  await channel.refused(406, text, 'basic.consume');
}
