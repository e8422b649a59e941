import { expect, test } from 'vitest';
import { useServer } from '../support/server.ts';

const server = useServer();

const BODY = 'x'.repeat(64 * 1024);
const COUNT = 400;

test('a consumer that takes nothing gets no more than its socket holds, and all of it later [CNS-09]', async () => {
  const publisher = await server.open();
  const slow = await server.open();
  const queue = await server.queue(publisher);
  await slow.call(1, 'basic.consume', { queue, noAck: true });
  slow.stream.pause();
  for (let n = 0; n < COUNT; n++) publisher.publish(1, { routingKey: queue }, BODY);
  await publisher.expectSilence(1);
  const waiting = await publisher.call(1, 'queue.declare', { queue, passive: true });
  expect(waiting.messageCount).toBeGreaterThan(0);
  slow.stream.resume();
  for (let n = 1; n <= COUNT; n++) {
    expect((await slow.message(1, 'basic.deliver')).deliveryTag).toBe(n);
  }
});

test('while one consumer takes nothing, others get its share [CNS-08]', async () => {
  const publisher = await server.open();
  const [slow, quick] = [await server.open(), await server.open()];
  const queue = await server.queue(publisher);
  for (const client of [slow, quick]) await client.call(1, 'basic.consume', { queue, noAck: true });
  slow.stream.pause();
  for (let n = 0; n < COUNT; n++) publisher.publish(1, { routingKey: queue }, BODY);
  for (let n = 0; n <= COUNT / 2; n++) await quick.message(1, 'basic.deliver');
  slow.stream.destroy();
});

test('a client that reads no answers does not stop others [GEN-08]', async () => {
  const deaf = await server.open();
  const queue = await server.queue(deaf);
  deaf.publish(1, { routingKey: queue }, 'x'.repeat(100_000));
  deaf.stream.pause();
  for (let n = 0; n < 300; n++) {
    deaf.send(1, 'basic.get', { queue });
    deaf.send(1, 'basic.recover-async', { requeue: true });
  }
  const other = await server.open();
  await other.expectSilence(1);
  deaf.stream.resume();
  for (let n = 0; n < 300; n++) expect((await deaf.message(1, 'basic.get-ok')).body.length).toBe(100_000);
});
