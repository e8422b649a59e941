import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { codeOfEnd, lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader, encodeProperties } from '../support/content.ts';
import { encodeLongstr } from '../support/fields.ts';
import { frames } from '../support/protocol.ts';

/** Properties that are none. */
export function undecodableCases(test: Define): void {
  const withHeaders = (inside: Buffer): Buffer =>
    Buffer.concat([contentHeader(0).subarray(0, 12), Buffer.of(0x20, 0), encodeLongstr(inside)]);
  const withFlags = (flags: number, rest: Buffer): Buffer =>
    Buffer.concat([contentHeader(0).subarray(0, 12), Buffer.of(flags >> 8, flags & 0xff), rest]);

  for (const [what, header] of [
    ['without the content type they promise', withFlags(0x8000, Buffer.alloc(0))],
    ['without the timestamp they promise', withFlags(0x0040, Buffer.of(0, 0, 0, 1))],
    ['without flags', contentHeader(0).subarray(0, 12)],
    ['with half of their flags', contentHeader(0).subarray(0, 13)],
    ['with octets that belong to nothing', Buffer.concat([contentHeader(0), Buffer.from('more')])],
    ['with a string that is too long', withFlags(0x8000, Buffer.of(200, 97))],
    ['with headers that are too long', withFlags(0x2000, Buffer.of(0, 0, 0, 9, 1))],
    ['with a header of the type U', withHeaders(Buffer.from('\x01aU\0\x05'))],
    ['with a header of an unknown type', withHeaders(Buffer.from('\x01aq'))],
    ['with a header that ends too soon', withHeaders(Buffer.from('\x01aI\0\x05'))],
    ['with a header without a type', withHeaders(Buffer.from('\x01a'))],
    ['with a header whose name is too long', withHeaders(Buffer.from('\x09a'))],
    ['with an array of unknown values', withHeaders(Buffer.from('\x07x-deathA\0\0\0\x03zzz'))],
    ['with a table in an array that is too long', withHeaders(Buffer.from('\x01aA\0\0\0\x05F\0\0\0\x09'))],
    ['with an array that is longer than the headers', withHeaders(Buffer.from('\x01aA\0\0\0\x09t\x01'))],
  ] as const) {
    test(
      `properties ${what} end the connection, and nothing is published`,
      { rules: ['CON-45', 'GEN-01'] },
      async (t) => {
        const dead = await t.queue();
        const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 0 });
        const { client, number } = await lonely(t);
        client.send(number, 'basic.publish', { routingKey: queue });
        client.sendFrame(frames.header, number, header);
        const close = await client.expect(0, 'connection.close');
        assert.ok([502, 541].includes(close.replyCode), `closed with ${close.replyCode}`);
        if (close.replyCode === 541) assert.equal(close.replyText, 'INTERNAL_ERROR');
        assert.deepEqual([await t.count(queue), await t.count(dead)], [0, 0]);
      },
    );
  }

  for (const [what, value] of [
    ['no number', Buffer.from('7ff8000000000000', 'hex')],
    ['infinite', Buffer.from('7ff0000000000000', 'hex')],
    ['less than everything', Buffer.from('fff0000000000000', 'hex')],
  ] as const) {
    test(
      `a double that is ${what} may be passed on, or ends the connection`,
      { rules: ['CON-45'] },
      async (t) => {
        const queue = await t.queue();
        const channel = await lonely(t);
        const { client, number } = channel;
        const headers = Buffer.concat([Buffer.from('\x01ad'), value]);
        client.send(number, 'basic.publish', { routingKey: queue });
        client.sendFrame(frames.header, number, withHeaders(headers));
        channel.send('channel.flow', { active: true });
        await client.until(() => client.frames.length > 0);
        if (client.frames[0]?.channel === 0) {
          const code = await codeOfEnd(client);
          return assert.ok([502, 541].includes(code ?? 0), `closed with ${code}`);
        }
        await channel.expect('channel.flow-ok');
        const { propertyBytes } = await t.take(queue);
        assert.deepEqual(propertyBytes, withHeaders(headers).subarray(12));
      },
    );
  }

  test('properties that were refused leave other connections alone', { rules: ['CON-45'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t);
    client.send(number, 'basic.publish', { routingKey: queue });
    client.sendFrame(frames.header, number, withHeaders(Buffer.from('\x01aq')));
    await client.expect(0, 'connection.close');
    await t.send(queue, 'after');
    const message = await t.take(queue);
    assert.deepEqual([message.body, message.propertyBytes], ['after', encodeProperties({})]);
  });
}
