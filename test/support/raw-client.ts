import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect } from 'vitest';
import { Reader } from '../../src/wire/buffer.ts';
import { decodeMethod, encodeMethod } from '../../src/wire/codec.ts';
import { BASIC_CLASS, FrameType, PROTOCOL_HEADER } from '../../src/wire/constants.ts';
import { encodeFrame, FrameDecoder } from '../../src/wire/frames.ts';
import { methodIds, methods } from '../../src/wire/methods.ts';
import type { Field, Method, MethodName, MethodOf } from '../../src/wire/methods.ts';
import { decodeProperties, encodeProperties } from '../../src/wire/properties.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { bool, fieldTable, table } from '../../src/wire/table.ts';
import type { FieldTable } from '../../src/wire/table.ts';

/** How long a test waits for something that must come. */
const PATIENCE_MS = 5_000;

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

/** The arguments of a method; those left out are zero, empty or false. */
export type Args<N extends MethodName> = Partial<Omit<MethodOf<N>, 'name'>>;

/** A method that brought a message along. */
export type WithContent<N extends MethodName> = MethodOf<N> & {
  readonly properties: Properties;
  readonly body: string;
};

export interface OpenOptions {
  readonly capabilities?: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly vhost?: string;
  readonly channelMax?: number;
  readonly frameMax?: number;
  readonly heartbeat?: number;
}

/** A method with every argument. */
export function method<N extends MethodName>(name: N, args: Args<N> = {}): MethodOf<N> {
  const zeros = new Reader(Buffer.alloc(16));
  const fields = Object.entries<Field<unknown>>(methods[name].fields);
  const absent = Object.fromEntries(fields.map(([key, field]) => [key, field.read(zeros)]));
  return { name, ...absent, ...args } as unknown as MethodOf<N>;
}

/** What `client-properties` say of a client that can do these things. */
export function clientProperties(capabilities: readonly string[]): FieldTable {
  const all = Object.fromEntries(capabilities.map((name) => [name, bool(true)]));
  return fieldTable({ capabilities: table(all) });
}

/** The response of PLAIN. */
export function plain(user: string, password: string): Buffer {
  return Buffer.from(`\0${user}\0${password}`);
}

/** A content header; what is announced need not be true. */
export function contentHeader(size: number, properties: Properties = {}, classId = BASIC_CLASS): Buffer {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(classId);
  fixed.writeBigUInt64BE(BigInt(size), 4);
  return Buffer.concat([fixed, encodeProperties(properties)]);
}

/** The other end of a connection, which sends and sees single frames. Nothing sleeps: it waits for what must come. */
export class RawClient {
  readonly stream: Duplex;
  /** Received and not yet taken, in order. */
  readonly frames: Frame[] = [];
  /** What came before the first frame: an answer to a bad protocol header. */
  header = Buffer.alloc(0);
  /** The stream is at its end: the server has nothing more to say. */
  isEnded = false;
  readonly #decoder: FrameDecoder;
  #wake: () => void = () => {};

