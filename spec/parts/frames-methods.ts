import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { codeOfEnd, fails, lonely, methodPayload } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';
import { encodeLongstr } from '../support/fields.ts';
import { encodeMethod, frames } from '../support/protocol.ts';
import type { MethodName } from '../support/protocol.ts';

/** Frames that hold methods. */
export function methodFrameCases(test: Define): void {
  undecodable(test);
  unknown(test);
  ofTheServer(test);
  beyondTheStandard(test);
}

function undecodable(test: Define): void {
  for (const [what, name, args, shown] of [
    ['basic.get that ends too soon', 'basic.get', [1, 2], '<<1,2>>'],
    ['basic.get without arguments', 'basic.get', [], '<<>>'],
    ['basic.ack without its bits', 'basic.ack', [0, 0, 0, 0, 0, 0, 0, 1], '<<0,0,0,0,0,0,0,1>>'],
    ['channel.flow with an octet more', 'channel.flow', [1, 9], '<<1,9>>'],
    ['tx.select with an octet', 'tx.select', [9], '<<9>>'],
    ['basic.get whose queue is longer than the frame', 'basic.get', [0, 0, 200, 97, 0], '<<0,0,200,97,0>>'],
  ] as const) {
    test(`a ${what} cannot be decoded`, { rules: ['CON-42', 'GEN-03'] }, async (t) => {
      const { client, number } = await lonely(t);
      const [head] = [encodeMethod(name, {}).subarray(0, 4)];
      client.sendFrame(frames.method, number, Buffer.concat([head, Buffer.from(args)]));
      await client.expectConnectionError(501, `FRAME_ERROR - cannot decode ${shown}`, name);
    });
  }

  test('a method on channel 0 that ends too soon ends the connection', { rules: ['CON-42'] }, async (t) => {
    const client = await t.connect();
    client.sendFrame(frames.method, 0, methodPayload(10, 40, Buffer.of(1)));
    const { replyCode, replyText, classId, methodId } = await client.expect(0, 'connection.close');
    const decoding = [501, 'FRAME_ERROR - cannot decode <<1>>', 10, 40];
    const internal = [541, 'INTERNAL_ERROR', 0, 0];
    const expected = replyCode === 541 ? internal : decoding;
    assert.deepEqual([replyCode, replyText, classId, methodId], expected);
    client.stream.destroy();
  });

  for (const [what, name, args] of [
    ['the name of a queue', 'queue.declare', { queue: Buffer.of(0xc3, 0x28), durable: true }],
    ['a routing key', 'queue.bind', { queue: 'q', exchange: 'x', routingKey: Buffer.of(0xff) }],
    ['a consumer tag', 'basic.cancel', { consumerTag: Buffer.of(0x80) }],
    ['a name that ends in the middle of a character', 'queue.purge', { queue: Buffer.of(97, 0xe2, 0x82) }],
  ] as const) {
    test(`${what} must be UTF-8`, { rules: ['GEN-12'] }, async (t) => {
      const { client, number } = await lonely(t);
      client.send<MethodName>(number, name, args);
      await fails(client, 501, 'FRAME_ERROR - Malformed UTF-8 in shortstr');
    });
  }
}

function unknown(test: Define): void {
  for (const [what, number, classId, methodId] of [
    ['an unknown method of a known class', 1, 60, 255],
    ['an unknown class', 1, 99, 10],
    ['class 0', 1, 0, 0],
    ['an unknown class on channel 0', 0, 99, 10],
    ['an unknown method of connection', 0, 10, 99],
  ] as const) {
    test(`${what} ends the connection`, { rules: ['CON-43'] }, async (t) => {
      const { client } = await lonely(t);
      client.sendFrame(frames.method, number, methodPayload(classId, methodId));
      const code = await codeOfEnd(client);
      assert.ok(code === undefined || code === 503, `closed with ${code}`);
    });
  }

  for (const [what, table] of [
    ['of an unknown type', '\x01xU\0\x05'],
    ['of a type that is no letter', '\x01x\0\0\x05'],
    ['of an unknown type in a table in it', '\x01xF\0\0\0\x04\x01yq5'],
    ['of an unknown type in an array in it', '\x01xA\0\0\0\x04t\x01q5'],
  ] as const) {
    test(`an argument ${what} ends the connection`, { rules: ['CON-43', 'CON-48'] }, async (t) => {
      await refusesTable(t, table, [502]);
    });
  }

  for (const [what, table] of [
    ['that ends too soon', '\x01xI\0\x05'],
    ['without a value', '\x01xS'],
    ['without a type', '\x01x'],
    ['whose name is longer than its table', '\x09x'],
    ['that is longer than its table', '\x01xS\0\0\0\x09a'],
    ['with a table that is longer than what is around it', '\x01xF\0\0\0\x09\x01a'],
    ['with an array that ends in the middle of a value', '\x01xA\0\0\0\x02I\0'],
  ] as const) {
    test(`an argument ${what} ends the connection`, { rules: ['CON-43', 'CON-42'] }, async (t) => {
      await refusesTable(t, table, [501, 502]);
    });
  }
}

/** Declares a queue with a table of these octets: the connection ends, with one of these codes or without a word. */
async function refusesTable(t: Context, table: string, codes: readonly number[]): Promise<void> {
  const { client, number } = await lonely(t);
  const queue = t.name('q');
  const head = encodeMethod('queue.declare', { queue, durable: true }).subarray(0, -4);
  const payload = Buffer.concat([head, encodeLongstr(Buffer.from(table, 'latin1'))]);
  client.sendFrame(frames.method, number, payload);
  const code = await codeOfEnd(client);
  assert.ok(code === undefined || codes.includes(code), `closed with ${code}`);
  assert.equal(await t.hasQueue(queue), false);
}

