import assert from 'node:assert/strict';
import { claiming } from './parts/death-history-claiming.ts';
import { merging, places } from './parts/death-history-merging.ts';
import { shape } from './parts/death-history-shape.ts';
import type { Context } from './support/context.ts';
import { chain, deathsOf, died, expireOnly, hold, rejectOnly } from './support/deaths.ts';
import { field } from './support/fields.ts';
import type { Field, Fields, Table } from './support/fields.ts';
import type { CaseOptions, Define } from './support/suite.ts';
import { topic } from './support/suite.ts';

export const deathHistory = topic('death-history', 'The history of a dead letter', (test) => {
  shape(test);
  places(test);
  merging(test);
  firstAndLast(test);
  expirations(test);
  claiming(test);
});

/** The headers of the first and of the last death. */
function firstAndLast(test: Define): void {
  test('the first death is noted once and for all', { rules: ['XD-08'] }, async (t) => {
    const [exchange, dx] = [await t.exchange('fanout'), await t.exchange('fanout')];
    const third = await t.queue();
    const second = await t.deadLetteringTo(third, { 'x-message-ttl': 50 });
    const first = await t.queue({ 'x-dead-letter-exchange': dx });
    await t.bind(first, exchange);
    await t.bind(second, dx);
    await t.publish(exchange, '', 'a');
    await rejectOnly(t, first);
    const { typedHeaders } = await t.take(third);
    assert.deepEqual(noted(typedHeaders, 'first'), [
      field('S', exchange),
      field('S', first),
      field('S', 'rejected'),
    ]);
  });

  test('the last death is noted at every death', { rules: ['XD-09'] }, async (t) => {
    const [exchange, dx] = [await t.exchange('fanout'), await t.exchange('fanout')];
    const third = await t.queue();
    const second = await t.deadLetteringTo(third, { 'x-message-ttl': 100 });
    const first = await t.queue({ 'x-dead-letter-exchange': dx });
    const witness = await t.queue();
    await t.bind(first, exchange);
    for (const queue of [second, witness]) await t.bind(queue, dx);
    await t.publish(exchange, '', 'a');
    await rejectOnly(t, first);
    const [one, two] = [await t.take(witness), await t.take(third)];
    const [before, after] = [noted(one.typedHeaders, 'last'), noted(two.typedHeaders, 'last')];
    const none = [undefined, undefined, undefined];
    const known = (...texts: readonly string[]): unknown =>
      t.broker.since('3.13') ? texts.map((text) => field('S', text)) : none;
    assert.deepEqual(before, known(exchange, first, 'rejected'));
    assert.deepEqual(after, known(dx, second, 'expired'));
  });
}

/** What becomes of the expiration. */
function expirations(test: Define): void {
  interface Way {
    readonly name: string;
    readonly args?: Table;
    readonly expiration?: string;
    readonly options?: Partial<CaseOptions>;
    readonly kill: (t: Context, source: string) => Promise<unknown>;
  }
  const ways: readonly Way[] = [
    { name: 'a reject', kill: (t, source) => rejectOnly(t, source) },
    { name: 'its own expiration', expiration: '50', kill: (t, source) => expireOnly(t, source, 50) },
    {
      name: 'the TTL of the queue',
      args: { 'x-message-ttl': 50 },
      kill: (t, source) => expireOnly(t, source, 50),
    },
    { name: 'drop-head', args: { 'x-max-length': 1 }, kill: (t, source) => t.send(source, 'b') },
    {
      name: 'reject-publish-dlx',
      args: { 'x-max-length': 0, 'x-overflow': 'reject-publish-dlx' },
      kill: async () => {},
    },
    {
      name: 'the delivery limit',
      args: { 'x-queue-type': 'quorum', 'x-delivery-limit': 0 },
      options: { needs: ['quorum-queues'] },
      kill: async (t, source) => (await t.control()).reject((await hold(t, source)).deliveryTag, true),
    },
  ];
  for (const { name, args = {}, expiration = '60000', options = {}, kill } of ways) {
    test(
      `a death by ${name} takes the expiration away and keeps it in the entry`,
      { ...options, rules: ['XD-13', 'XD-14'] },
      async (t) => {
        const dead = await t.queue();
        const source = await t.deadLetteringTo(dead, args);
        await t.send(source, 'a', { expiration });
        await kill(t, source);
        const message = await t.take(dead);
        assert.equal(message.body, 'a');
        assert.equal(message.properties.expiration, undefined);
        assert.equal(deathsOf(message)[0]?.['original-expiration'], expiration);
      },
    );
  }

  test('only the first death finds an expiration', { rules: ['XD-13'] }, async (t) => {
    const [q1 = '', q2 = '', q3 = ''] = await chain(t, 3);
    await t.send(q1, 'a', { expiration: '60000' });
    for (const queue of [q1, q2]) await rejectOnly(t, queue);
    const expirationsOf = deathsOf(await t.take(q3)).map((death) => death['original-expiration']);
    assert.deepEqual(expirationsOf, [undefined, '60000']);
  });

  test('the TTL of a queue is no original-expiration', { rules: ['XD-14'] }, async (t) => {
    const dead = await t.queue();
    const source = await t.deadLetteringTo(dead, { 'x-message-ttl': 50 });
    await t.send(source, 'a');
    const message = await t.take(dead);
    assert.equal('original-expiration' in (deathsOf(message)[0] ?? {}), false);
  });

  const texts: readonly (readonly [string, string])[] = [
    ['+60000', '60000'],
    ['0060000', '60000'],
    ['60000', '60000'],
  ];
  for (const [expiration, canonical] of texts) {
    test(
      `an expiration of ${expiration} is kept as ${canonical}, and before 4.0 as it was published`,
      { rules: ['XD-14'] },
      async (t) => {
        const { message } = await died(t, { expiration });
        const kept = deathsOf(message)[0]?.['original-expiration'];
        assert.equal(kept, t.broker.pick({ '3.10': expiration, '4.0': canonical }));
      },
    );
  }
}

function noted(headers: Fields, which: 'first' | 'last'): readonly (Field | undefined)[] {
  return ['exchange', 'queue', 'reason'].map((what) => headers[`x-${which}-death-${what}`]);
}
