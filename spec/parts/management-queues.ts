import assert from 'node:assert/strict';
import { segment } from '../support/admin.ts';
import { field } from '../support/fields.ts';
import {
  answered,
  at,
  badRequest,
  each,
  found,
  hasFields,
  list,
  notFound,
  object,
  pick,
  read,
  sampled,
} from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** What another connection is told of an exclusive queue. */
function locked(queue: string): string {
  return (
    `cannot obtain exclusive access to locked queue '${queue}' in vhost '/'. It could be originally declared on ` +
    'another connection or the exclusive property value does not match that of the original declaration.'
  );
}

/** Queues. */
export function queues(test: Define): void {
  test(
    'a queue declared without anything is a transient classic one',
    { rules: ['API-34', 'API-35'] },
    async (t) => {
      const queue = t.name('q');
      answered(await t.admin.put(at('queues', '/', queue), {}), 201);
      const expected = {
        name: queue,
        vhost: '/',
        type: 'classic',
        durable: false,
        auto_delete: false,
        exclusive: false,
        arguments: t.broker.since('4.0') ? { 'x-queue-type': 'classic' } : {},
      };
      assert.deepEqual(pick(await read(t, at('queues', '/', queue)), Object.keys(expected)), expected);
    },
  );

  test('numbers in the arguments of a queue are integers of 64 bits', { rules: ['API-35'] }, async (t) => {
    const queue = t.name('q');
    const args = { 'x-max-length': 5, 'x-expires': 6e6 };
    answered(await t.admin.put(at('queues', '/', queue), { durable: true, arguments: args }), 201);
    assert.deepEqual(
      pick(object((await read(t, at('queues', '/', queue)))['arguments']), Object.keys(args)),
      args,
    );
    const long = { 'x-max-length': field('l', 5), 'x-expires': field('l', 6e6) };
    await t.queue(long, { queue });
  });

  for (const [args, what] of [
    [{ 'x-message-ttl': -1 }, "'x-message-ttl' for queue 'Q' in vhost '/': {value_negative,-1}"],
    [{ 'x-max-length': '5' }, `'x-max-length' for queue 'Q' in vhost '/': "expected integer, got longstr"`],
  ] as const) {
    test(
      `a queue with the arguments ${JSON.stringify(args)} is a bad request with the text of the channel error`,
      { rules: ['API-08', 'API-35'] },
      async (t) => {
        const queue = t.name('q');
        const answer = await t.admin.put(at('queues', '/', queue), { durable: true, arguments: args });
        answered(answer, 400, badRequest(`invalid arg ${what.replace('Q', queue)}`));
      },
    );
  }

  test(
    'declaring a queue again with another flag is a bad request',
    { rules: ['API-08', 'API-35'] },
    async (t) => {
      const queue = await t.queue();
      const answer = await t.admin.put(at('queues', '/', queue), { durable: true, auto_delete: true });
      const text = `inequivalent arg 'auto_delete' for queue '${queue}' in vhost '/': received 'true' but current is 'false'`;
      answered(answer, 400, badRequest(text));
    },
  );

  test(
    'a queue counts its messages, their bytes and its consumers',
    { rules: ['API-34'], slow: true },
    async (t) => {
      const queue = await t.queue();
      await t.consume(queue, { prefetch: 1 });
      for (const body of ['one', 'two', 'three']) await t.send(queue, body, { deliveryMode: 2 });
      const path = at('queues', '/', queue);
      const expected = {
        messages: 3,
        messages_ready: 2,
        messages_unacknowledged: 1,
        messages_persistent: 3,
        message_bytes: 11,
        message_bytes_ready: 8,
        message_bytes_unacknowledged: 3,
        message_bytes_persistent: 11,
        consumers: 1,
      };
      const fields = Object.keys(expected);
      const shown = await sampled(
        t,
        path,
        (json) =>
          json['message_bytes_ready'] === 8 && json['messages_ready'] === 2 && json['consumers'] === 1,
      );
      assert.deepEqual(pick(shown, fields), expected);
      hasFields(shown, ['node', 'state', 'consumer_utilisation', 'memory', 'policy', 'message_stats']);
      assert.equal((shown['consumer_details'] as unknown[]).length, 1);
    },
  );

  test(
    'an exclusive queue shows the connection it belongs to',
    { rules: ['API-34'], slow: true },
    async (t) => {
      const login = await t.user({ configure: '.*' });
      const channel = await t.channel(await t.connect(login));
      const path = at('queues', '/', await t.queue({}, { exclusive: true }, channel));
      const connection = await found(t, at('connections', 'username', login.user), () => true);
      const shown = await sampled(t, path, (json) => {
        const owner = json['owner_pid_details'] as Json | undefined;
        return owner?.['name'] !== undefined;
      });
      const { name, ...others } = object(shown['owner_pid_details']);
      assert.deepEqual([shown['exclusive'], name], [true, connection['name']]);
      hasFields(others, ['peer_host', 'peer_port']);
    },
  );

  test(
    'an exclusive queue is locked for all requests through HTTP',
    { rules: ['API-36', 'API-37', 'API-38'] },
    async (t) => {
      const queue = await t.queue({}, { exclusive: true });
      const path = at('queues', '/', queue);
      answered(await t.admin.delete(path), 400, badRequest(locked(queue)));
      answered(await t.admin.delete(`${path}/contents`), 400, badRequest(locked(queue)));
      const body = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' };
      const text = `405 RESOURCE_LOCKED - ${locked(queue)}`;
      answered(await t.admin.post(`${path}/get`, body), 400, badRequest(text));
    },
  );

  test('a queue that holds messages is not deleted if it must be empty', { rules: ['API-36'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'x');
    const path = at('queues', '/', queue);
    const refused = badRequest(`queue '${queue}' in vhost '/' not empty`);
    answered(await t.admin.delete(`${path}?if-empty=true`), 400, refused);
    answered(await t.admin.delete(path), 204);
    assert.equal(await t.hasQueue(queue), false);
  });

  test('a queue that has consumers is not deleted if it must be unused', { rules: ['API-36'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue);
    const path = `${at('queues', '/', queue)}?if-unused=true`;
    answered(await t.admin.delete(path), 400, badRequest(`queue '${queue}' in vhost '/' in use`));
    await consumer.cancel();
    answered(await t.admin.delete(path), 204);
  });

  test('a queue is purged by deleting its contents', { rules: ['API-37'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'one');
    await t.send(queue, 'two');
    answered(await t.admin.delete(`${at('queues', '/', queue)}/contents`), 204);
    await t.untilCount(queue, 0);
    answered(await t.admin.delete(`${at('queues', '/', t.name('none'))}/contents`), 404, notFound);
  });

  test(
    'a queue can be told to sync as long as there are mirrored queues',
    { rules: ['API-39'], until: '4.0' },
    async (t) => {
      const path = `${at('queues', '/', await t.queue())}/actions`;
      answered(await t.admin.post(path, { action: 'sync' }), 204);
      answered(await t.admin.post(path, { action: 'cancel_sync' }), 204);
    },
  );

  test('an action a queue does not have is a bad request', { rules: ['API-08', 'API-39'] }, async (t) => {
    const path = `${at('queues', '/', await t.queue())}/actions`;
    answered(await t.admin.post(path, { action: 'bogus' }), 400, badRequest(['unknown', 'bogus']));
  });

  test(
    'the detailed list of queues has every field of a queue',
    { rules: ['API-34'], since: '3.13' },
    async (t) => {
      const queue = await t.queue();
      const query = `page=1&name=${segment(queue)}`;
      const { items } = await read(t, `/queues/detailed?${query}`);
      assert.deepEqual(each(items as [], 'name'), [queue]);
    },
  );

  for (const [type, needs] of [
    ['quorum', 'quorum-queues'],
    ['stream', 'streams'],
  ] as const) {
    test(
      `a ${type} queue shows its leader and its members`,
      { rules: ['API-34'], needs: [needs] },
      async (t) => {
        const queue = await t.queue({ 'x-queue-type': type });
        const shown = await sampled(t, at('queues', '/', queue), (json) => json['members'] !== undefined);
        assert.equal(shown['type'], type);
        assert.deepEqual(shown['online'], shown['members']);
        // A stream shows no leader before 4.0.
        if (type === 'stream' && !t.broker.since('4.0')) return;
        assert.ok((shown['members'] as unknown[]).includes(shown['leader']));
      },
    );
  }
}

