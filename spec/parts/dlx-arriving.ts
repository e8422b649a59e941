import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { contentHeader, encodeProperties } from '../support/content.ts';
import type { Properties } from '../support/content.ts';
import type { Context } from '../support/context.ts';
import { deathLines, expireOnly, hold, reject, rejectOnly } from '../support/deaths.ts';
import { plain } from '../support/fields.ts';
import { frames } from '../support/protocol.ts';
import type { Define } from '../support/suite.ts';

/** What survives a death. */
export function surviving(test: Define): void {
  const table: readonly (readonly [keyof Properties, string | number])[] = [
    ['contentType', 'text/plain'],
    ['contentEncoding', 'gzip'],
    ['deliveryMode', 1],
    ['deliveryMode', 2],
    ['priority', 0],
    ['priority', 7],
    ['correlationId', 'c'.repeat(255)],
    ['replyTo', 'reply-to'],
    ['messageId', 'id'],
    ['timestamp', 1_700_000_000],
    ['type', 'type'],
    ['appId', 'app'],
    ['appId', ''],
    ['clusterId', 'cluster'],
  ];
  for (const [property, value] of table) {
    const shown = String(value).length < 20 ? JSON.stringify(value) : 'of 255 octets';
    test(`${property} ${shown} survives a death`, { rules: ['DLX-20'] }, async (t) => {
      const { properties } = await afterDeath(t, 'a', { [property]: value });
      const { headers, ...others } = properties;
      assert.notEqual(headers, undefined);
      assert.deepEqual(others, { [property]: value });
    });
  }

  test('the user-id survives a death', { rules: ['DLX-20'] }, async (t) => {
    const { user } = t.broker.login;
    const { properties } = await afterDeath(t, 'a', { userId: user });
    assert.equal(properties.userId, user);
  });

  test('all properties together survive a death, but the expiration', { rules: ['DLX-20'] }, async (t) => {
    const all: Properties = {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 3,
      correlationId: 'correlation',
      replyTo: 'reply',
      messageId: 'message',
      timestamp: 1,
      type: 'type',
      userId: t.broker.login.user,
      appId: 'app',
      clusterId: 'cluster',
    };
    const { properties } = await afterDeath(t, 'a', { ...all, expiration: '60000' });
    const { headers, ...others } = properties;
    assert.notEqual(headers, undefined);
    assert.deepEqual(others, all);
  });

  test(
    'a message without properties has headers and nothing else after a death',
    { rules: ['DLX-20'] },
    async (t) => {
      const { properties, propertyBytes } = await afterDeath(t, 'a', {});
      assert.deepEqual(Object.keys(properties), ['headers']);
      assert.equal(propertyBytes.readUInt16BE(), encodeProperties({ headers: {} }).readUInt16BE());
    },
  );

  test('headers of every kind survive a death', { rules: ['DLX-20'] }, async (t) => {
    const headers = {
      array: ['a', 1, ['b']],
      bool: false,
      double: 1.5,
      int: -5,
      long: 2 ** 40,
      table: { inner: { innermost: 'deep' } },
      text: 'text',
      void: null,
    };
    const { typedHeaders } = await afterDeath(t, 'a', { headers });
    const kept = Object.fromEntries(Object.entries(typedHeaders).filter(([name]) => name in headers));
    assert.deepEqual(plain(kept), headers);
    const tags = Object.values(kept).map(({ tag }) => tag);
    assert.deepEqual(tags, ['A', 't', 'd', 'I', 'l', 'F', 'S', 'V']);
  });

  const bodies: readonly (readonly [string, Buffer])[] = [
    ['an empty body', Buffer.alloc(0)],
    ['a body of every octet', Buffer.from(Array.from({ length: 256 }, (_, n) => n))],
    ['a body of several frames', Buffer.alloc(300_000, 'abcdefg')],
  ];
  for (const [name, body] of bodies) {
    test(`${name} survives a death`, { rules: ['DLX-20'] }, async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await publishInFrames(t, source, body);
      await rejectOnly(t, source);
      assert.equal((await t.take(dead)).bytes.equals(body), true);
    });
  }
}

