import { describe, expect, test } from 'vitest';
import { decodeMethod, encodeMethod } from '../../src/wire/codec.ts';
import { FrameType } from '../../src/wire/constants.ts';
import { encodeFrame } from '../../src/wire/frames.ts';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { ManualJournal } from '../support/manual-journal.ts';
import { PairedServer } from '../support/paired-server.ts';
import { contentHeader, method } from '../support/raw-client.ts';
import type { RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

const persistent = { deliveryMode: 2 };
const args = (entries: Record<string, FieldValue>) => fieldTable(entries);
const refusing = { 'x-max-length': { tag: 'I', value: 1 }, 'x-overflow': longstr('reject-publish') } as const;

/** Publishes without bodies, all in one piece, so that they are handled in one turn. */
function publishTogether(client: RawClient, ...routingKeys: string[]): void {
  const frames = routingKeys.flatMap((routingKey) => [
    encodeFrame(FrameType.METHOD, 1, encodeMethod(method('basic.publish', { routingKey }))),
    encodeFrame(FrameType.HEADER, 1, contentHeader(0)),
  ]);
  client.sendBytes(Buffer.concat(frames));
}

/** The confirms that have come, as `ack 3 multiple`, until so many publishes are answered. */
async function confirms(client: RawClient, publishes: number): Promise<string[]> {
  const seen: string[] = [];
  const open = new Set(Array.from({ length: publishes }, (_, index) => index + 1));
  while (open.size > 0) {
    const confirm = decodeMethod((await client.frame(1)).payload);
    if (confirm.name !== 'basic.ack' && confirm.name !== 'basic.nack') throw new Error(confirm.name);
    const { deliveryTag, multiple } = confirm;
    for (const number of open) {
      if (number === deliveryTag || (multiple && number < deliveryTag)) open.delete(number);
    }
    seen.push(`${confirm.name.slice(6)} ${deliveryTag}${multiple ? ' multiple' : ''}`);
  }
  return seen;
}

describe('confirm.select', () => {
  test('may be repeated, and numbers go on [CNF-01]', async () => {
    const client = await server.open();
    await client.call(1, 'confirm.select');
    client.publish(1, { routingKey: 'nowhere' });
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1, multiple: false });
    await client.call(1, 'confirm.select');
    client.publish(1, { routingKey: 'nowhere' });
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 2, multiple: false });
  });

  test('with no-wait is not answered [CNF-01]', async () => {
    const client = await server.open();
    client.send(1, 'confirm.select', { noWait: true });
    client.publish(1, { routingKey: 'nowhere' });
    expect((await client.expect(1, 'basic.ack')).deliveryTag).toBe(1);
  });

  test('is for one channel [CNF-01]', async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    await client.call(2, 'confirm.select');
    client.publish(1, { routingKey: 'nowhere' });
    await client.expectSilence(1);
    client.publish(2, { routingKey: 'nowhere' });
    expect((await client.expect(2, 'basic.ack')).deliveryTag).toBe(1);
  });
});

describe('confirms', () => {
  test('of one turn are put together [CNF-05] [CNF-06]', async () => {
    const paired = new PairedServer();
    const client = await paired.open();
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
    await client.call(1, 'confirm.select');
    publishTogether(client, queue, 'nowhere', queue);
    expect(await confirms(client, 3)).toEqual(['ack 3 multiple']);
  });

  test('cover every publish once [CNF-05]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'confirm.select');
    for (let n = 0; n < 100; n++)
      client.publish(1, { routingKey: queue }, 'a', { deliveryMode: 1 + (n % 2) });
    await confirms(client, 100);
    await client.expectSilence(1);
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(100);
  });

  test('are refusals where a queue is full [CNF-04]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, refusing);
    await client.call(1, 'confirm.select');
    for (const [index, expected] of (['basic.ack', 'basic.nack', 'basic.nack'] as const).entries()) {
      client.publish(1, { routingKey: queue });
      expect(await client.expect(1, expected)).toMatchObject({ deliveryTag: index + 1 });
    }
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(1);
  });

  test('are refusals where one of several queues is full, and the others keep their copy [CNF-04]', async () => {
    const client = await server.open();
    const [full, other] = [await server.queue(client, refusing), await server.queue(client)];
    const exchange = await server.exchange(client, 'fanout');
    for (const queue of [full, other]) await client.call(1, 'queue.bind', { queue, exchange });
    await client.call(1, 'confirm.select');
    client.publish(1, { exchange });
    await client.expect(1, 'basic.ack');
    client.publish(1, { exchange });
    expect(await client.expect(1, 'basic.nack')).toMatchObject({ deliveryTag: 2 });
    expect((await client.call(1, 'queue.declare', { queue: other, passive: true })).messageCount).toBe(2);
  });

  test('never cover a refusal [CNF-05] [CNF-06]', async () => {
    const paired = new PairedServer();
    const client = await paired.open();
    await client.call(1, 'queue.declare', { queue: 'full', arguments: args(refusing) });
    await client.call(1, 'confirm.select');
    publishTogether(client, 'nowhere', 'full', 'full', 'nowhere', 'nowhere');
    const seen = await confirms(client, 5);
    expect(seen.sort()).toEqual(['ack 2 multiple', 'ack 4', 'ack 5', 'nack 3']);
  });

  test('come after the return of the same publish [PUB-07]', async () => {
    const client = await server.open();
    await client.call(1, 'confirm.select');
    for (let n = 0; n < 3; n++) client.publish(1, { routingKey: 'nowhere', mandatory: true }, `${n}`);
    const seen: string[] = [];
    let acked = 0;
    while (acked < 3) {
      const next = decodeMethod((await client.frame(1)).payload);
      if (next.name === 'basic.ack') acked = next.deliveryTag;
      else for (let parts = 0; parts < 2; parts++) await client.frame(1);
      seen.push(next.name === 'basic.ack' ? `ack ${acked}` : 'return');
      expect(seen.filter((one) => one === 'return').length).toBeGreaterThanOrEqual(acked);
    }
  });
});

