import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../spec/support/client.ts';
import { decodeMethod, encodeMethod, frames as types } from '../../spec/support/protocol.ts';
import { ManualJournal } from '../support/manual-journal.ts';
import { Confirms } from '../../src/server/confirms.ts';
import { PairedServer } from '../support/paired-server.ts';
import { contentHeader } from '../../spec/support/content.ts';
import type { Client } from '../../spec/support/client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

const persistent = { deliveryMode: 2 };
const refusing = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };

/** Publishes without bodies, all in one piece, so that they are handled in one turn. */
function publishTogether(client: Client, ...routingKeys: string[]): void {
  const frames = routingKeys.flatMap((routingKey) => [
    encodeFrame(types.method, 1, encodeMethod('basic.publish', { routingKey })),
    encodeFrame(types.header, 1, contentHeader(0)),
  ]);
  client.sendBytes(Buffer.concat(frames));
}

/** The confirms that have come, as `ack 3 multiple`, until so many publishes are answered. */
async function confirms(client: Client, publishes: number): Promise<string[]> {
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

/** What is sent, as above. */
function sent(diverted: Confirms): string[] {
  const seen: string[] = [];
  diverted.send({
    ack: (number, multiple) => seen.push(`ack ${number}${multiple ? ' multiple' : ''}`),
    nack: (number) => seen.push(`nack ${number}`),
  });
  return seen;
}

describe('confirms that faults divert', () => {
  test('are nacked in order, and no ack covers them [CNF-05]', () => {
    const diverted = new Confirms();
    for (let n = 1; n <= 4; n++) diverted.next();
    diverted.divert(2, () => true);
    for (const number of [1, 2, 3]) diverted.ack(number);
    diverted.nack(4);
    expect(sent(diverted)).toEqual(['ack 1', 'ack 3', 'nack 2', 'nack 4']);
  });

  test('may be many', () => {
    const diverted = new Confirms();
    for (let number = 1; number <= 200_000; number++) {
      diverted.divert(number, () => false);
      diverted.ack(number);
    }
    expect(sent(diverted)).toEqual([]);
    diverted.ack(1);
    diverted.ack(3);
    expect(sent(diverted)).toEqual(['ack 1', 'ack 3']);
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

  test('never cover a refusal [CNF-05] [CNF-06]', async () => {
    const paired = new PairedServer();
    const client = await paired.open();
    await client.call(1, 'queue.declare', { queue: 'full', arguments: refusing });
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

describe('with a slow disk', () => {
  const slow = async (): Promise<[PairedServer, ManualJournal, Client]> => {
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
