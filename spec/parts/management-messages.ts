import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { plain } from '../support/fields.ts';
import { answered, at, badRequest, each, fetched, message } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** POST /exchanges/VH/X/publish. */
export function publishing(test: Define): void {
  test('a publish through HTTP says whether a queue got the message', { rules: ['API-33'] }, async (t) => {
    const exchange = await t.exchange();
    const queue = await t.queue();
    await t.bind(queue, exchange, 'k');
    const path = `${at('exchanges', '/', exchange)}/publish`;
    answered(await t.admin.post(path, message('k', 'kept')), 200, { routed: true });
    answered(await t.admin.post(path, message('other', 'lost')), 200, { routed: false });
    assert.deepEqual(await t.drain(queue), ['kept']);
  });

  test(
    'a message published through HTTP has the properties of the body, and those it does not know are ignored',
    { rules: ['API-33'] },
    async (t) => {
      const queue = await t.queue();
      const properties = {
        content_type: 'text/plain',
        content_encoding: 'utf-8',
        delivery_mode: 2,
        priority: 3,
        correlation_id: 'correlation',
        reply_to: 'reply',
        expiration: '60000',
        message_id: 'message',
        timestamp: 12,
        type: 'type',
        user_id: t.broker.login.user,
        app_id: 'app',
        cluster_id: 'cluster',
        headers: { text: 'x', number: 1, flag: true, table: { k: 'v' }, array: [1] },
        no_property: 'ignored',
      };
      const answer = await t.admin.post(publishTo('amq.default'), message(queue, 'body', properties));
      answered(answer, 200, { routed: true });
      const got = await t.take(queue);
      assert.equal(got.body, 'body');
      assert.deepEqual(plain(got.properties), {
        contentType: 'text/plain',
        contentEncoding: 'utf-8',
        deliveryMode: 2,
        priority: 3,
        correlationId: 'correlation',
        replyTo: 'reply',
        expiration: '60000',
        messageId: 'message',
        timestamp: 12,
        type: 'type',
        userId: t.broker.login.user,
        appId: 'app',
        clusterId: 'cluster',
        headers: { text: 'x', number: 1, flag: true, table: { k: 'v' }, array: [1] },
      });
    },
  );

  test('a body that is no text is published as base64', { rules: ['API-33'] }, async (t) => {
    const queue = await t.queue();
    const body = { ...message(queue, '/wAB'), payload_encoding: 'base64' };
    answered(await t.admin.post(publishTo('amq.default'), body), 200, { routed: true });
    assert.deepEqual((await t.take(queue)).bytes, Buffer.from([255, 0, 1]));
  });

  test(
    'publishing through HTTP to an exchange that does not exist is refused',
    { rules: ['API-05', 'API-33'] },
    async (t) => {
      const none = t.name('x');
      const answer = await t.admin.post(publishTo(none), message('k', 'x'));
      if (t.broker.since('3.13')) answered(answer, 404, { error: 'not_found', reason: 'exchange_not_found' });
      else answered(answer, 400, badRequest(`404 NOT_FOUND - no exchange '${none}' in vhost '/'`));
    },
  );

  for (const [what, change, reason] of [
    ['a body without properties', { properties: undefined }, '[{key_missing,properties}]'],
    [
      'a body without anything',
      { properties: undefined, routing_key: undefined, payload: undefined, payload_encoding: undefined },
      '[{key_missing,routing_key},\n {key_missing,properties},\n {key_missing,payload},\n {key_missing,payload_encoding}]',
    ],
    [
      'a body without its encoding and its routing key',
      { payload_encoding: undefined, routing_key: undefined },
      '[{key_missing,routing_key},{key_missing,payload_encoding}]',
    ],
    [
      'an encoding other than string and base64',
      { payload_encoding: 'hex' },
      ['unsupported_encoding', 'hex'],
    ],
    ['what is no base64', { payload_encoding: 'base64', payload: '%%%' }, ['not_base64', '%%%']],
    [
      'a delivery mode that is no number',
      { properties: { delivery_mode: 'x' } },
      ['not_int', 'delivery_mode'],
    ],
    [
      'an expiration that is no number',
      { properties: { expiration: 'abc' } },
      "406 PRECONDITION_FAILED - invalid expiration 'abc': no_integer",
    ],
  ] as const) {
    test(`${what} is not published through HTTP`, { rules: ['API-08', 'API-33'] }, async (t) => {
      const queue = await t.queue();
      const answer = await t.admin.post(publishTo('amq.default'), { ...message(queue, 'x'), ...change });
      answered(answer, 400, badRequest(reason));
      assert.equal(await t.count(queue), 0);
    });
  }

  test('nothing is published through HTTP to an internal exchange', { rules: ['API-33'] }, async (t) => {
    const exchange = await t.exchange('fanout', {}, { internal: true });
    const text = `403 ACCESS_REFUSED - cannot publish to internal exchange '${exchange}' in vhost '/'`;
    answered(await t.admin.post(publishTo(exchange), message('k', 'x')), 400, badRequest(text));
  });
}

