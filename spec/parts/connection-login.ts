import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { segment } from '../support/admin.ts';
import { clientProperties, encodeFrame, plainResponse } from '../support/client.ts';
import type { Client } from '../support/client.ts';
import { endsSilently, started, startOk, TUNED } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';
import { encodeTable, field } from '../support/fields.ts';
import type { Table } from '../support/fields.ts';
import { encodeMethod, frames } from '../support/protocol.ts';
import type { Args } from '../support/protocol.ts';

const CAPABLE = clientProperties(['authentication_failure_close']);
/** How long a refused client is kept waiting, less what rounding takes. */
const REFUSED_MS = 2_999;

/** Who a client is. */
export function loginCases(test: Define): void {
  accepted(test);
  refusedWithAReason(test);
  refusedSilently(test);
}

function accepted(test: Define): void {
  test('PLAIN logs a client in without another step', { rules: ['CON-11', 'CON-18'] }, async (t) => {
    await (await startOk(t)).expect(0, 'connection.tune');
  });

  test('AMQPLAIN logs a client in without another step', { rules: ['CON-12', 'CON-18'] }, async (t) => {
    const { user, password } = t.broker.login;
    const client = await amqplain(t, { LOGIN: user, PASSWORD: password });
    await client.expect(0, 'connection.tune');
  });

  test('AMQPLAIN takes its two fields in any order, and more of them', { rules: ['CON-12'] }, async (t) => {
    const { user, password } = t.broker.login;
    const client = await amqplain(t, { OTHER: 1, PASSWORD: password, LOGIN: user });
    await client.expect(0, 'connection.tune');
  });

  test('AMQPLAIN takes binary fields too since 4.0', { rules: ['CON-12'], since: '4.0' }, async (t) => {
    const { user, password } = t.broker.login;
    const fields = { LOGIN: Buffer.from(user), PASSWORD: Buffer.from(password) };
    await (await amqplain(t, fields)).expect(0, 'connection.tune');
  });

  test(
    'ANONYMOUS logs a client in whatever it says, where it is offered',
    { rules: ['CON-13'] },
    async (t) => {
      const { client, start } = await started(t);
      if (!start.mechanisms.toString().split(' ').includes('ANONYMOUS')) t.skip('ANONYMOUS is not offered');
      client.send(0, 'connection.start-ok', { mechanism: 'ANONYMOUS', response: 'whoever', locale: 'en_US' });
      await client.expect(0, 'connection.tune');
      client.send(0, 'connection.tune-ok', TUNED);
      await client.call(0, 'connection.open', { virtualHost: '/' });
    },
  );

  test('EXTERNAL is not offered without TLS', { rules: ['CON-13', 'CON-05'] }, async (t) => {
    const { start } = await started(t);
    assert.equal(start.mechanisms.toString().split(' ').includes('EXTERNAL'), false);
  });

  test('a client may ask for any locale', { rules: ['CON-10'] }, async (t) => {
    await (await startOk(t, { locale: 'xx_YY' })).expect(0, 'connection.tune');
  });

  test('a client may ask for no locale', { rules: ['CON-10'] }, async (t) => {
    await (await startOk(t, { locale: '' })).expect(0, 'connection.tune');
  });
}

function refusedWithAReason(test: Define): void {
  for (const [what, response] of [
    ['a wrong password', (user: string) => plainResponse(user, 'wrong')],
    ['a blank password', (user: string) => plainResponse(user, '')],
    ['an unknown user', () => plainResponse('nobody', 'guest')],
    ['an empty user', () => plainResponse('', '')],
  ] as const) {
    test(
      `a client that understands it is told that it was refused with ${what}`,
      { rules: ['CON-14', 'GEN-04'] },
      async (t) => {
        const client = await startOk(t, {
          response: response(t.broker.login.user),
          clientProperties: CAPABLE,
        });
        await client.expectConnectionError(403, refusal('PLAIN'));
      },
    );
  }

  test('the refusal of a login names the mechanism', { rules: ['CON-14'] }, async (t) => {
    const client = await amqplain(t, { LOGIN: t.broker.login.user, PASSWORD: 'wrong' });
    await client.expectConnectionError(403, refusal('AMQPLAIN'));
  });

  test(
    'a number for PASSWORD is a wrong password in AMQPLAIN',
    { rules: ['CON-12', 'CON-14'] },
    async (t) => {
      const client = await amqplain(t, { LOGIN: t.broker.login.user, PASSWORD: 5 });
      await client.expectConnectionError(403, refusal('AMQPLAIN'));
    },
  );

  test(
    'a user that was given no password cannot log in',
    { rules: ['CON-16'], needs: ['management'] },
    async (t) => {
      const user = t.name('user');
      await t.admin.must('PUT', `/users/${segment(user)}`, { password_hash: '', tags: '' });
      t.undo(() => t.admin.delete(`/users/${segment(user)}`));
      const client = await startOk(t, { response: plainResponse(user, ''), clientProperties: CAPABLE });
      await client.expectConnectionError(403, refusal('PLAIN'));
    },
  );

  test(
    'a client that is refused and does not answer is dropped after 3 seconds',
    { rules: ['CON-54', 'CON-14'], realTime: true },
    async (t) => {
      const elapsed = t.stopwatch();
      const client = await startOk(t, {
        response: plainResponse('nobody', 'x'),
        clientProperties: CAPABLE,
      });
      await client.expect(0, 'connection.close');
      await client.ended();
      assert.ok(elapsed() >= REFUSED_MS, `dropped after ${elapsed()} ms`);
    },
  );
}