/** What only a server says, and what is said on channel 0 only. */
const NOT_FOR_CLIENTS = [
  'channel.open-ok',
  'channel.close-ok',
  'access.request-ok',
  'exchange.declare-ok',
  'exchange.delete-ok',
  'exchange.bind-ok',
  'exchange.unbind-ok',
  'queue.declare-ok',
  'queue.bind-ok',
  'queue.purge-ok',
  'queue.delete-ok',
  'queue.unbind-ok',
  'basic.qos-ok',
  'basic.consume-ok',
  'basic.get-empty',
  'basic.recover-ok',
  'confirm.select-ok',
  'tx.select-ok',
  'tx.commit-ok',
  'tx.rollback-ok',
  'connection.start',
  'connection.start-ok',
  'connection.tune-ok',
  'connection.open',
  'connection.close',
  'connection.close-ok',
  'connection.update-secret',
] as const satisfies readonly MethodName[];

function ofTheServer(test: Define): void {
  for (const name of NOT_FOR_CLIENTS) {
    test(`a client may not send ${name} on a channel`, { rules: ['CON-44', 'GEN-04'] }, async (t) => {
      const { client, number } = await lonely(t);
      client.send(number, name);
      await client.expectConnectionError(503, 'COMMAND_INVALID - unimplemented method', name);
    });
  }

  for (const name of ['basic.deliver', 'basic.return', 'basic.get-ok'] as const) {
    test(`a client may not send a message with ${name}`, { rules: ['CON-44'] }, async (t) => {
      const { client, number } = await lonely(t);
      client.send(number, name);
      client.sendFrame(frames.header, number, Buffer.from('003c000000000000000000000000', 'hex'));
      await client.expectConnectionError(503, 'COMMAND_INVALID - unimplemented method', name);
    });
  }

  test(
    'a basic.cancel-ok of a client ends the connection, or may cancel since 4.0',
    { rules: ['CON-44'] },
    async (t) => {
      const queue = await t.queue();
      const { channel, tag } = await t.consume(queue, {}, await t.connect());
      channel.send('basic.cancel-ok', { consumerTag: tag });
      channel.send('channel.flow', { active: true });
      const { client, number } = channel;
      await client.until(() => client.frames.length > 0);
      if (
        t.broker.since('4.0') &&
        (await client.peek(client.frames[0]?.channel ?? 0)) === 'channel.flow-ok'
      ) {
        await client.expect(number, 'channel.flow-ok');
        await t.send(queue, 'for nobody');
        return client.expectSilence(number);
      }
      const codes = t.broker.since('4.0') ? [503, 541] : [503];
      const code = await codeOfEnd(client);
      assert.ok(codes.includes(code ?? 0), `closed with ${code}`);
    },
  );
}

/** Sent with their numbers, so that the names of this suite do not count. */
function beyondTheStandard(test: Define): void {
  const words = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);

  test(
    'exchanges are bound with 40/30 and unbound with 40/40, which 40/51 answers',
    { rules: ['CON-46'] },
    async (t) => {
      const [destination, source] = [await t.exchange(), await t.exchange()];
      const names = [words(destination), words(source), words('key')];
      const args = Buffer.concat([Buffer.of(0, 0), ...names, Buffer.alloc(5)]);
      const { client, number } = await lonely(t);
      for (const [method, answer] of [
        [30, 31],
        [40, 51],
      ] as const) {
        client.sendFrame(frames.method, number, methodPayload(40, method, args));
        assert.deepEqual((await client.frame(number)).payload, methodPayload(40, answer));
      }
    },
  );

  test('confirms are asked for with 85/10, which 85/11 answers', { rules: ['CON-46'] }, async (t) => {
    const { client, number } = await lonely(t);
    client.sendFrame(frames.method, number, methodPayload(85, 10, Buffer.of(0)));
    assert.deepEqual((await client.frame(number)).payload, methodPayload(85, 11));
  });

  test('a secret is changed with 10/70, which 10/71 answers', { rules: ['CON-46', 'CON-60'] }, async (t) => {
    const client = await t.connect();
    const args = Buffer.concat([Buffer.of(0, 0, 0, 1, 120), words('why')]);
    client.sendFrame(frames.method, 0, methodPayload(10, 70, args));
    assert.deepEqual((await client.frame(0)).payload, methodPayload(10, 71));
  });

  test('a delivery is nacked with 60/120', { rules: ['CON-46'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a');
    const { client, number } = await lonely(t);
    client.send(number, 'basic.get', { queue });
    await client.message(number, 'basic.get-ok');
    client.sendFrame(frames.method, number, methodPayload(60, 120, Buffer.of(0, 0, 0, 0, 0, 0, 0, 1, 2)));
    assert.equal((await t.take(queue)).redelivered, true);
  });

  test('a channel is recovered with 60/100, which nothing answers', { rules: ['CON-46'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a');
    const { client, number } = await lonely(t);
    client.send(number, 'basic.get', { queue });
    await client.message(number, 'basic.get-ok');
    client.sendFrame(frames.method, number, methodPayload(60, 100, Buffer.of(1)));
    await client.expectSilence(number);
    assert.equal((await t.take(queue)).redelivered, true);
  });
}
