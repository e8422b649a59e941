import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

/** Binding keys, routing keys that each matches, and some that it does not match. */
const table: readonly (readonly [bindingKey: string, matches: readonly string[], not: readonly string[]])[] =
  [
    ['#', ['', 'a', 'a.b', '.', '#', '*'], []],
    ['*', ['a', '*', '#'], ['', 'a.b', '.']],
    ['', [''], ['a', '.']],
    ['*.*', ['a.b', '.', 'a.', '.a'], ['a', '', 'a.b.c']],
    ['a.#', ['a', 'a.', 'a.b', 'a..b', 'a.b.c'], ['', 'b', 'ab']],
    ['#.a', ['a', '.a', 'x.y.a'], ['a.', 'b.a.c']],
    ['a.#.b', ['a.b', 'a..b', 'a.x.b', 'a.x.y.b', 'a.b.b'], ['a', 'ab', 'a.b.c']],
    ['a.*.b', ['a..b', 'a.x.b'], ['a.b', 'a.x.y.b']],
    ['*.#', ['a', '.', 'a.b', 'a.b.c'], ['']],
    ['#.*', ['a', '.', 'a.b', 'a.b.c'], ['']],
    ['#.#', ['', 'a', 'a.b', '.'], []],
    ['a.#.#.b', ['a.b', 'a..b', 'a.x.y.b'], ['a', 'ab']],
    ['.', ['.'], ['..', '', 'a.']],
    ['*.', ['.', 'a.'], ['a', 'a.b']],
    ['.#', ['.', '.a', '.a.b'], ['a', '', 'a.']],
    ['#.', ['.', 'a.', 'a.b.'], ['a', '', '.a']],
    ['a*', ['a*'], ['ab', 'a', 'a.b']],
    ['#a', ['#a'], ['a', 'ba', 'b.a']],
  ];

export function topicExchange(test: Define): void {
  for (const [bindingKey, matches, not] of table) {
    const but = not.length === 0 ? '' : `, and not ${quoted(not)}`;
    test(
      `the topic binding key '${bindingKey}' matches ${quoted(matches)}${but}`,
      { rules: ['RTE-05'] },
      async (t) => assert.deepEqual(await matching(t, bindingKey, [...matches, ...not]), matches),
    );
  }

  for (const [bindingKey, matches, not] of [
    ['Stock.*', ['Stock.a'], ['stock.a', 'STOCK.a']],
    ['é.*', ['é.a'], ['É.a', 'e.a']],
  ] as const) {
    test(`topic words are case-sensitive: '${bindingKey}'`, { rules: ['RTE-06'] }, async (t) =>
      assert.deepEqual(await matching(t, bindingKey, [...matches, ...not]), matches),
    );
  }

  test('wildcards in a routing key are plain text', { rules: ['RTE-06'] }, async (t) => {
    assert.deepEqual(await matching(t, 'a.b', ['*.b', '#', 'a.*', 'a.#', 'a.b']), ['a.b']);
  });

  test(
    'a topic binding that is removed matches no more, and its neighbours do',
    { rules: ['RTE-05'] },
    async (t) => {
      const [exchange, queue] = [await t.exchange('topic'), await t.queue()];
      for (const key of ['a.*', 'a.#', 'a.*.c']) await t.bind(queue, exchange, key);
      await t.unbind(queue, exchange, 'a.#');
      for (const key of ['a', 'a.b', 'a.b.c', 'a.b.c.d']) await t.publish(exchange, key, key);
      assert.deepEqual(await t.drain(queue), ['a.b', 'a.b.c']);
    },
  );

  test('a topic binding key may have three # before 4.3', { rules: ['RTE-07'], until: '4.3' }, async (t) => {
    assert.deepEqual(await matching(t, '#.a.#.b.#', ['a.b', 'x.a.y.b.z', 'b.a']), ['a.b', 'x.a.y.b.z']);
  });

  test(
    'a topic binding key with three # is refused since 4.3, or serves',
    { rules: ['RTE-07'], since: '4.3' },
    async (t) => {
      const [exchange, queue, channel] = [await t.exchange('topic'), await t.queue(), await t.channel()];
      channel.send('queue.bind', { queue, exchange, routingKey: '#.a.#.b.#' });
      if (t.broker.isRabbitMQ || (await channel.client.peek(channel.number)) === 'channel.close') {
        const text = "Topic binding key '#.a.#.b.#' uses 3 '#' wildcards, at most 2 are allowed";
        await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.bind');
        return;
      }
      await channel.expect('queue.bind-ok');
      for (const key of ['a.b', 'x.a.y.b.z', 'b.a']) await t.publish(exchange, key, key);
      assert.deepEqual(await t.drain(queue), ['a.b', 'x.a.y.b.z']);
    },
  );
}

/** Those of the routing keys that a topic binding with this key lets through. */
async function matching(t: Context, bindingKey: string, keys: readonly string[]): Promise<string[]> {
  const [exchange, queue] = [await t.exchange('topic'), await t.queue()];
  await t.bind(queue, exchange, bindingKey);
  for (const key of keys) await t.publish(exchange, key, key);
  return t.drain(queue);
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `'${key}'`).join(' ');
}