  constructor(stream: Duplex) {
    this.stream = stream;
    this.#decoder = new FrameDecoder(2 ** 20, (type, channel, payload) => {
      this.frames.push({ type, channel, payload: Buffer.from(payload) });
    });
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', () => this.#end());
    stream.on('end', () => this.#end());
    stream.on('close', () => this.#end());
  }

  /** A TCP connection on which nothing was said yet. */
  static async connect(host: string, port: number): Promise<RawClient> {
    const socket = connect({ host, port, noDelay: true });
    const client = new RawClient(socket);
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
    await this.expect(0, 'connection.tune');
    this.send(0, 'connection.tune-ok', { channelMax, frameMax, heartbeat });
    this.send(0, 'connection.open', { virtualHost: vhost });
    await this.expect(0, 'connection.open-ok');
    return this;
  }

  /** Everything up to start-ok. */
  async start({ capabilities = [], user = 'guest', password = 'guest' }: OpenOptions = {}): Promise<void> {
    this.sendBytes(PROTOCOL_HEADER);
    await this.expect(0, 'connection.start');
    this.send(0, 'connection.start-ok', {
      clientProperties: clientProperties(capabilities),
      mechanism: 'PLAIN',
      response: plain(user, password),
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
    this.sendFrame(FrameType.METHOD, channel, encodeMethod(method(name, args) as Method));
  }

  publish(
    channel: number,
    args: Args<'basic.publish'>,
    body: string | Buffer = '',
    properties: Properties = {},
  ): void {
    const bytes = Buffer.from(body);
    this.send(channel, 'basic.publish', args);
    this.sendFrame(FrameType.HEADER, channel, contentHeader(bytes.length, properties));
    if (bytes.length > 0) this.sendFrame(FrameType.BODY, channel, bytes);
  }

  /** Sends a request and takes its answer, which is named after it. */
  async call<N extends MethodName>(
    channel: number,
    name: N,
    args: Args<N> = {},
  ): Promise<MethodOf<`${N}-ok` & MethodName>> {
    this.send(channel, name, args);
    return this.expect(channel, `${name}-ok` as `${N}-ok` & MethodName);
  }

  /** The next frame of a channel, whatever comes on others meanwhile. */
  async frame(channel: number): Promise<Frame> {
    const arrived = await this.until(() => this.frames.some((frame) => frame.channel === channel));
    const shown = this.isEnded ? 'the connection ended' : 'nothing came';
    if (!arrived) throw new Error(`${shown} while a frame on channel ${channel} was awaited`);
    const index = this.frames.findIndex((frame) => frame.channel === channel);
    return this.frames.splice(index, 1)[0] as Frame;
  }

  /** The next frame of a channel, which must be this method. */
  async expect<N extends MethodName>(channel: number, name: N): Promise<MethodOf<N>> {
    const frame = await this.frame(channel);
    expect(frame.type, 'frame type').toBe(FrameType.METHOD);
    const received = decodeMethod(frame.payload);
    if (received.name !== name) {
      const text = 'replyText' in received ? `: ${received.replyText}` : '';
      throw new Error(`expected ${name} on channel ${channel}, got ${received.name}${text}`);
    }
    return received as MethodOf<N>;
  }

  /** A method with its content. */
  async message<N extends 'basic.deliver' | 'basic.get-ok' | 'basic.return'>(
    channel: number,
    name: N,
  ): Promise<WithContent<N>> {
    const received = await this.expect(channel, name);
    const header = await this.frame(channel);
    expect(header.type, 'frame type').toBe(FrameType.HEADER);
    const size = Number(header.payload.readBigUInt64BE(4));
    const body = await this.#body(channel, size);
    return { ...received, properties: decodeProperties(header.payload.subarray(12)), body: body.toString() };
  }

  /** Fetches one message. */
  async get(queue: string, args: Args<'basic.get'> = {}): Promise<WithContent<'basic.get-ok'>> {
    this.send(1, 'basic.get', { queue, ...args });
    return this.message(1, 'basic.get-ok');
  }

  /** The server must close the channel with exactly this; it is answered. */
  async expectChannelError(channel: number, code: number, text: string, at: MethodName): Promise<void> {
    const close = await this.expect(channel, 'channel.close');
    expect(describeClose(close)).toEqual({ code, text, ...methodIds(at) });
    this.send(channel, 'channel.close-ok');
  }

  /** The server must close the connection with exactly this; it is answered, and the socket must go. */
  async expectConnectionError(code: number, text: string, at?: MethodName): Promise<void> {
    const close = await this.expect(0, 'connection.close');
    const ids = at === undefined ? { classId: 0, methodId: 0 } : methodIds(at);
    expect(describeClose(close)).toEqual({ code, text, ...ids });
    this.send(0, 'connection.close-ok');
    await this.ended();
  }

  /** The server has nothing to say on this channel: two answers come with nothing before them. */
  async expectSilence(channel: number): Promise<void> {
    for (let round = 0; round < 2; round++) await this.call(channel, 'channel.flow', { active: true });
  }

  /** Waits until the server ended the stream. */
  async ended(): Promise<void> {
    const gone = await this.until(() => this.isEnded);
    if (!gone) throw new Error('the connection did not end');
  }

  /** The close handshake. */
  async close(): Promise<void> {
    await this.call(0, 'connection.close');
    this.stream.destroy();
  }

  /** Waits for a condition; false when it does not come about in time, or cannot any more. */
  async until(isTrue: () => boolean): Promise<boolean> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!isTrue()) {
      const left = deadline - Date.now();
      if (left <= 0 || this.isEnded) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  async #body(channel: number, size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      const { type, payload } = await this.frame(channel);
      expect(type, 'frame type').toBe(FrameType.BODY);
      parts.push(payload);
      left -= payload.length;
    }
    return Buffer.concat(parts);
  }

  #read(chunk: Buffer): void {
    if (this.header.length > 0 || chunk.toString('latin1', 0, 4) === 'AMQP') {
      this.header = Buffer.concat([this.header, chunk]);
    } else {
      this.#decoder.push(chunk);
    }
    this.#wake();
  }

  #end(): void {
    this.isEnded = true;
    this.#wake();
  }
}

function describeClose(close: MethodOf<'channel.close' | 'connection.close'>): object {
  const { replyCode: code, replyText: text, classId, methodId } = close;
  return { code, text, classId, methodId };
}