test('a failed publish gets no confirm [CNF-08]', async () => {
  const client = await server.open();
  await client.call(1, 'confirm.select');
  client.publish(1, { exchange: 'none' });
  const text = "NOT_FOUND - no exchange 'none' in vhost '/'";
  await client.expectChannelError(1, 404, text, 'basic.publish');
  await client.call(1, 'channel.open');
  await client.expectSilence(1);
});

describe('with a slow disk', () => {
  const slow = async (): Promise<[PairedServer, ManualJournal, RawClient]> => {
    const journal = new ManualJournal();
    const paired = new PairedServer({ journal });
    const client = paired.connect();
    const opened = client.open().then(() => client.call(1, 'channel.open'));
    await opened;
    journal.commit();
    client.send(1, 'queue.declare', { queue: 'q', durable: true });
    await paired.settle();
    journal.commit();
    await client.expect(1, 'queue.declare-ok');
    await client.call(1, 'confirm.select');
    return [paired, journal, client];
  };

  test('a persistent message is confirmed when it is written [CNF-03]', async () => {
    const [paired, journal, client] = await slow();
    client.publish(1, { routingKey: 'q' }, 'a', persistent);
    await paired.settle();
    expect(client.frames).toEqual([]);
    journal.commit();
    expect(await confirms(client, 1)).toEqual(['ack 1']);
  });

  test('others overtake it [CNF-03] [CNF-05]', async () => {
    const [paired, journal, client] = await slow();
    client.publish(1, { routingKey: 'q' }, 'a', persistent);
    client.publish(1, { routingKey: 'q' }, 'b');
    client.publish(1, { routingKey: 'nowhere' }, 'c', persistent);
    await paired.settle();
    const acks = [await client.expect(1, 'basic.ack'), await client.expect(1, 'basic.ack')];
    expect(acks).toMatchObject([
      { deliveryTag: 2, multiple: false },
      { deliveryTag: 3, multiple: false },
    ]);
    journal.commit();
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1, multiple: false });
  });

  test('what gathers in one commit is confirmed together [CNF-06]', async () => {
    const [paired, journal, client] = await slow();
    for (let n = 0; n < 10; n++) client.publish(1, { routingKey: 'q' }, 'a', persistent);
    await paired.settle();
    journal.commit();
    expect(await confirms(client, 10)).toEqual(['ack 10 multiple']);
  });

  test('it does not wait for a queue that was deleted [CNF-07]', async () => {
    const [paired, journal, client] = await slow();
    client.publish(1, { routingKey: 'q' }, 'a', persistent);
    client.send(1, 'queue.delete', { queue: 'q' });
    await paired.settle();
    journal.commit();
    await paired.settle();
    const names = client.frames.map(({ payload }) => decodeMethod(payload).name);
    expect(names.sort()).toEqual(['basic.ack', 'queue.delete-ok']);
  });

  test('a consumer sees the message without waiting for it [CNF-03]', async () => {
    const [, , client] = await slow();
    await client.call(1, 'basic.consume', { queue: 'q', noAck: true });
    client.publish(1, { routingKey: 'q' }, 'a', persistent);
    expect((await client.message(1, 'basic.deliver')).body).toBe('a');
  });

  test('a declaration is answered when it is written, and what follows comes behind it [QUE-34]', async () => {
    const [paired, journal, client] = await slow();
    client.send(1, 'queue.declare', { queue: 'r', durable: true });
    client.publish(1, { routingKey: 'r' }, 'a');
    client.send(1, 'basic.get', { queue: 'r' });
    client.send(1, 'basic.qos', { prefetchCount: 1 });
    await paired.settle();
    expect(client.frames).toEqual([]);
    journal.commit();
    await client.expect(1, 'queue.declare-ok');
    const seen = [await client.frame(1), await client.frame(1)];
    expect(seen.map(({ payload, type }) => (type === 1 ? decodeMethod(payload).name : 'header'))).toContain(
      'basic.get-ok',
    );
  });

  test('other channels do not wait for it [GEN-08] [QUE-34]', async () => {
    const [, , client] = await slow();
    await client.call(2, 'channel.open');
    client.send(1, 'queue.declare', { queue: 'r', durable: true });
    await client.call(2, 'channel.flow', { active: true });
    expect(client.frames).toEqual([]);
  });

  test('an error comes behind the answers before it [GEN-08]', async () => {
    const [, journal, client] = await slow();
    await client.call(2, 'channel.open');
    client.send(1, 'queue.declare', { queue: 'r', durable: true });
    client.send(1, 'basic.get', { queue: 'none' });
    await client.call(2, 'channel.flow', { active: true });
    expect(client.frames).toEqual([]);
    journal.commit();
    await client.expect(1, 'queue.declare-ok');
    await client.expect(1, 'channel.close');
  });

  test('channel.close and connection.close come behind what was published [CHN-06] [CON-52]', async () => {
    const [paired, journal, client] = await slow();
    client.send(1, 'queue.declare', { queue: 'r', durable: true });
    client.send(1, 'channel.close');
    client.send(0, 'connection.close');
    await paired.settle();
    expect(client.frames).toEqual([]);
    journal.commit();
    await client.expect(0, 'connection.close-ok');
  });
});