/** What a dead letter is for the queue it comes to. */
export function arriving(test: Define): void {
  test(
    'a dead letter goes to the tail of its target, behind messages that are younger',
    { rules: ['DLX-21'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'old');
      await t.send(dead, 'young');
      await rejectOnly(t, source);
      assert.deepEqual(await t.takeBodies(dead, 2), ['young', 'old']);
    },
  );

  test('the priority of a dead letter counts in its target', { rules: ['DLX-21', 'DLX-20'] }, async (t) => {
    const dead = await t.queue({ 'x-max-priority': 5 });
    const source = await t.deadLetteringTo(dead);
    await t.send(dead, 'low', { priority: 1 });
    await t.send(source, 'high', { priority: 4 });
    await rejectOnly(t, source);
    assert.deepEqual(await t.takeBodies(dead, 2), ['high', 'low']);
  });

  test(
    'a nacked message is not redelivered at its target, though it was redelivered before',
    { rules: ['DLX-21'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'a');
      const control = await t.control();
      control.nack((await hold(t, source)).deliveryTag, true);
      const again = await hold(t, source);
      assert.equal(again.redelivered, true);
      control.nack(again.deliveryTag, false);
      assert.equal((await t.take(dead)).redelivered, false);
    },
  );

  test(
    'a message killed by basic.reject is redelivered at its target since 4.3, and not before',
    { rules: ['DLX-21'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'a');
      await rejectOnly(t, source);
      assert.equal((await t.take(dead)).redelivered, t.broker.since('4.3'));
    },
  );

  test(
    'a message that expires after it was given back is not redelivered at its target',
    { rules: ['DLX-21'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead, { 'x-message-ttl': 100 });
      const consumer = await t.consume(source);
      await t.send(source, 'a');
      const message = await consumer.next();
      await consumer.cancel();
      consumer.nack(message, true);
      assert.equal((await t.take(dead)).redelivered, false);
    },
  );

  test(
    'a message that is dropped after it was given back is not redelivered at its target',
    { rules: ['DLX-21'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead, { 'x-max-length': 1 });
      await t.send(source, 'a');
      (await t.control()).nack((await hold(t, source)).deliveryTag, true);
      await t.untilCount(source, 1);
      await t.send(source, 'b');
      const { body, redelivered } = await t.take(dead);
      assert.deepEqual({ body, redelivered }, { body: 'a', redelivered: false });
    },
  );

  test(
    'a dead letter waits the whole TTL of its target, however long it had waited before',
    { rules: ['DLX-21'] },
    async (t) => {
      const last = await t.queue();
      const middle = await t.deadLetteringTo(last, { 'x-message-ttl': 300 });
      const source = await t.deadLetteringTo(middle, { 'x-message-ttl': 300 });
      const elapsed = t.stopwatch();
      await t.send(source, 'a');
      const message = await t.take(last);
      assert.ok(elapsed() >= 599, `it came after ${elapsed()} ms`);
      assert.deepEqual(deathLines(message), [`${middle} expired 1`, `${source} expired 1`]);
    },
  );

  test(
    'a dead letter whose expiration ended its life stays in a target without a TTL',
    { rules: ['DLX-21'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'a', { expiration: '50' });
      await expireOnly(t, source, 50);
      await t.elapse(150);
      assert.equal((await t.take(dead)).body, 'a');
    },
  );

  test(
    'a dead letter pushes out the head of a target at its limit, which is dead-lettered on',
    { rules: ['DLX-21'] },
    async (t) => {
      const last = await t.queue();
      const middle = await t.deadLetteringTo(last, { 'x-max-length': 1 });
      const source = await t.deadLetteringTo(middle);
      await t.send(middle, 'head');
      await t.send(source, 'a');
      await rejectOnly(t, source);
      const pushed = await t.take(last);
      assert.deepEqual([pushed.body, ...deathLines(pushed)], ['head', `${middle} maxlen 1`]);
      assert.deepEqual(await t.drain(middle), ['a']);
    },
  );

  test(
    'a consumer of the target gets dead letters with delivery tags of its own channel',
    { rules: ['DLX-21'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      const consumer = await t.consume(dead);
      for (const body of ['a', 'b']) {
        await t.send(source, body);
        await reject(t, source);
      }
      const tags = [(await consumer.next()).deliveryTag, (await consumer.next()).deliveryTag];
      assert.deepEqual(tags, [1, 2]);
    },
  );
}

/** Publishes with as many body frames as the body takes. */
async function publishInFrames(t: Context, queue: string, body: Buffer): Promise<void> {
  const { client, number } = await t.publisher();
  client.send(number, 'basic.publish', { routingKey: queue });
  client.sendFrame(frames.header, number, contentHeader(body.length));
  for (let at = 0; at < body.length; at += 100_000) {
    client.sendFrame(frames.body, number, body.subarray(at, at + 100_000));
  }
  await client.expect(number, 'basic.ack');
}

/** A message as it comes out of a queue it was rejected to. */
async function afterDeath(t: Context, body: string, properties: Properties): ReturnType<Context['take']> {
  const dead = await t.queue();
  const source = await t.deadLetteringTo(dead);
  await t.send(source, body, properties);
  await rejectOnly(t, source);
  return t.take(dead);
}
