import { expect, test } from 'vitest';
import { encodeFrame } from '../../spec/support/client.ts';
import type { Client, Message } from '../../spec/support/client.ts';
import { contentHeader } from '../../spec/support/content.ts';
import { encodeMethod, frames } from '../../spec/support/protocol.ts';
import { PairedServer } from '../support/paired-server.ts';

interface Traced {
  readonly server: PairedServer;
  /** Channel 1 is to work on. */
  readonly client: Client;
  /** The next copy, of those with a certain key. */
  readonly next: () => Promise<Message<'basic.deliver'>>;
}

/** A vhost that is traced, with a consumer for these copies. */
async function traced(bindingKey = '#'): Promise<Traced> {
  const server = new PairedServer();
  server.broker.addVhost('/', { tracing: true });
  const client = await server.open();
  await client.call(2, 'channel.open');
  const queue = 'copies';
  await client.call(2, 'queue.declare', { queue, exclusive: true });
  await client.call(2, 'queue.bind', { queue, exchange: 'amq.rabbitmq.trace', routingKey: bindingKey });
  await client.call(2, 'basic.consume', { queue, noAck: true });
  return { server, client, next: () => client.message(2, 'basic.deliver') };
}

const longstr = (value: string): object => ({ tag: 'S', value });
const integer = (value: number): object => ({ tag: 'I', value });

test('a copy says where it is from: node, connection, channel, user [RTE-31]', async () => {
  const { client, next } = await traced();
  client.publish(1, { routingKey: 'nobody' }, 'm', { priority: 3, timestamp: 2 ** 32 + 5 });
  const { routingKey, body, typedHeaders } = await next();
  expect([routingKey, body]).toEqual(['publish.', 'm']);
  expect(typedHeaders).toEqual({
    exchange_name: longstr(''),
    routing_keys: { tag: 'A', value: [longstr('nobody')] },
    properties: { tag: 'F', value: { priority: integer(3), timestamp: integer(5) } },
    node: longstr('nonode@nohost'),
    vhost: longstr('/'),
    connection: longstr('client -> server'),
    channel: integer(1),
    user: longstr('guest'),
    routed_queues: { tag: 'A', value: [longstr('nobody')] },
  });
});

test('deliveries are copied as they were sent, fetched and consumed, with what the queue adds [RTE-31]', async () => {
  const { client, next } = await traced('deliver.#');
  const args = { queue: 'q', durable: true, arguments: { 'x-queue-type': 'quorum' } };
  await client.call(1, 'queue.declare', args);
  client.publish(1, { routingKey: 'q' }, 'm');
  client.send(1, 'basic.get', { queue: 'q' });
  const { deliveryTag } = await client.message(1, 'basic.get-ok');
  expect((await next()).headers).toMatchObject({ redelivered: 0, properties: {} });
  client.send(1, 'basic.reject', { deliveryTag, requeue: true });
  await client.call(1, 'basic.consume', { queue: 'q', noAck: true });
  await client.message(1, 'basic.deliver');
  const { routingKey, headers } = await next();
  expect(routingKey).toBe('deliver.q');
  expect(headers).toMatchObject({ redelivered: 1, properties: { headers: { 'x-delivery-count': 1 } } });
});

test('what is published to the queue of the copies is copied, but copies are not [RTE-31]', async () => {
  const { client, next } = await traced();
  client.publish(1, { routingKey: 'copies' }, 'm');
  const keys = [];
  for (let n = 0; n < 3; n++) keys.push((await next()).routingKey);
  expect(keys.sort()).toEqual(['copies', 'deliver.copies', 'publish.']);
  await client.expectSilence(2);
});

test('what is published together is copied each as it was [RTE-31]', async () => {
  const { client, next } = await traced();
  const publishes = ['a', 'b'].flatMap((header) => [
    encodeFrame(frames.method, 1, encodeMethod('basic.publish', { routingKey: 'nobody' })),
    encodeFrame(frames.header, 1, contentHeader(0, { headers: { header } })),
  ]);
  client.sendBytes(Buffer.concat(publishes));
  for (const header of ['a', 'b']) {
    expect((await next()).headers).toMatchObject({ properties: { headers: { header } } });
  }
});

/** Tables in one another. */
function nested(levels: number): Buffer {
  if (levels === 1) return Buffer.alloc(0);
  const inner = nested(levels - 1);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(inner.length);
  return Buffer.concat([Buffer.from('\x01aF'), size, inner]);
}

test.each([
  ['nested as deep as they may be', nested(64), { content_type: 'c' }],
  ['named with no text', Buffer.from(`c8${'ff'.repeat(200)}7401`, 'hex'), { content_type: 'c' }],
  ['of any other kind', nested(62), { content_type: 'c', headers: expect.anything() }],
])('headers %s do not keep a message from being copied [RTE-31]', async (_what, headers, properties) => {
  const { client, next } = await traced();
  const size = Buffer.alloc(4);
  size.writeUInt32BE(headers.length);
  const header = Buffer.concat([contentHeader(0, { contentType: 'c' }), size, headers]);
  header.writeUInt16BE(0xa000, 12); // content type and headers
  client.send(1, 'basic.publish', { routingKey: 'nobody' });
  client.sendFrame(frames.header, 1, header);
  expect((await next()).headers).toMatchObject({ routing_keys: ['nobody'], properties });
});

test('nothing is copied before tracing is on and after it is off [RTE-31]', async () => {
  const { server, client, next } = await traced('publish.#');
  for (const tracing of [false, true, false]) {
    server.broker.addVhost('/', { tracing });
    client.publish(1, { routingKey: 'nobody' }, String(tracing));
    await client.expectSilence(1);
  }
  expect((await next()).body).toBe('true');
  await client.expectSilence(2);
});
