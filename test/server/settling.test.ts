import { describe, expect, test } from 'vitest';
import { longstr } from '../../src/wire/table.ts';
import type { RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

/** A queue with these messages, none of them handed out. */
async function filled(client: RawClient, ...bodies: string[]): Promise<string> {
  const queue = await server.queue(client);
  for (const body of bodies) client.publish(1, { routingKey: queue }, body);
  return queue;
}

/** Everything that is ready, taken without ack. */
async function drain(client: RawClient, queue: string): Promise<string[]> {
  const { messageCount } = await client.call(1, 'queue.declare', { queue, passive: true });
  const bodies: string[] = [];
  for (let n = 0; n < messageCount; n++) bodies.push((await client.get(queue, { noAck: true })).body);
  return bodies;
}

describe('a tag that is not outstanding', () => {
  const text = (tag: number): string => `PRECONDITION_FAILED - unknown delivery tag ${tag}`;

  test.each(['basic.ack', 'basic.nack', 'basic.reject'] as const)(
    'is refused to %s [ACK-01]',
    async (name) => {
      const client = await server.open();
      client.send(1, name, { deliveryTag: 5 });
      await client.expectChannelError(1, 406, text(5), name);
    },
  );

  test('because it is settled already [ACK-01]', async () => {
    const client = await server.open();
    await client.get(await filled(client, 'a'));
    for (let n = 0; n < 2; n++) client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectChannelError(1, 406, text(1), 'basic.ack');
  });

  test('because it is of another channel [ACK-01]', async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    await client.get(await filled(client, 'a'));
    client.send(2, 'basic.ack', { deliveryTag: 1 });
    await client.expectChannelError(2, 406, text(1), 'basic.ack');
  });

  test('settles nothing, also with multiple [ACK-02]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'a', 'b');
    for (let n = 0; n < 2; n++) await client.get(queue);
    client.send(1, 'basic.ack', { deliveryTag: 3, multiple: true });
    await client.expectChannelError(1, 406, text(3), 'basic.ack');
    await client.call(1, 'channel.open');
    expect(await drain(client, queue)).toEqual(['a', 'b']);
  });

  test('is 0 without multiple [ACK-03]', async () => {
    const client = await server.open();
    await client.get(await filled(client, 'a'));
    client.send(1, 'basic.nack', { deliveryTag: 0 });
    await client.expectChannelError(1, 406, text(0), 'basic.nack');
  });
});

describe('multiple', () => {
  test('settles everything up to the tag [ACK-02]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'a', 'b', 'c');
    for (let n = 0; n < 3; n++) await client.get(queue);
    client.send(1, 'basic.ack', { deliveryTag: 2, multiple: true });
    client.send(1, 'basic.nack', { deliveryTag: 3, requeue: true });
    expect(await drain(client, queue)).toEqual(['c']);
  });

  test('skips what was settled before [ACK-02] [ACK-09]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'a', 'b', 'c');
    for (let n = 0; n < 3; n++) await client.get(queue);
    client.send(1, 'basic.ack', { deliveryTag: 2 });
    client.send(1, 'basic.nack', { deliveryTag: 3, multiple: true, requeue: true });
    expect(await drain(client, queue)).toEqual(['a', 'c']);
  });

  test('with tag 0 means all, and may mean none [ACK-03]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'a', 'b');
    client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true });
    for (let n = 0; n < 2; n++) await client.get(queue);
    client.send(1, 'basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
    client.send(1, 'basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
    expect(await drain(client, queue)).toEqual(['a', 'b']);
  });
});

describe('a message that is given back', () => {
  test('takes its old place, whatever the order [ACK-04]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'm1', 'm2', 'm3', 'm4');
    for (let n = 0; n < 3; n++) await client.get(queue);
    client.send(1, 'basic.reject', { deliveryTag: 2, requeue: true });
    client.send(1, 'basic.nack', { deliveryTag: 1, requeue: true });
    client.send(1, 'basic.reject', { deliveryTag: 3, requeue: true });
    expect(await drain(client, queue)).toEqual(['m1', 'm2', 'm3', 'm4']);
  });

  test('is marked, and others are not [ACK-04] [CNS-13]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'a', 'b');
    await client.get(queue);
    client.send(1, 'basic.reject', { deliveryTag: 1, requeue: true });
    expect(await client.get(queue)).toMatchObject({ body: 'a', redelivered: true, deliveryTag: 2 });
    expect(await client.get(queue)).toMatchObject({ body: 'b', redelivered: false });
  });

  test('can go back to the same consumer at once [ACK-06]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'a');
    await client.call(1, 'basic.consume', { queue });
    for (let n = 1; n <= 5; n++) {
      const { deliveryTag, redelivered } = await client.message(1, 'basic.deliver');
      expect([deliveryTag, redelivered]).toEqual([n, n > 1]);
      client.send(1, 'basic.nack', { deliveryTag, requeue: true });
    }
  });
});

test('a message that is rejected for good is dead-lettered or dropped [ACK-04]', async () => {
  const client = await server.open();
  const dead = await server.queue(client);
  const args = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr(dead) };
  const queue = await server.queue(client, args);
  const plain = await server.queue(client);
  for (const body of ['a', 'b', 'c']) client.publish(1, { routingKey: queue }, body);
  client.publish(1, { routingKey: plain }, 'x');
  for (let n = 0; n < 3; n++) await client.get(queue);
  await client.get(plain);
  client.send(1, 'basic.nack', { deliveryTag: 4, multiple: true });
  await client.expectSilence(1);
  expect(await drain(client, dead)).toEqual(['a', 'b', 'c']);
  expect(await drain(client, plain)).toEqual([]);
});

describe('basic.recover', () => {
  test('gives back everything and delivers it anew [ACK-07]', async () => {
    const client = await server.open();
    const [consumed, fetched] = [await filled(client, 'a', 'b'), await filled(client, 'f')];
    await client.call(1, 'basic.consume', { queue: consumed });
    for (let n = 0; n < 2; n++) await client.message(1, 'basic.deliver');
    await client.get(fetched);
    await client.call(1, 'basic.recover', { requeue: true });
    for (const [deliveryTag, body] of [
      [4, 'a'],
      [5, 'b'],
    ] as const) {
      expect(await client.message(1, 'basic.deliver')).toMatchObject({
        deliveryTag,
        body,
        redelivered: true,
      });
    }
    expect(await client.get(fetched)).toMatchObject({ body: 'f', redelivered: true, deliveryTag: 6 });
  });

  test('async has no answer [ACK-07]', async () => {
    const client = await server.open();
    const queue = await filled(client, 'a');
    await client.get(queue);
    client.send(1, 'basic.recover-async', { requeue: true });
    await client.expectSilence(1);
    expect(await client.get(queue)).toMatchObject({ body: 'a', redelivered: true });
  });

  test.each(['basic.recover', 'basic.recover-async'] as const)(
    'without requeue is not implemented: %s [ACK-08]',
    async (name) => {
      const client = await server.open();
      client.send(1, name, { requeue: false });
      await client.expectConnectionError(540, 'NOT_IMPLEMENTED - requeue=false', name);
    },
  );
});