/** POST /queues/VH/Q/get. */
export function fetching(test: Define): void {
  for (const [ackmode, after] of [
    ['ack_requeue_true', ['one true', 'two true']],
    ['reject_requeue_true', ['one true', 'two true']],
    ['ack_requeue_false', []],
    ['reject_requeue_false', []],
  ] as const) {
    const fate = after.length > 0 ? 'go back to their places, redelivered' : 'are gone';
    test(`messages fetched through HTTP with ${ackmode} ${fate}`, { rules: ['API-38'] }, async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'one');
      await t.send(queue, 'two');
      const first = await fetched(t, queue, { ackmode });
      assert.deepEqual(each(first, 'payload'), ['one', 'two']);
      assert.deepEqual(each(first, 'redelivered'), [false, false]);
      await t.untilCount(queue, after.length);
      const control = await t.control();
      const left: string[] = [];
      for (let got = await control.get(queue); got !== undefined; got = await control.get(queue)) {
        left.push(`${got.body} ${got.redelivered}`);
      }
      assert.deepEqual(left, after);
    });
  }

  test('rejecting what was fetched through HTTP dead-letters it', { rules: ['API-38'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead);
    await t.send(queue, 'unwanted');
    await fetched(t, queue, { ackmode: 'reject_requeue_false' });
    assert.equal((await t.take(dead)).body, 'unwanted');
  });

  test(
    'a fetched message comes with where it came from, its properties and how many are left',
    { rules: ['API-38'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const queue = await t.queue();
      await t.bind(queue, exchange);
      await t.publish(exchange, 'some.key', 'one', { deliveryMode: 2, messageId: 'm', headers: { h: 1 } });
      await t.send(queue, 'two');
      const [got = {}, ...others] = await fetched(t, queue, { count: 1 });
      assert.deepEqual(others, []);
      assert.deepEqual(got, {
        payload_bytes: 3,
        redelivered: false,
        exchange,
        routing_key: 'some.key',
        message_count: 1,
        properties: { delivery_mode: 2, message_id: 'm', headers: { h: 1 } },
        payload: 'one',
        payload_encoding: 'string',
      });
    },
  );

  test('an object without fields is {} or []', { rules: ['API-14', 'API-38'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'x');
    const [got] = await fetched(t, queue);
    assert.ok(['{}', '[]'].includes(JSON.stringify(got?.['properties'])));
  });

  test(
    'a fetched body is base64 when it is no UTF-8, or when that is asked for',
    { rules: ['API-38'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, Buffer.from([255, 0]));
      await t.send(queue, 'ü');
      const bodies = async (encoding: string): Promise<unknown[]> =>
        (await fetched(t, queue, { encoding, ackmode: 'ack_requeue_true' })).map(
          (got) => `${String(got['payload_encoding'])} ${String(got['payload'])}`,
        );
      assert.deepEqual(await bodies('auto'), ['base64 /wA=', 'string ü']);
      assert.deepEqual(await bodies('base64'), ['base64 /wA=', 'base64 w7w=']);
    },
  );

  test('a fetched body can be cut short, and its whole size is told', { rules: ['API-38'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'abcdef');
    const [got = {}] = await fetched(t, queue, { truncate: 2 });
    assert.deepEqual([got['payload'], got['payload_bytes']], ['ab', 6]);
  });

  test('an empty queue has nothing to fetch through HTTP', { rules: ['API-38'] }, async (t) => {
    assert.deepEqual(await fetched(t, await t.queue()), []);
  });

  for (const [what, body, reason] of [
    ['without anything', {}, '[{key_missing,ackmode},{key_missing,count},{key_missing,encoding}]'],
    ['without a mode and an encoding', { count: 1 }, '[{key_missing,ackmode},{key_missing,encoding}]'],
    [
      'in an unknown encoding',
      { count: 1, ackmode: 'ack_requeue_true', encoding: 'hex' },
      'Unsupported encoding. Please use auto or base64.',
    ],
  ] as const) {
    test(`a fetch through HTTP ${what} is refused`, { rules: ['API-38'] }, async (t) => {
      const path = `${at('queues', '/', await t.queue())}/get`;
      answered(await t.admin.post(path, body), 400, badRequest(reason));
    });
  }

  test('a fetch through HTTP in an unknown mode is refused', { rules: ['API-38'] }, async (t) => {
    const path = `${at('queues', '/', await t.queue())}/get`;
    const body = { count: 1, ackmode: 'bogus', encoding: 'auto' };
    const answer = await t.admin.post(path, body);
    if (t.broker.isRabbitMQ && !t.broker.since('3.12')) {
      assert.equal(answer.status, 500);
      return;
    }
    assert.equal(answer.status, 400);
    assert.match(
      answer.text,
      /Invalid ackmode value: bogus\. Valid values are: ack_requeue_true, ack_requeue_false,/,
    );
  });

  test(
    'a fetch through HTTP from a queue that does not exist is refused',
    { rules: ['API-05', 'API-38'] },
    async (t) => {
      const none = t.name('q');
      const body = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' };
      const answer = await t.admin.post(`${at('queues', '/', none)}/get`, body);
      const reason = t.broker.since('3.13')
        ? 'queue_not_found'
        : `NOT_FOUND - no queue '${none}' in vhost '/'`;
      answered(answer, 404, { error: 'not_found', reason });
    },
  );
}

function publishTo(exchange: string): string {
  return `${at('exchanges', '/', exchange)}/publish`;
}
