import assert from 'node:assert/strict';
import {
  answered,
  at,
  badRequest,
  each,
  list,
  object,
  read,
  sampled,
  withoutEntities,
} from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** Policies, operator policies and parameters. */
export function policyRequests(test: Define): void {
  test(
    'a policy is replaced as a whole, and what it leaves out has its default',
    { rules: ['API-49'] },
    async (t) => {
      const name = t.name('policy');
      const path = at('policies', '/', name);
      t.undo(() => t.admin.delete(path));
      const pattern = `^${t.prefix}$`;
      const policy = {
        pattern,
        definition: { 'max-length': 5, expires: 6e6 },
        priority: 3,
        'apply-to': 'queues',
      };
      answered(await t.admin.put(path, policy), 201);
      assert.deepEqual(await read(t, path), { vhost: '/', name, ...policy });
      answered(await t.admin.put(path, { pattern, definition: { 'max-length': 6 } }), 204);
      const replaced = {
        vhost: '/',
        name,
        pattern,
        definition: { 'max-length': 6 },
        priority: 0,
        'apply-to': 'all',
      };
      assert.deepEqual(await read(t, path), replaced);
      assert.deepEqual(
        (await list(t, at('policies', '/'))).find((one) => one['name'] === name),
        replaced,
      );
    },
  );

  for (const [what, change, text] of [
    ['an empty definition', { definition: {} }, 'no policy provided'],
    ['an unknown key', { definition: { bogus: 1 } }, '[{<<"bogus">>,1}] are not recognised policy settings'],
    ['a negative length', { definition: { 'max-length': -1 } }, '-1 is not a valid maximum length'],
    [
      'a priority that is a text',
      { priority: 'high' },
      'priority should be a number, actually was <<"high">>',
    ],
  ] as const) {
    test(`a policy with ${what} is refused`, { rules: ['API-08', 'API-49'] }, async (t) => {
      const path = at('policies', '/', t.name('policy'));
      const policy = { pattern: '^no such queue$', definition: { 'max-length': 1 }, ...change };
      answered(await t.admin.put(path, policy), 400, badRequest(`Validation failed\n\n${text}\n`));
    });
  }

  test('a policy whose pattern is no regular expression is refused', { rules: ['API-49'] }, async (t) => {
    const path = at('policies', '/', t.name('policy'));
    const { status, json } = await t.admin.put(path, { pattern: '(', definition: { 'max-length': 1 } });
    assert.equal(status, 400);
    const text = /^Validation failed\n\npattern should be regular expression but is invalid: \{"missing /;
    assert.match(String(object(withoutEntities(json))['reason']), text);
  });

  test(
    'a policy applies to queues, exchanges or all, and later to queues of one type',
    { rules: ['API-49'] },
    async (t) => {
      const path = at('policies', '/', t.name('policy'));
      t.undo(() => t.admin.delete(path));
      const policy = { pattern: '^no such queue$', definition: { 'max-length': 1 } };
      const types = ['classic_queues', 'quorum_queues', 'streams'];
      const old = "should be 'queues', 'exchanges' or 'all'";
      const allowed =
        "should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'";
      const text = `apply-to 'bogus' unrecognised; ${t.broker.since('4.0') ? allowed : old}`;
      const refused = badRequest(`Validation failed\n\n${text}\n`);
      answered(await t.admin.put(path, { ...policy, 'apply-to': 'bogus' }), 400, refused);
      for (const target of ['queues', 'exchanges', 'all', ...(t.broker.since('4.0') ? types : [])]) {
        await t.admin.must('PUT', path, { ...policy, 'apply-to': target });
        assert.equal((await read(t, path))['apply-to'], target);
      }
    },
  );

  test('an operator policy may only set limits', { rules: ['API-51'] }, async (t) => {
    const path = at('operator-policies', '/', t.name('policy'));
    t.undo(() => t.admin.delete(path));
    const policy = { pattern: '^no such queue$', 'apply-to': 'queues' };
    const text = '[{<<"dead-letter-exchange">>,<<"x">>}] are not recognised policy settings';
    const refused = badRequest(`Validation failed\n\n${text}\n`);
    const wrong = { ...policy, definition: { 'dead-letter-exchange': 'x' } };
    answered(await t.admin.put(path, wrong), 400, refused);
    const definition = { expires: 6e6, 'message-ttl': 1000, 'max-length': 5, 'max-length-bytes': 9 };
    answered(await t.admin.put(path, { ...policy, definition }), 201);
    assert.deepEqual((await read(t, path))['definition'], definition);
  });

  test(
    'an operator policy may set the overflow of full queues',
    { rules: ['API-51'], since: '3.12' },
    async (t) => {
      const path = at('operator-policies', '/', t.name('policy'));
      t.undo(() => t.admin.delete(path));
      const definition = { overflow: 'reject-publish' };
      answered(
        await t.admin.put(path, { pattern: '^no such queue$', definition, 'apply-to': 'queues' }),
        201,
      );
    },
  );

  test(
    'operator policies are also parameters of the component operator_policy',
    { rules: ['API-51', 'API-52'] },
    async (t) => {
      const vhost = await t.vhost();
      const value = { pattern: '^q', definition: { 'max-length': 5 }, priority: 0, 'apply-to': 'queues' };
      await t.admin.must('PUT', at('operator-policies', vhost, 'op'), value);
      assert.deepEqual(await list(t, at('parameters', 'operator_policy', vhost)), [
        { component: 'operator_policy', name: 'op', vhost, value },
      ]);
      assert.deepEqual(await list(t, at('operator-policies', vhost)), [{ vhost, name: 'op', ...value }]);
    },
  );

  test('a parameter of a component that does not exist is refused', { rules: ['API-52'] }, async (t) => {
    const path = at('parameters', 'nosuch', '/', t.name('parameter'));
    const refused = badRequest('Validation failed\n\ncomponent nosuch not found\n');
    answered(await t.admin.put(path, { value: 1 }), 400, refused);
    assert.deepEqual(await list(t, at('parameters', 'nosuch')), []);
  });

  test('policies are not set as parameters', { rules: ['API-52'] }, async (t) => {
    const path = at('parameters', 'policy', '/', t.name('policy'));
    const value = { pattern: '^no such queue$', definition: { 'max-length': 1 } };
    const refused = badRequest('policies may not be set using this method');
    answered(await t.admin.put(path, { value }), 400, refused);
  });

  test('a global parameter holds any JSON', { rules: ['API-52'] }, async (t) => {
    const name = t.name('parameter');
    const path = at('global-parameters', name);
    t.undo(() => t.admin.delete(path));
    for (const value of ['text', 5, [1, 'a'], { a: { b: true } }]) {
      await t.admin.must('PUT', path, { value });
      assert.deepEqual(await read(t, path), { name, value });
    }
    const all = each(await list(t, '/global-parameters'), 'name');
    assert.ok(all.includes(name) && all.includes('internal_cluster_id'));
  });
}

/** What policies do, as far as it is shown. */
export function policyEffects(test: Define): void {
  test(
    'of the policies that match a queue only that of the highest priority applies',
    { rules: ['API-50'], slow: true },
    async (t) => {
      const queue = await t.queue();
      await t.policy({ definition: { 'max-length': 5, expires: 6e6 }, priority: 1, applyTo: 'queues' });
      const high = await t.policy({ definition: { 'message-ttl': 1000 }, priority: 2, applyTo: 'queues' });
      const shown = await sampled(t, at('queues', '/', queue), (json) => json['policy'] === high);
      assert.deepEqual(shown['effective_policy_definition'], { 'message-ttl': 1000 });
    },
  );

  test(
    'the pattern of a policy may match anywhere in the name',
    { rules: ['API-50'], slow: true },
    async (t) => {
      const queue = t.name('middle.of.it');
      await t.queue({}, { queue });
      const policy = await t.policy({
        definition: { 'max-length': 5 },
        pattern: `${t.prefix}.*dle\\.of`,
        applyTo: 'queues',
      });
      await sampled(t, at('queues', '/', queue), (json) => json['policy'] === policy);
    },
  );

  test(
    'a policy that is changed changes the queues it applies to',
    { rules: ['API-50'], slow: true },
    async (t) => {
      const path = at('queues', '/', await t.queue());
      const policy = await t.policy({ definition: { 'max-length': 5 }, applyTo: 'queues' });
      const has = (length: number) => (json: Json) =>
        (json['effective_policy_definition'] as Json | undefined)?.['max-length'] === length;
      await sampled(t, path, has(5));
      const pattern = `^${t.prefix}`;
      await t.admin.must('PUT', at('policies', '/', policy), { pattern, definition: { 'max-length': 6 } });
      await sampled(t, path, has(6));
    },
  );

  test('a policy that is deleted applies to nothing', { rules: ['API-50'], slow: true }, async (t) => {
    const path = at('queues', '/', await t.queue());
    const policy = await t.policy({ definition: { 'max-length': 5 }, applyTo: 'queues' });
    await sampled(t, path, (json) => json['policy'] === policy);
    await t.admin.must('DELETE', at('policies', '/', policy));
    await sampled(t, path, (json) => json['policy'] === null || json['policy'] === '');
  });

  test(
    'an operator policy is merged into the policy, and the smaller limit wins',
    { rules: ['API-50', 'API-51'], slow: true },
    async (t) => {
      const queue = await t.queue();
      const definition = { 'max-length': 5, 'message-ttl': 1000, 'dead-letter-exchange': 'x' };
      const policy = await t.policy({ definition, applyTo: 'queues' });
      const operator = await t.policy({
        definition: { 'max-length': 9, 'message-ttl': 500, expires: 6e6 },
        operator: true,
      });
      const shown = await sampled(
        t,
        at('queues', '/', queue),
        (json) => json['policy'] === policy && json['operator_policy'] === operator,
      );
      assert.deepEqual(shown['effective_policy_definition'], {
        'max-length': 5,
        'message-ttl': 500,
        'dead-letter-exchange': 'x',
        expires: 6e6,
      });
    },
  );

  test(
    'of the limits of a queue and of its policy the smaller one holds',
    { rules: ['API-50'], slow: true },
    async (t) => {
      const [small, large] = [await t.queue({ 'x-max-length': 2 }), await t.queue({ 'x-max-length': 9 })];
      const policy = await t.policy({ definition: { 'max-length': 4 }, applyTo: 'queues' });
      for (const queue of [small, large]) {
        await sampled(t, at('queues', '/', queue), (json) => json['policy'] === policy);
        for (let i = 0; i < 6; i++) await t.send(queue, String(i));
      }
      await t.untilCount(small, 2);
      await t.untilCount(large, 4);
    },
  );

  test(
    'the alternate exchange of an exchange wins over that of a policy',
    { rules: ['API-50'] },
    async (t) => {
      const [own, other] = [await t.exchange('fanout'), await t.exchange('fanout')];
      const [ownQueue, otherQueue] = [await t.queue(), await t.queue()];
      await t.bind(ownQueue, own);
      await t.bind(otherQueue, other);
      const exchange = await t.exchange('direct', { 'alternate-exchange': own });
      const policy = await t.policy({ definition: { 'alternate-exchange': other }, applyTo: 'exchanges' });
      await sampled(t, at('exchanges', '/', exchange), (json) => json['policy'] === policy);
      await t.publish(exchange, 'nowhere', 'x');
      assert.deepEqual([await t.count(ownQueue), await t.count(otherQueue)], [1, 0]);
    },
  );
}
