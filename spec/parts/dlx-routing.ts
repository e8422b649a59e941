import assert from 'node:assert/strict';
import { deathLines, rejectOnly } from '../support/deaths.ts';
import type { Table } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

/** By which keys a dead letter is routed, and what it shows of them. */
export function routing(test: Define): void {
  const copies = { headers: { CC: ['cc'], BCC: ['bcc'] } };

  test(
    'without a dead-letter routing key a dead letter is routed by its routing key, by CC and by BCC',
    { rules: ['DLX-15', 'DLX-16'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const source = await t.queue({ 'x-dead-letter-exchange': exchange });
      for (const key of [source, 'cc', 'bcc']) {
        const dead = await t.queue();
        await t.bind(dead, exchange, key);
        await t.send(source, key, copies);
        await rejectOnly(t, source);
        const { body, exchange: shown, routingKey } = await t.take(dead);
        assert.deepEqual([body, shown, routingKey], [key, exchange, source]);
      }
    },
  );

  test(
    'a dead letter comes to a queue once, however many of its keys match there',
    { rules: ['DLX-15'] },
    async (t) => {
      const exchange = await t.exchange('topic');
      const [dead, source] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': exchange })];
      for (const key of ['#', 'cc', 'bcc', '*', source]) await t.bind(dead, exchange, key);
      await t.send(source, 'a', copies);
      await rejectOnly(t, source);
      assert.deepEqual(await t.takeBodies(dead, 1), ['a']);
      assert.equal(await t.get(dead), undefined);
    },
  );

  test(
    'a dead-letter routing key is the only key of a dead letter, CC and BCC or not',
    { rules: ['DLX-15', 'DLX-16'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const args = { 'x-dead-letter-exchange': exchange, 'x-dead-letter-routing-key': 'own' };
      const [own, others, source] = [await t.queue(), await t.queue(), await t.queue(args)];
      await t.bind(own, exchange, 'own');
      for (const key of [source, 'cc', 'bcc']) await t.bind(others, exchange, key);
      await t.send(source, 'a', copies);
      await rejectOnly(t, source);
      const message = await t.take(own);
      assert.deepEqual([message.exchange, message.routingKey], [exchange, 'own']);
      assert.equal(await t.get(others), undefined);
    },
  );

  test(
    'a dead letter shows the routing key it was first published with after several deaths without another key',
    { rules: ['DLX-16'] },
    async (t) => {
      const [dx1, dx2, exchange] = [
        await t.exchange('fanout'),
        await t.exchange('fanout'),
        await t.exchange(),
      ];
      const q1 = await t.queue({ 'x-dead-letter-exchange': dx1 });
      const q2 = await t.queue({ 'x-dead-letter-exchange': dx2 });
      const q3 = await t.queue();
      await t.bind(q1, exchange, 'first key');
      await t.bind(q2, dx1, 'not looked at');
      await t.bind(q3, dx2);
      await t.publish(exchange, 'first key', 'a');
      await rejectOnly(t, q1);
      await rejectOnly(t, q2);
      const message = await t.take(q3);
      assert.deepEqual([message.exchange, message.routingKey], [dx2, 'first key']);
    },
  );

  test(
    'a death without a dead-letter routing key leaves the header CC as it is, and BCC is gone',
    { rules: ['DLX-15', 'DLX-17'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const [dead, source] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': exchange })];
      await t.bind(dead, exchange);
      await t.send(source, 'a', copies);
      await rejectOnly(t, source);
      const { headers } = await t.take(dead);
      assert.deepEqual([headers['CC'], headers['BCC']], [['cc'], undefined]);
    },
  );

  test(
    'a dead-letter routing key removes the header CC before 3.13 and leaves it since',
    { rules: ['DLX-17'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'a', copies);
      await rejectOnly(t, source);
      const { headers } = await t.take(dead);
      assert.deepEqual(headers['CC'], t.broker.pick({ '3.10': undefined, '3.13': ['cc'] }));
      assert.equal('BCC' in headers, false);
    },
  );

  test(
    'after a hop with a dead-letter routing key neither CC nor BCC nor the first key route any more',
    { rules: ['DLX-17'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const second = await t.queue({ 'x-dead-letter-exchange': exchange });
      const first = await t.deadLetteringTo(second);
      const [dead, others] = [await t.queue(), await t.queue()];
      await t.bind(dead, exchange, second);
      for (const key of ['cc', 'bcc', first]) await t.bind(others, exchange, key);
      await t.send(first, 'a', copies);
      await rejectOnly(t, first);
      await rejectOnly(t, second);
      assert.deepEqual([(await t.take(dead)).routingKey, await t.get(others)], [second, undefined]);
    },
  );

  test(
    'CC and BCC keys route again at every death until a dead-letter routing key takes their place',
    { rules: ['DLX-15'] },
    async (t) => {
      const [dx1, dx2] = [await t.exchange('fanout'), await t.exchange('direct')];
      const [q1, q2] = [
        await t.queue({ 'x-dead-letter-exchange': dx1 }),
        await t.queue({ 'x-dead-letter-exchange': dx2 }),
      ];
      const [cc, bcc] = [await t.queue(), await t.queue()];
      await t.bind(q2, dx1);
      await t.bind(cc, dx2, 'cc');
      await t.bind(bcc, dx2, 'bcc');
      await t.send(q1, 'a', copies);
      await rejectOnly(t, q1);
      await rejectOnly(t, q2);
      assert.deepEqual([(await t.take(cc)).body, (await t.take(bcc)).body], ['a', 'a']);
    },
  );

  test(
    'a dead letter without a route is dropped and not returned, though it was published as mandatory',
    { rules: ['DLX-18'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const source = await t.queue({ 'x-dead-letter-exchange': exchange });
      const { client, number } = await t.publisher();
      client.publish(number, { exchange: '', routingKey: source, mandatory: true }, 'a');
      await client.expect(number, 'basic.ack');
      await rejectOnly(t, source);
      await client.expectNothing(number);
    },
  );

  test(
    'a dead letter without a route goes to the alternate exchange, and shows the name of the dead-letter exchange',
    { rules: ['DLX-18'] },
    async (t) => {
      const alternate = await t.exchange('fanout');
      const exchange = await t.exchange('direct', { 'alternate-exchange': alternate });
      const args = { 'x-dead-letter-exchange': exchange, 'x-dead-letter-routing-key': 'unknown' };
      const [dead, source] = [await t.queue(), await t.queue(args)];
      await t.bind(dead, alternate, 'not looked at');
      await t.send(source, 'a');
      await rejectOnly(t, source);
      const message = await t.take(dead);
      assert.deepEqual([message.exchange, message.routingKey], [exchange, 'unknown']);
      assert.deepEqual(deathLines(message), [`${source} rejected 1`]);
    },
  );

  test(
    'a dead letter with a route does not go to the alternate exchange',
    { rules: ['DLX-18'] },
    async (t) => {
      const alternate = await t.exchange('fanout');
      const exchange = await t.exchange('fanout', { 'alternate-exchange': alternate });
      const [dead, spare, source] = [
        await t.queue(),
        await t.queue(),
        await t.queue({ 'x-dead-letter-exchange': exchange }),
      ];
      await t.bind(dead, exchange);
      await t.bind(spare, alternate);
      await t.send(source, 'a');
      await rejectOnly(t, source);
      assert.deepEqual([(await t.take(dead)).body, await t.get(spare)], ['a', undefined]);
    },
  );
}

/** What a headers exchange sees of a death. */
export function matchingHeaders(test: Define): void {
  interface Row {
    readonly name: string;
    readonly match: string;
    readonly args: (source: string) => Table;
    readonly isMatch: boolean;
    readonly since?: string;
  }
  const rows: readonly Row[] = [
    {
      name: 'all-with-x matches the headers of the first death',
      match: 'all-with-x',
      args: (source) => ({
        'x-first-death-queue': source,
        'x-first-death-reason': 'rejected',
        'x-first-death-exchange': '',
        own: 'header',
      }),
      isMatch: true,
    },
    {
      name: 'all-with-x does not match another reason of death',
      match: 'all-with-x',
      args: (source) => ({ 'x-first-death-queue': source, 'x-first-death-reason': 'expired' }),
      isMatch: false,
    },
    {
      name: 'any-with-x matches one header of the first death',
      match: 'any-with-x',
      args: (source) => ({ 'x-first-death-queue': source, 'x-first-death-reason': 'expired', own: 'other' }),
      isMatch: true,
    },
    {
      name: 'all-with-x matches the headers of this death as those of the last one',
      match: 'all-with-x',
      args: (source) => ({
        'x-last-death-queue': source,
        'x-last-death-reason': 'rejected',
        'x-last-death-exchange': '',
      }),
      isMatch: true,
      since: '3.13',
    },
    {
      name: 'any does not look at the headers of a death',
      match: 'any',
      args: (source) => ({ 'x-first-death-queue': source, own: 'other' }),
      isMatch: false,
    },
    {
      name: 'all does not look at the headers of a death',
      match: 'all',
      args: () => ({ 'x-first-death-queue': 'another', own: 'header' }),
      isMatch: true,
    },
  ];
  for (const { name, match, args, isMatch, since } of rows) {
    const options = since === undefined ? {} : { since };
    test(`a headers exchange for dead letters: ${name}`, { ...options, rules: ['DLX-19'] }, async (t) => {
      const exchange = await t.exchange('headers');
      const [dead, every] = [await t.queue(), await t.queue()];
      const source = await t.queue({ 'x-dead-letter-exchange': exchange });
      await t.bind(dead, exchange, '', { 'x-match': match, ...args(source) });
      await t.bind(every, exchange, '', { 'x-match': 'all' });
      await t.send(source, 'a', { headers: { own: 'header' } });
      await rejectOnly(t, source);
      await t.take(every);
      assert.equal(await t.count(dead), isMatch ? 1 : 0);
    });
  }

  test(
    'a headers exchange sees the last death at every hop, and the first as it was',
    { rules: ['DLX-19'], since: '3.13' },
    async (t) => {
      const exchange = await t.exchange('headers');
      const args = { 'x-dead-letter-exchange': exchange };
      const [first, second, third] = [await t.queue(args), await t.queue(args), await t.queue()];
      const died = (last: string): Table => ({
        'x-match': 'all-with-x',
        'x-first-death-queue': first,
        'x-last-death-queue': last,
      });
      await t.bind(second, exchange, '', died(first));
      await t.bind(third, exchange, '', died(second));
      await t.send(first, 'a');
      await rejectOnly(t, first);
      assert.equal(await t.count(third), 0);
      await rejectOnly(t, second);
      assert.equal((await t.take(third)).body, 'a');
    },
  );
}
