import assert from 'node:assert/strict';
import {
  answered,
  at,
  badRequest,
  hasFields,
  list,
  pick,
  read,
  sampled,
} from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** Exchanges. */
export function exchanges(test: Define): void {
  test(
    'an exchange declared without anything is a transient direct one',
    { rules: ['API-31', 'API-30'] },
    async (t) => {
      const exchange = t.name('x');
      answered(await t.admin.put(at('exchanges', '/', exchange), {}), 201);
      const shown = await read(t, at('exchanges', '/', exchange));
      const expected = {
        name: exchange,
        vhost: '/',
        type: 'direct',
        durable: false,
        auto_delete: false,
        internal: false,
        arguments: {},
        user_who_performed_action: t.broker.login.user,
      };
      assert.deepEqual(pick(shown, Object.keys(expected)), expected);
      hasFields(shown, ['incoming', 'outgoing']);
    },
  );

  test(
    'an exchange is declared with the type, the flags and the arguments of the body',
    { rules: ['API-31'] },
    async (t) => {
      const exchange = t.name('x');
      const body = {
        type: 'topic',
        durable: true,
        auto_delete: true,
        internal: true,
        arguments: { 'alternate-exchange': 'amq.fanout' },
      };
      answered(await t.admin.put(at('exchanges', '/', exchange), body), 201);
      assert.deepEqual(pick(await read(t, at('exchanges', '/', exchange)), Object.keys(body)), body);
    },
  );

  test(
    'the exchanges of a vhost are listed with those every vhost has',
    { rules: ['API-30', 'API-44'] },
    async (t) => {
      const vhost = await t.vhost();
      const shown = await list(t, `${at('exchanges', vhost)}?columns=name,type&sort=name`);
      assert.deepEqual(
        shown.map(({ name, type }) => `${String(name)} ${String(type)}`),
        [
          ' direct',
          'amq.direct direct',
          'amq.fanout fanout',
          'amq.headers headers',
          'amq.match headers',
          'amq.rabbitmq.trace topic',
          'amq.topic topic',
        ],
      );
    },
  );

  for (const [what, change, text] of [
    [
      'type',
      { type: 'fanout' },
      "'type' for exchange 'X' in vhost '/': received 'fanout' but current is 'direct'",
    ],
    [
      'flag',
      { durable: false },
      "'durable' for exchange 'X' in vhost '/': received 'false' but current is 'true'",
    ],
  ] as const) {
    test(
      `declaring an exchange again with another ${what} is a bad request`,
      { rules: ['API-08', 'API-31'] },
      async (t) => {
        const exchange = await t.exchange('direct', {}, { durable: true });
        const answer = await t.admin.put(at('exchanges', '/', exchange), { durable: true, ...change });
        answered(answer, 400, badRequest(`inequivalent arg ${text.replace('X', exchange)}`));
      },
    );
  }

  test('an exchange of an unknown type is a bad request', { rules: ['API-31'] }, async (t) => {
    const type = t.name('type');
    const answer = await t.admin.put(at('exchanges', '/', t.name('x')), { type });
    answered(answer, 400, badRequest(`unknown exchange type '${type}'`));
  });

  test(
    'an exchange that has bindings is not deleted if it must be unused',
    { rules: ['API-32'] },
    async (t) => {
      const exchange = await t.exchange();
      await t.bind(await t.queue(), exchange, 'k');
      const path = at('exchanges', '/', exchange);
      const refused = badRequest(`exchange '${exchange}' in vhost '/' in use`);
      answered(await t.admin.delete(`${path}?if-unused=true`), 400, refused);
      answered(await t.admin.delete(path), 204);
      assert.equal(await t.hasExchange(exchange), false);
    },
  );

  test('an exchange shows its policy', { rules: ['API-30', 'API-50'] }, async (t) => {
    const exchange = await t.exchange();
    const policy = await t.policy({
      definition: { 'alternate-exchange': 'amq.fanout' },
      applyTo: 'exchanges',
    });
    await sampled(t, at('exchanges', '/', exchange), (json) => json['policy'] === policy);
  });

  test(
    'an exchange counts what came in and what went out',
    { rules: ['API-30', 'API-13'], slow: true },
    async (t) => {
      const exchange = await t.exchange('fanout');
      await t.bind(await t.queue(), exchange);
      await t.publish(exchange, 'k');
      const shows = (json: Json): boolean =>
        (json['message_stats'] as Json | undefined)?.['publish_in'] === 1 &&
        (json['message_stats'] as Json | undefined)?.['publish_out'] === 1;
      await sampled(t, at('exchanges', '/', exchange), shows);
    },
  );
}
