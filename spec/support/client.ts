import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { contentHeader, decodeHeader } from './content.ts';
import type { Properties, ReceivedProperties } from './content.ts';
import { plain } from './fields.ts';
import type { Fields, Table } from './fields.ts';
import { decodeMethod, encodeMethod, frames, methodIds, PROTOCOL_HEADER } from './protocol.ts';
import type { Args, MethodName, Received } from './protocol.ts';

/** How long a case waits for something that must come, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Octets before the payload of a frame. */
const FRAME_HEAD = 7;

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

/** What came with a method: the content of a message. */
interface Content {
  readonly body: string;
  readonly bytes: Buffer;
  readonly properties: ReceivedProperties;
  /** The properties as they were on the wire, flags included. */
  readonly propertyBytes: Buffer;
  /** The headers without their types; empty when there are none. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The headers with their types; empty when there are none. */
  readonly typedHeaders: Fields;
}

export type Carrier = 'basic.deliver' | 'basic.get-ok' | 'basic.return';
export type Message<N extends Carrier = 'basic.deliver' | 'basic.get-ok'> = Received<N> & Content;

export interface OpenOptions {
  readonly user?: string;
  readonly password?: string;
  readonly vhost?: string;
  /** What the client says it can do: `basic.nack`, `consumer_cancel_notify`, ... */
  readonly capabilities?: readonly string[];
  readonly clientProperties?: Table;
  readonly channelMax?: number;
  readonly frameMax?: number;
  /** Seconds; 0 is none. */
  readonly heartbeat?: number;
}

/** What `client-properties` say of a client with these capabilities. */
export function clientProperties(capabilities: readonly string[]): Table {
  return { capabilities: Object.fromEntries(capabilities.map((name) => [name, true])) };
}

/** The response of the mechanism PLAIN. */
export function plainResponse(user: string, password: string): string {
  return `\0${user}\0${password}`;
}

/** A whole frame; `end` is the octet that must be 206. */
export function encodeFrame(
  type: number,
  channel: number,
  payload: Buffer,
  end: number = frames.end,
): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt8(type);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([end])]);
}

/**
 * One connection that sends and sees single frames: whatever a client library would not send can be sent. Nothing here
 * sleeps: it waits for what must come, and says what was awaited when it does not.
 */
export class Client {
  readonly stream: Duplex;
  /** Received and not yet taken, in order. */
  readonly frames: Frame[] = [];
  /** What came instead of frames: the answer to a bad protocol header. */
  header = Buffer.alloc(0);
  /** The server has ended the stream. */
  isEnded = false;
  /** What `connection.start` said of the server. */
  serverProperties: Fields = {};
  /** What the server proposed. */
  tune: Received<'connection.tune'> | undefined;
  readonly #login: { readonly user: string; readonly password: string };
  #unread = Buffer.alloc(0);
  #sawFrame = false;
  #wakers = new Set<() => void>();

