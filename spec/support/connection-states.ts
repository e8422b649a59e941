import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Channel } from './channel.ts';
import { plainResponse } from './client.ts';
import type { Client, OpenOptions } from './client.ts';
import type { Context } from './context.ts';
import { decodeMethod, frames, PROTOCOL_HEADER } from './protocol.ts';
import type { Args, Received } from './protocol.ts';

/** What a client takes that wants no heartbeats. */
export const TUNED = { channelMax: 2047, frameMax: 131_072, heartbeat: 0 } as const;

/** A client of which the protocol header was sent, and what it was answered. */
export async function started(
  t: Context,
  header: Buffer = PROTOCOL_HEADER,
): Promise<{ readonly client: Client; readonly start: Received<'connection.start'> }> {
  const client = await t.socket();
  client.sendBytes(header);
  return { client, start: await client.expect(0, 'connection.start') };
}

/** A client that has sent start-ok: the right one, but for what is given. */
export async function startOk(t: Context, args: Args<'connection.start-ok'> = {}): Promise<Client> {
  const { client } = await started(t);
  const { user, password } = t.broker.login;
  client.send(0, 'connection.start-ok', {
    mechanism: 'PLAIN',
    response: plainResponse(user, password),
    locale: 'en_US',
    ...args,
  });
  return client;
}

/** A client that was sent connection.tune. */
export async function tuning(t: Context): Promise<Client> {
  const client = await startOk(t);
  await client.expect(0, 'connection.tune');
  return client;
}

/** A client that has only connection.open left to send. */
export async function opening(t: Context): Promise<Client> {
  const client = await tuning(t);
  client.send(0, 'connection.tune-ok', TUNED);
  return client;
}

/** A channel on a connection of its own. */
export async function lonely(t: Context, options: OpenOptions = {}): Promise<Channel> {
  return t.channel(await t.connect(options));
}

/** The server drops the connection without a close method. */
export async function endsSilently(client: Client, withinMs?: number): Promise<void> {
  await client.ended(withinMs);
  const said = client.frames
    .filter(({ type }) => type === frames.method)
    .map(({ payload }) => decodeMethod(payload).name);
  assert.deepEqual(said, [], 'methods before the end');
}

/** The code with which the server closes the connection, or `undefined` when it drops it without a word. Gone after it. */
export async function codeOfEnd(client: Client): Promise<number | undefined> {
  const last = await client.peek(0);
  if (last === undefined) {
    await client.ended();
    return undefined;
  }
  const { replyCode, replyText } = await client.expect(0, 'connection.close');
  assert.match(replyText, /^[A-Z_]+( - |$)/);
  client.stream.destroy();
  return replyCode;
}

/** The server closes the connection over something that is no method. How it breaks lines does not count. */
export async function fails(client: Client, code: number, text: string): Promise<void> {
  const { replyCode, replyText, classId, methodId } = await client.expect(0, 'connection.close');
  const shown = { code: replyCode, text: replyText.replaceAll(/\s+/g, ' '), classId, methodId };
  assert.deepEqual(shown, { code, text, classId: 0, methodId: 0 });
  client.stream.destroy();
}

/** The payload of a method of these ids. */
export function methodPayload(classId: number, methodId: number, args: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.of(0, classId, 0, methodId), args]);
}
