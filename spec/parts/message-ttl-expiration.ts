import assert from 'node:assert/strict';
import type { Define } from '../support/suite.ts';

/** The property `expiration`: what it may be, and when it is looked at. */
export function expirationProperty(test: Define): void {
  const shortLived = ['0', '-0', '+0', '100', '0100', '+100', '+00000000000000000000100'];
  for (const expiration of shortLived) {
    test(
      `an expiration of ${JSON.stringify(expiration)} is a number of milliseconds, and soon over`,
      { rules: ['TTL-04'] },
      async (t) => {
        const dead = await t.queue();
        const queue = await t.deadLetteringTo(dead);
        const elapsed = t.stopwatch();
        await t.send(queue, 'x', { expiration });
        assert.equal((await t.take(dead)).body, 'x');
        assert.ok(elapsed() >= Number(expiration) - 1, `expired after ${elapsed()} ms`);
      },
    );
  }

  for (const expiration of ['4294967296', '315360000000', '+0315360000000']) {
    test(
      `an expiration of ${JSON.stringify(expiration)} is a number of milliseconds, and not over for long`,
      { rules: ['TTL-04'] },
      async (t) => {
        const queue = await t.queue();
        assert.equal(await t.send(queue, 'x', { expiration }), 'ack');
        await t.elapse(200);
        assert.deepEqual(await t.drain(queue), ['x']);
      },
    );
  }

  const refused: readonly [expiration: string, reason: string][] = [
    ['  ', 'no_integer'],
    ['abc', 'no_integer'],
    ['NaN', 'no_integer'],
    ['-', 'no_integer'],
    ['+', 'no_integer'],
    ['+-1', 'no_integer'],
    ['--1', 'no_integer'],
    [' 1000', 'no_integer'],
    ['\t5', 'no_integer'],
    ['１２', 'no_integer'],
    ['10abc', '{leftover_string,"abc"}'],
    ['1.5', '{leftover_string,".5"}'],
    ['1000.0', '{leftover_string,".0"}'],
    ['1000 ', '{leftover_string," "}'],
    ['10\n', '{leftover_string,"\\n"}'],
    ['1e3', '{leftover_string,"e3"}'],
    ['0x10', '{leftover_string,"x10"}'],
    ['-1', '{value_negative,-1}'],
    ['-0100', '{value_negative,-100}'],
    ['315360000001', '{value_too_large,315360000001}'],
  ];
  for (const [expiration, reason] of refused) {
    test(
      `an expiration of ${JSON.stringify(expiration)} is refused`,
      { rules: ['TTL-04', 'TTL-05'] },
      async (t) => {
        const queue = await t.queue();
        const text = `PRECONDITION_FAILED - invalid expiration '${expiration}': ${reason}`;
        await t.refusesPublish({ routingKey: queue }, { expiration }, 406, text);
        assert.equal(await t.purge(queue), 0);
      },
    );
  }

  test('an expiration of far too many digits is refused', { rules: ['TTL-05'] }, async (t) => {
    const expiration = '9'.repeat(23);
    const text = new RegExp(
      `^PRECONDITION_FAILED - invalid expiration '${expiration}': \\{value_too_large,\\s*${expiration}\\}$`,
    );
    await t.refusesPublish({ routingKey: await t.queue() }, { expiration }, 406, text);
  });

  test(
    'a message with a bad expiration is neither routed nor confirmed nor returned, and only the channel closes',
    { rules: ['TTL-05'] },
    async (t) => {
      const [queue, fanout] = [await t.queue(), await t.exchange('fanout')];
      await t.bind(queue, fanout);
      const client = await t.connect();
      const [other, channel] = [await t.channel(client), await t.confirmChannel(client)];
      client.publish(channel.number, { exchange: fanout, mandatory: true }, 'x', { expiration: 'soon' });
      const text = "PRECONDITION_FAILED - invalid expiration 'soon': no_integer";
      await channel.refused(406, text, 'basic.publish'); // it is the first thing that comes
      await other.settled();
      assert.equal(await t.purge(queue), 0);
    },
  );

  test(
    'what a channel published before a bad expiration stays published',
    { rules: ['TTL-05'] },
    async (t) => {
      const queue = await t.queue();
      const channel = await t.channel();
      channel.publish('', queue, 'good');
      channel.publish('', queue, 'bad', { expiration: 'soon' });
      channel.publish('', queue, 'too late');
      await channel.refused(406, /invalid expiration/, 'basic.publish');
      assert.deepEqual(await t.takeBodies(queue, 1), ['good']);
      await t.staysEmpty(queue);
    },
  );

  test(
    'in a transaction a bad expiration is refused at the publish, before any commit',
    { rules: ['TTL-05'] },
    async (t) => {
      const queue = await t.queue();
      const channel = await t.channel();
      await channel.call('tx.select');
      channel.publish('', queue, 'x', { expiration: 'soon' });
      await channel.refused(406, /invalid expiration 'soon': no_integer$/, 'basic.publish');
      assert.equal(await t.purge(queue), 0);
    },
  );

  const head = "PRECONDITION_FAILED - invalid expiration '";
  const tail = "': no_integer";
  const longest = 255 - head.length - tail.length;

  test('an error text of 255 bytes is whole', { rules: ['TTL-06'] }, async (t) => {
    const expiration = 'x'.repeat(longest);
    await t.refusesPublish({ routingKey: 'q' }, { expiration }, 406, `${head}${expiration}${tail}`);
  });

  for (const size of [longest + 1, 255]) {
    test(
      `an error text about ${size} bytes of expiration is cut to 252 bytes and three dots`,
      { rules: ['TTL-06'] },
      async (t) => {
        const expiration = 'x'.repeat(size);
        const whole = `${head}${expiration}${tail}`;
        await t.refusesPublish({ routingKey: 'q' }, { expiration }, 406, `${whole.slice(0, 252)}...`);
      },
    );
  }

  test('an error text about a long queue name is cut in the same way', { rules: ['TTL-06'] }, async (t) => {
    const queue = `${t.prefix}${'n'.repeat(240 - t.prefix.length)}`;
    const text = `NOT_FOUND - no queue '${queue}' in vhost '/'`.slice(0, 252);
    await t.refuses('queue.declare', { queue, passive: true }, 404, `${text}...`);
  });

  const bad = { expiration: 'soon' };
  const badText = "PRECONDITION_FAILED - invalid expiration 'soon': no_integer";

  test(
    'an exchange that does not exist is reported before a bad expiration',
    { rules: ['TTL-07'] },
    async (t) => {
      const exchange = t.name('x');
      await t.refusesPublish({ exchange }, bad, 404, `NOT_FOUND - no exchange '${exchange}' in vhost '/'`);
    },
  );

  test('an internal exchange is reported before a bad expiration', { rules: ['TTL-07'] }, async (t) => {
    const exchange = await t.exchange('fanout', {}, { internal: true });
    const text = `ACCESS_REFUSED - cannot publish to internal exchange '${exchange}' in vhost '/'`;
    await t.refusesPublish({ exchange }, bad, 403, text);
  });

  test('a bad expiration is reported before a CC that is no array', { rules: ['TTL-07'] }, async (t) => {
    const queue = await t.queue();
    await t.refusesPublish({ routingKey: queue }, { ...bad, headers: { CC: 'one' } }, 406, badText);
  });

  test(
    'a bad expiration is reported before a foreign user-id, since 4.0',
    { rules: ['TTL-07'] },
    async (t) => {
      const queue = await t.queue();
      const text = t.broker.pick({
        '3.10': `PRECONDITION_FAILED - user_id property set to 'nobody' but authenticated user was '${t.broker.login.user}'`,
        '4.0': badText,
      });
      await t.refusesPublish({ routingKey: queue }, { ...bad, userId: 'nobody' }, 406, text);
    },
  );

  test('a bad expiration is reported of a message without a route', { rules: ['TTL-07'] }, async (t) => {
    await t.refusesPublish({ routingKey: t.name('missing') }, bad, 406, badText);
  });

  test(
    'the right to write is checked before the expiration',
    { rules: ['TTL-07'], needs: ['management'] },
    async (t) => {
      const exchange = await t.exchange('topic');
      const client = await t.connect(await t.user({}));
      await t.refusesPublish({ exchange }, bad, 403, /^ACCESS_REFUSED - (write )?access to exchange/, client);
    },
  );

  test(
    'the expiration is checked before the right to a topic, since 4.0',
    { rules: ['TTL-07'], needs: ['management'] },
    async (t) => {
      const exchange = await t.exchange('topic');
      const login = await t.user({ write: '.*' });
      const topicPermission = { exchange, write: '^allowed$', read: '' };
      await t.admin.must('PUT', `/topic-permissions/%2F/${login.user}`, topicPermission);
      const client = await t.connect(login);
      const args = { exchange, routingKey: 'other' };
      const noAccess = /^ACCESS_REFUSED - (write )?access to topic 'other'/;
      await t.refusesPublish(args, {}, 403, noAccess, client);
      if (t.broker.since('4.0')) await t.refusesPublish(args, bad, 406, badText, client);
      else await t.refusesPublish(args, bad, 403, noAccess, client);
    },
  );

  test('an empty expiration is refused, and not the same as none', { rules: ['TTL-08'] }, async (t) => {
    const queue = await t.queue();
    const text = "PRECONDITION_FAILED - invalid expiration '': no_integer";
    await t.refusesPublish({ routingKey: queue }, { expiration: '' }, 406, text);
    assert.equal(await t.send(queue, 'without'), 'ack');
    assert.deepEqual(await t.drain(queue), ['without']);
  });

  for (const [written, plain] of [
    ['0060000', '60000'],
    ['+60000', '60000'],
    ['60000', '60000'],
  ] as const) {
    test(
      `a consumer sees the expiration ${written} as a plain number, since 4.0`,
      { rules: ['TTL-09'] },
      async (t) => {
        const queue = await t.queue();
        await t.send(queue, 'x', { expiration: written });
        const { properties } = await t.take(queue);
        assert.equal(properties.expiration, t.broker.pick({ '3.10': written, '4.0': plain }));
      },
    );
  }
}