  constructor(stream: Duplex, login = { user: 'guest', password: 'guest' }) {
    this.stream = stream;
    this.#login = login;
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    for (const event of ['error', 'end', 'close']) stream.on(event, () => this.#end());
  }

  /** A TCP connection on which nothing was said yet. */
  static async connect(
    host: string,
    port: number,
    login?: { user: string; password: string },
  ): Promise<Client> {
    const socket = connect({ host, port, noDelay: true });
    const client = new Client(socket, login);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => resolve());
    });
    return client;
  }

  /** Everything up to open-ok. */
  async open(options: OpenOptions = {}): Promise<this> {
    const { channelMax = 2047, frameMax = 131_072, heartbeat = 0, vhost = '/' } = options;
    await this.start(options);
    this.tune = await this.expect(0, 'connection.tune');
    this.send(0, 'connection.tune-ok', { channelMax, frameMax, heartbeat });
    this.send(0, 'connection.open', { virtualHost: vhost });
    await this.expect(0, 'connection.open-ok');
    return this;
  }

  /** Everything up to start-ok. */
  async start(options: OpenOptions = {}): Promise<void> {
    const { user, password } = { ...this.#login, ...options };
    this.sendBytes(PROTOCOL_HEADER);
    const { serverProperties } = await this.expect(0, 'connection.start');
    this.serverProperties = serverProperties;
    this.send(0, 'connection.start-ok', {
      clientProperties: { ...clientProperties(options.capabilities ?? []), ...options.clientProperties },
      mechanism: 'PLAIN',
      response: plainResponse(user, password),
      locale: 'en_US',
    });
  }

  sendBytes(bytes: Buffer): void {
    this.stream.write(bytes);
  }

  sendFrame(type: number, channel: number, payload: Buffer): void {
    this.sendBytes(encodeFrame(type, channel, payload));
  }

  send<N extends MethodName>(channel: number, name: N, args: Args<N> = {}): void {
    this.sendFrame(frames.method, channel, encodeMethod(name, args));
  }

  publish(
    channel: number,
    args: Args<'basic.publish'>,
    body: string | Buffer = '',
    properties: Properties = {},
  ): void {
    const bytes = Buffer.from(body as string);
    this.send(channel, 'basic.publish', args);
    this.sendFrame(frames.header, channel, contentHeader(bytes.length, properties));
    if (bytes.length > 0) this.sendFrame(frames.body, channel, bytes);
  }

  /** Sends a request and takes its answer, which is named after it. */
  async call<N extends MethodName>(
    channel: number,
    name: N,
    args: Args<N> = {},
  ): Promise<Received<`${N}-ok` & MethodName>> {
    this.send(channel, name, args);
    return this.expect(channel, `${name}-ok` as `${N}-ok` & MethodName);
  }

  /** The next frame of a channel, whatever comes on others meanwhile. Heartbeats on channel 0 are left out. */
  async frame(channel: number, awaited = 'a frame'): Promise<Frame> {
    await this.#arrival(channel);
    const frame = this.#next(channel);
    if (frame === undefined)
      throw new Error(`${this.#whyNot()} while ${awaited} on channel ${channel} was awaited`);
    this.frames.splice(this.frames.indexOf(frame), 1);
    return frame;
  }

  /** The name of the next method of a channel, which stays there; `undefined` when it is no method, or nothing comes. */
  async peek(channel: number): Promise<MethodName | undefined> {
    await this.#arrival(channel);
    const next = this.#next(channel);
    return next?.type === frames.method ? decodeMethod(next.payload).name : undefined;
  }

  /** The next frame of a channel, which must be this method. */
  async expect<N extends MethodName>(channel: number, name: N): Promise<Received<N>> {
    const frame = await this.frame(channel, name);
    assert.equal(frame.type, frames.method, `type of the frame that should be ${name}`);
    const received = decodeMethod(frame.payload);
    if (received.name !== name) {
      const text = 'replyText' in received ? `: ${received.replyText}` : '';
      throw new Error(`expected ${name} on channel ${channel}, got ${received.name}${text}`);
    }
    return received as Received<N>;
  }

  /** A method with its content. */
  async message<N extends Carrier>(channel: number, name: N): Promise<Message<N>> {
    const received = await this.expect(channel, name);
    const frame = await this.frame(channel, 'a content header');
    assert.equal(frame.type, frames.header, 'type of the frame that should be a content header');
    const { size, properties, bytes: propertyBytes } = decodeHeader(frame.payload);
    const bytes = await this.#body(channel, size);
    const typedHeaders = properties.headers ?? {};
    const headers = plain(typedHeaders) as Readonly<Record<string, unknown>>;
    return { ...received, body: bytes.toString(), bytes, properties, propertyBytes, headers, typedHeaders };
  }

  /** The server must close the channel with this; it is answered. */
  async expectChannelError(
    channel: number,
    code: number,
    text: string | RegExp,
    at?: MethodName,
  ): Promise<void> {
    assertClose(await this.expect(channel, 'channel.close'), code, text, at);
    this.send(channel, 'channel.close-ok');
  }

  /** The server must close the connection with this; it is answered, and the stream must end. Without `at` the ids are 0. */
  async expectConnectionError(code: number, text: string | RegExp, at?: MethodName): Promise<void> {
    assertClose(await this.expect(0, 'connection.close'), code, text, at);
    this.send(0, 'connection.close-ok');
    await this.ended();
  }

  /** The server has nothing to say on this channel: two answers come with nothing before them. */
  async expectSilence(channel: number): Promise<void> {
    for (let round = 0; round < 2; round++) await this.call(channel, 'channel.flow', { active: true });
  }

  /** Nothing comes on this channel for a while, in milliseconds. */
  async expectNothing(channel: number, ms = 150): Promise<void> {
    await this.until(() => this.#next(channel) !== undefined, ms);
    const frame = this.#next(channel);
    if (frame === undefined) return;
    const shown =
      frame.type === frames.method ? decodeMethod(frame.payload).name : `a frame of type ${frame.type}`;
    throw new Error(`nothing was expected on channel ${channel}, but ${shown} came`);
  }

  /** Waits until the server has ended the stream; takes at most so many milliseconds. */
  async ended(withinMs = PATIENCE_MS): Promise<void> {
    const gone = await this.until(() => this.isEnded, withinMs);
    if (!gone && !this.isEnded) throw new Error('the connection did not end');
  }

  /** The close handshake. */
  async close(): Promise<void> {
    await this.call(0, 'connection.close');
    this.stream.destroy();
  }

  /** Ends the connection in good form, so that what was exclusive to it is gone, or without when it is in no state for it. */
  async hangUp(): Promise<void> {
    if (this.tune !== undefined && !this.isEnded) {
      this.send(0, 'connection.close');
      await this.until(() => this.frames.some(isCloseOk), 1_000);
    }
    this.stream.destroy();
  }

  /** Waits for a condition; false when it does not come about in time, or cannot any more. */
  async until(isTrue: () => boolean, withinMs = PATIENCE_MS): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!isTrue()) {
      const left = deadline - performance.now();
      if (left <= 0 || this.isEnded) return false;
      await this.#change(left);
    }
    return true;
  }

  /** Waits for a frame of the channel; when the server closes the connection instead there is nothing to wait for. */
  async #arrival(channel: number): Promise<void> {
    await this.until(() => this.#next(channel) !== undefined || this.#closing() !== undefined);
  }

  /** The close of the connection, received and not yet taken. */
  #closing(): Received<'connection.close'> | undefined {
    for (const { channel, type, payload } of this.frames) {
      const method = channel === 0 && type === frames.method ? decodeMethod(payload) : undefined;
      if (method?.name === 'connection.close') return method;
    }
    return undefined;
  }

  #next(channel: number): Frame | undefined {
    return this.frames.find((frame) => frame.channel === channel && frame.type !== frames.heartbeat);
  }

  /** Something was received, or the time is over. */
  #change(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wakers.add(done);
    });
  }

  #whyNot(): string {
    const close = this.#closing();
    if (close !== undefined) return `the connection was closed (${close.replyText})`;
    return this.isEnded ? 'the connection ended' : `nothing came for ${PATIENCE_MS / 1000} s`;
  }

  async #body(channel: number, size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      const { type, payload } = await this.frame(channel, 'a body frame');
      assert.equal(type, frames.body, 'type of the frame that should be a body frame');
      parts.push(payload);
      left -= payload.length;
    }
    return Buffer.concat(parts);
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    if (!this.#sawFrame && this.#unread.toString('latin1', 0, 4) === 'AMQP') this.header = this.#unread;
    else this.#cut();
    this.#wake();
  }

  #cut(): void {
    while (this.#unread.length >= FRAME_HEAD) {
      const end = FRAME_HEAD + this.#unread.readUInt32BE(3);
      if (this.#unread.length <= end) return;
      assert.equal(this.#unread[end], frames.end, 'the end octet of a frame of the server');
      const [type, channel] = [this.#unread.readUInt8(), this.#unread.readUInt16BE(1)];
      this.frames.push({ type, channel, payload: Buffer.from(this.#unread.subarray(FRAME_HEAD, end)) });
      this.#unread = this.#unread.subarray(end + 1);
      this.#sawFrame = true;
    }
  }

  #end(): void {
    this.isEnded = true;
    this.#wake();
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
  }
}

function isCloseOk({ channel, type, payload }: Frame): boolean {
  return channel === 0 && type === frames.method && decodeMethod(payload).name === 'connection.close-ok';
}

type Close = Received<'channel.close' | 'connection.close'>;

/** Code, text (whole, or a pattern) and the method that failed. */
export function assertClose(close: Close, code: number, text: string | RegExp, at?: MethodName): void {
  const { replyCode, replyText, classId, methodId } = close;
  const expected = { code, ...(at === undefined ? { classId: 0, methodId: 0 } : methodIds(at)) };
  const shown = typeof text === 'string' ? { text } : {};
  const received = { code: replyCode, classId, methodId };
  assert.deepEqual(typeof text === 'string' ? { ...received, text: replyText } : received, {
    ...expected,
    ...shown,
  });
  if (typeof text !== 'string') assert.match(replyText, text);
}
