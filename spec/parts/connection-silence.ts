import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { encodeFrame } from '../support/client.ts';
import type { Client } from '../support/client.ts';
import { endsSilently, opening, started, tuning } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';
import { frames, PROTOCOL_HEADER } from '../support/protocol.ts';

/** Clients that say nothing, and heartbeats. */
export function silenceCases(test: Define): void {
  deadline(test);
  heartbeats(test);
}

function deadline(test: Define): void {
  const rules = ['CON-04'] as const;
  for (const [what, come] of [
    ['says nothing', (t: Context) => t.socket()],
    ['sends half a protocol header', sendsHalfAHeader],
    ['stops after the protocol header', async (t: Context) => (await started(t)).client],
    ['stops after start-ok', tuning],
    ['stops before connection.open', opening],
  ] as const) {
    test(`a client that ${what} is dropped after 10 seconds`, { rules, realTime: true }, async (t) => {
      const elapsed = t.stopwatch();
      const client = await come(t);
      await endsSilently(client, 25_000);
      assert.ok(elapsed() >= 9_990, `dropped after ${elapsed()} ms`);
    });
  }

  test('a client that is through with the handshake may stay', { rules, realTime: true }, async (t) => {
    const client = await t.connect();
    await t.pause(11_000);
    await client.call(1, 'channel.open');
  });
}

async function sendsHalfAHeader(t: Context): Promise<Client> {
  const client = await t.socket();
  client.sendBytes(PROTOCOL_HEADER.subarray(0, 4));
  return client;
}

function heartbeats(test: Define): void {
  test(
    'a broker that has nothing to say sends empty heartbeats on channel 0',
    { rules: ['CON-23', 'CON-30'], realTime: true },
    async (t) => {
      const elapsed = t.stopwatch();
      const client = await t.connect({ heartbeat: 2 });
      await client.until(() => heartbeatsOf(client).length > 0);
      assert.ok(elapsed() >= 999, `the first heartbeat came after ${elapsed()} ms`);
      await client.until(() => heartbeatsOf(client).length > 1);
      assert.ok(elapsed() >= 1_999, `the second heartbeat came after ${elapsed()} ms`);
      const [first] = heartbeatsOf(client);
      assert.deepEqual([first?.channel, first?.payload.length], [0, 0]);
    },
  );

  test(
    'a client that wants no heartbeats gets none, and may be silent',
    { rules: ['CON-22'], realTime: true },
    async (t) => {
      const client = await t.connect({ heartbeat: 0 });
      await t.pause(3_000);
      assert.deepEqual(client.frames, []);
      await client.call(1, 'channel.open');
    },
  );

  for (const seconds of [1, 2]) {
    test(
      `a client that is silent is dropped without a word after two to three times ${seconds} s`,
      { rules: ['CON-24'], realTime: true },
      async (t) => {
        const elapsed = t.stopwatch();
        const client = await t.connect({ heartbeat: seconds });
        const opened = elapsed();
        await endsSilently(client, 30_000);
        assert.ok(elapsed() >= 2_000 * seconds - 1, `dropped after ${elapsed()} ms`);
        assert.ok(elapsed() - opened < 3_000 * seconds + 10_000, `dropped after ${elapsed()} ms`);
      },
    );
  }

  test('every octet is a sign of life', { rules: ['CON-24', 'CON-30'], realTime: true }, async (t) => {
    const client = await t.connect({ heartbeat: 2 });
    for (const octet of encodeFrame(frames.heartbeat, 0, Buffer.alloc(0))) {
      client.sendBytes(Buffer.of(octet));
      await t.pause(900);
    }
    await client.call(1, 'channel.open');
  });
}

function heartbeatsOf(client: Client): Client['frames'] {
  return client.frames.filter(({ type }) => type === frames.heartbeat);
}