function refusedSilently(test: Define): void {
  const silent = (what: string, rules: Parameters<Define>[1]['rules'], come: Come): void =>
    test(
      `a client is dropped after 3 seconds without a word when ${what}`,
      { rules, realTime: true },
      async (t) => {
        const elapsed = t.stopwatch();
        await endsSilently(await come(t));
        assert.ok(elapsed() >= REFUSED_MS, `dropped after ${elapsed()} ms`);
      },
    );

  silent('its password is wrong and it would not understand a reason', ['CON-14'], (t) =>
    startOk(t, { response: plainResponse(t.broker.login.user, 'wrong') }),
  );
  silent('it says with a string that it would understand a reason', ['CON-08'], (t) =>
    startOk(t, {
      response: plainResponse('nobody', 'x'),
      clientProperties: { capabilities: { authentication_failure_close: 'true' } },
    }),
  );
  silent('it says outside of its capabilities that it would understand a reason', ['CON-08'], (t) =>
    startOk(t, {
      response: plainResponse('nobody', 'x'),
      clientProperties: { authentication_failure_close: true },
    }),
  );
  silent('its capability is false', ['CON-08'], (t) =>
    startOk(t, {
      response: plainResponse('nobody', 'x'),
      clientProperties: { capabilities: { authentication_failure_close: false } },
    }),
  );
  silent('its capabilities are no table', ['CON-08'], (t) =>
    startOk(t, {
      response: plainResponse('nobody', 'x'),
      clientProperties: { capabilities: 'authentication_failure_close' },
    }),
  );

  for (const mechanism of ['NOPE', '', 'plain', 'EXTERNAL', 'PLAIN AMQPLAIN']) {
    silent(`it asks for the mechanism "${mechanism}"`, ['CON-15'], (t) =>
      startOk(t, { mechanism, clientProperties: CAPABLE }),
    );
  }

  for (const [what, response] of [
    ['an identity before the first NUL', (rest: string) => `admin${rest}`],
    ['no NUL in the front', (rest: string) => rest.slice(1)],
    ['no password', (rest: string) => rest.slice(0, rest.lastIndexOf('\0'))],
    ['something behind the password', (rest: string) => `${rest}\0`],
    ['nothing in it', () => ''],
  ] as const) {
    silent(`its PLAIN response has ${what}`, ['CON-11', 'CON-15'], (t) => {
      const { user, password } = t.broker.login;
      return startOk(t, { response: response(plainResponse(user, password)), clientProperties: CAPABLE });
    });
  }

  for (const [what, response] of [
    ['no PASSWORD', (user: string) => encodeTable({ LOGIN: user })],
    ['no LOGIN', (_: string, password: string) => encodeTable({ PASSWORD: password })],
    ['its fields in lower case', (login: string, password: string) => encodeTable({ login, password })],
    [
      'an end too soon',
      (LOGIN: string, PASSWORD: string) => encodeTable({ LOGIN, PASSWORD }).subarray(0, -1),
    ],
    ['a field of an unknown type', () => encodeTable({ LOGIN: field('q', Buffer.of(1)) })],
  ] as const) {
    silent(`its AMQPLAIN response has ${what}`, ['CON-12', 'CON-15'], (t) => {
      const { user, password } = t.broker.login;
      const bytes = response(user, password);
      return startOk(t, { mechanism: 'AMQPLAIN', response: bytes, clientProperties: CAPABLE });
    });
  }

  for (const [what, bytes] of [
    ['it sends tune-ok before start-ok', onControl('connection.tune-ok')],
    ['it sends connection.open before start-ok', onControl('connection.open')],
    ['it opens a channel before start-ok', encodeFrame(1, 1, encodeMethod('channel.open', {}))],
    ['it sends a frame of an unknown type before start-ok', encodeFrame(4, 0, Buffer.from('hello'))],
    ['its start-ok ends too soon', encodeFrame(1, 0, Buffer.of(0, 10, 0, 11, 1))],
    ['its first frame has no end', encodeFrame(1, 0, encodeMethod('connection.start-ok', {}), 0)],
  ] as const) {
    test(
      `a client is dropped without a word when ${what}`,
      { rules: ['CON-15', 'CON-55'], realTime: true },
      async (t) => {
        const { client } = await started(t);
        client.sendBytes(bytes);
        await endsSilently(client);
      },
    );
  }
}

type Come = (t: Context) => Promise<Client>;

function onControl(name: 'connection.tune-ok' | 'connection.open'): Buffer {
  return encodeFrame(frames.method, 0, encodeMethod(name, {}));
}

function amqplain(t: Context, fields: Table): Promise<Client> {
  const args: Args<'connection.start-ok'> = { mechanism: 'AMQPLAIN', response: encodeTable(fields) };
  return startOk(t, { ...args, clientProperties: CAPABLE });
}

function refusal(mechanism: string): string {
  const text = `Login was refused using authentication mechanism ${mechanism}`;
  return `ACCESS_REFUSED - ${text}. For details see the broker logfile.`;
}
