import { describe, expect, test } from 'vitest';
import { long, longstr } from '../../src/wire/table.ts';
import type { RawClient } from '../support/raw-client.ts';
import { isOwn, useServer } from '../support/server.ts';

const server = useServer();

/** A connection whose channel 1 is transactional; channel 2 is not. */
async function transactional(): Promise<RawClient> {
  const client = await server.open();
  await client.call(2, 'channel.open');
  await client.call(1, 'tx.select');
  return client;
}

async function countOf(client: RawClient, queue: string): Promise<number> {
  return (await client.call(2, 'queue.declare', { queue, passive: true })).messageCount;
}

describe('modes of a channel', () => {
  test('tx.select may be repeated, and commit and rollback need it [TXN-01, TXN-02]', async () => {
    const client = await transactional();
    await client.call(1, 'tx.select');
    for (const name of ['tx.commit', 'tx.rollback'] as const) {
      client.send(2, name);
      await client.expectChannelError(2, 406, 'PRECONDITION_FAILED - channel is not transactional', name);
      await client.call(2, 'channel.open');
    }
  });

  test('confirm and tx exclude each other [TXN-01, CNF-02]', async () => {
    const client = await transactional();
    client.send(1, 'confirm.select');
    const toConfirm = 'PRECONDITION_FAILED - cannot switch from tx to confirm mode';
    await client.expectChannelError(1, 406, toConfirm, 'confirm.select');
    await client.call(2, 'confirm.select');
    client.send(2, 'tx.select');
    const toTx = 'PRECONDITION_FAILED - cannot switch from confirm to tx mode';
    await client.expectChannelError(2, 406, toTx, 'tx.select');
  });
});

describe('publishes', () => {
  test('are in the queue after commit, and never after rollback [TXN-03, TXN-05]', async () => {
    const client = await transactional();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'forgotten', { deliveryMode: 2 });
    await client.call(1, 'tx.rollback');
    client.publish(1, { routingKey: queue }, 'kept', { deliveryMode: 2 });
    expect(await countOf(client, queue)).toBe(0);
    await client.call(1, 'tx.commit');
    expect(await countOf(client, queue)).toBe(1);
    expect((await client.get(queue, { noAck: true })).body).toBe('kept');
  });

  test('are checked at once: a bad expiration and a missing exchange close the channel [TXC-03, TXN-03]', async () => {
    const client = await transactional();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'm', { expiration: 'soon' });
    const text = `PRECONDITION_FAILED - invalid expiration 'soon': no_integer`;
    await client.expectChannelError(1, 406, text, 'basic.publish');
  });

  test('are returned at commit, before commit-ok [PUB-09]', async () => {
    const client = await transactional();
    client.publish(1, { routingKey: server.name(), mandatory: true }, 'nowhere');
    await client.expectSilence(1);
    client.send(1, 'tx.commit');
    expect((await client.message(1, 'basic.return')).body).toBe('nowhere');
    await client.expect(1, 'tx.commit-ok');
  });

  test('that a queue refuses at commit close the channel [LEN-17, TXN-04]', async () => {
    const client = await transactional();
    const args = { 'x-max-length': long(0), 'x-overflow': longstr('reject-publish') };
    const queue = await server.queue(client, args);
    client.publish(1, { routingKey: queue }, 'm');
    client.send(1, 'tx.commit');
    await client.expectChannelError(1, 406, 'PRECONDITION_FAILED - partial tx completion', 'tx.commit');
  });

  // RabbitMQ 4.3 never answers this commit
  test.runIf(isOwn)('to a queue that is gone by then are dropped', async () => {
    const client = await transactional();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'm', { deliveryMode: 2 });
    await client.call(2, 'queue.delete', { queue });
    await client.call(1, 'tx.commit');
  });
});

describe('settlements', () => {
  async function held(client: RawClient, args = {}): Promise<string> {
    const queue = await server.queue(client, args);
    for (const body of ['a', 'b', 'c']) client.publish(2, { routingKey: queue }, body);
    for (let n = 0; n < 3; n++) await client.get(queue);
    return queue;
  }

  test('take effect at commit; after rollback they are outstanding again, in order [TXN-05, TXC-05]', async () => {
    const client = await transactional();
    const queue = await held(client);
    client.send(1, 'basic.ack', { deliveryTag: 2 });
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.call(1, 'tx.rollback');
    client.send(1, 'basic.ack', { deliveryTag: 2, multiple: true });
    await client.call(1, 'tx.commit');
    client.send(1, 'basic.nack', { deliveryTag: 3, requeue: true });
    expect(await countOf(client, queue)).toBe(0);
    await client.call(1, 'tx.commit');
    expect(await countOf(client, queue)).toBe(1);
  });

  test('of an unknown tag fail at once [TXN-06]', async () => {
    const client = await transactional();
    await held(client);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectChannelError(1, 406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
  });

  test('by reject dead-letter at commit, and not after rollback [DLX-11]', async () => {
    const client = await transactional();
    const dead = await server.queue(client);
    const args = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr(dead) };
    await held(client, args);
    client.send(1, 'basic.reject', { deliveryTag: 1 });
    await client.call(1, 'tx.rollback');
    expect(await countOf(client, dead)).toBe(0);
    client.send(1, 'basic.reject', { deliveryTag: 1 });
    await client.call(1, 'tx.commit');
    expect(await countOf(client, dead)).toBe(1);
  });

  test('are undone, and everything goes back, when the channel closes [TXN-07]', async () => {
    const client = await transactional();
    const queue = await held(client);
    client.send(1, 'basic.ack', { deliveryTag: 2 });
    client.publish(1, { routingKey: queue }, 'forgotten');
    await client.call(1, 'channel.close', { replyCode: 200 });
    expect(await countOf(client, queue)).toBe(3);
    await client.call(1, 'channel.open');
    const bodies = [];
    for (let n = 0; n < 3; n++) bodies.push((await client.get(queue, { noAck: true })).body);
    expect(bodies).toEqual(['a', 'b', 'c']);
  });
});