/** Bindings. */
export function bindings(test: Define): void {
  test(
    'a queue lists its bindings, the one to the default exchange included',
    { rules: ['API-40'] },
    async (t) => {
      const queue = await t.queue();
      const exchange = await t.exchange();
      await t.bind(queue, exchange, 'k', { a: 1 });
      const shown = await list(t, `${at('queues', '/', queue)}/bindings?sort=source`);
      const common = { vhost: '/', destination: queue, destination_type: 'queue' };
      const [first, { properties_key, ...second } = {}] = shown;
      assert.deepEqual(first, {
        ...common,
        source: '',
        routing_key: queue,
        arguments: {},
        properties_key: queue,
      });
      assert.deepEqual(second, { ...common, source: exchange, routing_key: 'k', arguments: { a: 1 } });
      assert.match(String(properties_key), /^k~[-\w]+$/);
      assert.equal(shown.length, 2);
    },
  );

  test(
    'bindings are listed by their source and by their destination',
    { rules: ['API-40', 'API-41'] },
    async (t) => {
      const [source, destination] = [await t.exchange(), await t.exchange()];
      const pair = at('bindings', '/', 'e', source, 'e', destination);
      answered(await t.admin.post(pair, { routing_key: 'k' }), 201);
      const binding = {
        source,
        vhost: '/',
        destination,
        destination_type: 'exchange',
        routing_key: 'k',
        arguments: {},
        properties_key: 'k',
      };
      const lists = [
        pair,
        `${at('exchanges', '/', source)}/bindings/source`,
        `${at('exchanges', '/', destination)}/bindings/destination`,
      ];
      for (const path of lists) assert.deepEqual(await list(t, path), [binding]);
      assert.deepEqual(await list(t, `${at('exchanges', '/', source)}/bindings/destination`), []);
    },
  );

  test('two names of which there is none have no bindings', { rules: ['API-40'] }, async (t) => {
    const none = t.name('none');
    assert.deepEqual(await list(t, at('bindings', '/', 'e', none, 'q', await t.queue())), []);
  });

  test(
    'a binding made through HTTP is answered with where it is, also when it was there',
    { rules: ['API-07', 'API-41'] },
    async (t) => {
      const [exchange, queue] = [await t.exchange(), await t.queue()];
      const path = at('bindings', '/', 'e', exchange, 'q', queue);
      for (let i = 0; i < 2; i++) {
        const answer = await t.admin.post(path, { routing_key: 'k', arguments: {} });
        answered(answer, 201);
        assert.equal(answer.headers.get('location'), `${segment(queue)}/k`);
      }
      assert.equal((await list(t, path)).length, 1);
      await t.publish(exchange, 'k', 'routed');
      assert.deepEqual(await t.drain(queue), ['routed']);
    },
  );

  test(
    'a queue or an exchange that does not exist cannot be bound through HTTP',
    { rules: ['API-41'] },
    async (t) => {
      const [exchange, queue, none] = [await t.exchange(), await t.queue(), t.name('none')];
      const missing = (what: string): object => ({
        error: 'not_found',
        reason: `no ${what} '${none}' in vhost '/'`,
      });
      answered(await t.admin.post(at('bindings', '/', 'e', none, 'q', queue), {}), 404, missing('exchange'));
      answered(await t.admin.post(at('bindings', '/', 'e', exchange, 'q', none), {}), 404, missing('queue'));
    },
  );

  for (const [bindingKey, propertiesKey] of [
    ['', '~'],
    ['k', 'k'],
    ['a b', 'a+b'],
    ['a.~', 'a.%7E'],
    ['a/b+c', 'a%2Fb%2Bc'],
    ['#.*', '%23.%2A'],
  ] as const) {
    test(
      `a binding by '${bindingKey}' has the properties key '${propertiesKey}' and is found by it`,
      { rules: ['API-42'] },
      async (t) => {
        const [exchange, queue] = [await t.exchange(), await t.queue()];
        await t.bind(queue, exchange, bindingKey);
        const pair = at('bindings', '/', 'e', exchange, 'q', queue);
        const [binding] = await list(t, pair);
        assert.equal(binding?.['properties_key'], propertiesKey);
        const path = `${pair}/${segment(propertiesKey)}`;
        assert.deepEqual(await read(t, path), binding);
        answered(await t.admin.delete(path), 204);
        answered(await t.admin.delete(path), 404, notFound);
        assert.deepEqual(await list(t, pair), []);
      },
    );
  }

  test(
    'bindings by the same key with other arguments have other properties keys',
    { rules: ['API-42'] },
    async (t) => {
      const [exchange, queue] = [await t.exchange('headers'), await t.queue()];
      for (const args of [{}, { a: 1 }, { a: 2 }]) await t.bind(queue, exchange, 'k', args);
      const pair = at('bindings', '/', 'e', exchange, 'q', queue);
      const keys = each(await list(t, pair), 'properties_key')
        .map(String)
        .sort();
      assert.equal(new Set(keys).size, 3);
      assert.equal(keys[0], 'k');
      for (const key of keys.slice(1)) assert.match(key, /^k~[-\w]+$/);
      answered(await t.admin.delete(`${pair}/${segment(String(keys[1]))}`), 204);
      assert.equal((await list(t, pair)).length, 2);
    },
  );
}
