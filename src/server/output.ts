import type { Duplex } from 'node:stream';
import {
  deliverSize,
  encodeMethod,
  shortstrBytes,
  writeAck,
  writeBody,
  writeBodyStart,
  writeContentHeader,
  writeDeliver,
  writeNack,
} from '../wire/codec.ts';
import { FRAME_END, FRAME_OVERHEAD, FrameType } from '../wire/constants.ts';
import { encodeFrame } from '../wire/frames.ts';
import type { Method } from '../wire/methods.ts';
import { cut } from './cut-name.ts';
import { CHUNK, giveChunkBack, giveChunksBack, takeChunk } from './chunks.ts';

/** Class, weight and body size: what a content header holds beside the properties. */
const CONTENT_HEADER = 12;
const SETTLE_FRAME = FRAME_OVERHEAD + 13;

/** Bytes written and not taken by the peer beyond which consumers of the connection get nothing more. */
const HIGH_WATER = 2 * 1024 * 1024;
/** A longer body is not copied: it stays where it lies, and with it the rest of its page, until the peer has taken it. */
const LONGEST_COPIED = 32 * 1024;

const NO_CHUNK: Buffer = Buffer.alloc(0);

/** Properties and body of a message where they lie: a delivery copies them from there, once, or sends a long body as it is. */
export interface ContentBytes {
  readonly properties: Buffer;
  readonly propertiesAt: number;
  readonly propertiesLength: number;
  readonly body: Buffer;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** Takes what is to be sent in place of the stream. */
export interface Sink {
  /** Octets it has taken and not sent. */
  readonly length: number;
  write(gathered: readonly Buffer[]): void;
}

/**
 * Frames out: everything a turn of the loop has to say to a peer is gathered and written at once. Hot path: frames are
 * written in place, in chunks of memory that are used again when they have been sent.
 */
export class Output {
  readonly #stream: Duplex;
  readonly #onFlush: () => void;
  readonly #onDrain: () => void;
  #frameMax = 4096;
  #chunk: Buffer = NO_CHUNK;
  /** What is gathered in the chunk and not yet handed to the stream. */
  #start = 0;
  #at = 0;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  /** Chunks that are full and not handed to the stream yet. */
  #full: Buffer[] = [];
  readonly #onWritten = (): void => this.#releaseChunk();
  #isScheduled = false;
  #wasFull = false;
  #sink: Sink | undefined = undefined;
  sentOctets = 0;
  /** How often something was handed to the stream. */
  writes = 0;
  /** Whether anything was sent since somebody last reset it: for heartbeats. */
  hasSent = false;
  #lastExchange = '';
  #lastExchangeBytes = shortstrBytes('');
  #lastKey = '';
  #lastKeyBytes = shortstrBytes('');

  /**
   * @param onFlush what gathered is about to leave: the last chance to say something in this turn
   * @param onDrain there is room again after `isFull` was answered with yes
   */
  constructor(stream: Duplex, onFlush: () => void, onDrain: () => void) {
    this.#stream = stream;
    this.#onFlush = onFlush;
    this.#onDrain = onDrain;
    stream.on('drain', () => this.#drained());
  }

  /** Bounds the frames of a body (CON-40); 0 is no bound. */
  set frameMax(frameMax: number) {
    this.#frameMax = frameMax === 0 ? 2 ** 31 : frameMax;
  }

  /** Faults put something between this and the stream. */
  get sink(): Sink | undefined {
    return this.#sink;
  }

  set sink(sink: Sink | undefined) {
    this.#sink = sink;
    if (sink === undefined && !this.#stream.destroyed) this.#drained(); // what it held counted
  }

  /** Something leaves at the end of this turn. */
  get hasGathered(): boolean {
    return this.#gatheredBytes + this.#at - this.#start > 0;
  }

  /** The peer does not take what it was sent. */
  get isFull(): boolean {
    const gathered = this.#gatheredBytes + this.#at - this.#start + (this.#sink?.length ?? 0);
    if (gathered + this.#stream.writableLength <= HIGH_WATER) return false;
    this.#wasFull = true;
    return true;
  }

  method(channel: number, method: Method): void {
    this.raw(encodeFrame(FrameType.METHOD, channel, encodeMethod(method)));
  }

  /** Frames that are encoded already. */
  raw(frames: Buffer): void {
    const chunk = this.#room(frames.length);
    this.#at += frames.copy(chunk, this.#at);
  }

  deliver(
    channel: number,
    consumerTag: Buffer,
    deliveryTag: number,
    redelivered: boolean,
    exchange: string,
    routingKey: string,
    content: ContentBytes,
  ): void {
    const exchangeBytes = this.#exchangeBytes(exchange);
    const keyBytes = this.#keyBytes(routingKey);
    const size = deliverSize(consumerTag, exchangeBytes, keyBytes);
    const chunk = this.#room(size + this.#copiedSize(content));
    this.#at = writeDeliver(
      chunk,
      this.#at,
      channel,
      consumerTag,
      deliveryTag,
      redelivered,
      exchangeBytes,
      keyBytes,
    );
    this.#content(chunk, channel, content);
  }

  /** A method that carries content: get-ok, return. */
  methodWithContent(channel: number, method: Method, content: ContentBytes): void {
    const frame = encodeFrame(FrameType.METHOD, channel, encodeMethod(method));
    const chunk = this.#room(frame.length + this.#copiedSize(content));
    this.#at += frame.copy(chunk, this.#at);
    this.#content(chunk, channel, content);
  }

  ack(channel: number, deliveryTag: number, multiple: boolean): void {
    const chunk = this.#room(SETTLE_FRAME);
    this.#at = writeAck(chunk, this.#at, channel, deliveryTag, multiple);
  }

  nack(channel: number, deliveryTag: number): void {
    const chunk = this.#room(SETTLE_FRAME);
    this.#at = writeNack(chunk, this.#at, channel, deliveryTag, false);
  }

  /** What gathers leaves at the end of this turn. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#onFlush();
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    this.#collect();
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    this.sentOctets += this.#gatheredBytes;
    this.writes++;
    this.#gatheredBytes = 0;
    this.hasSent = true;
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    const full = this.#full;
    if (full.length > 0) this.#full = [];
    if (this.#sink !== undefined) {
      this.#sink.write(gathered); // which keeps nothing of it, but the stream may still have what came before
      if (this.#stream.writableLength === 0) giveChunksBack(full);
      return;
    }
    this.#write(gathered, full);
    if (!this.#stream.writableNeedDrain) this.#drained();
  }

  /** @param full chunks that may be used again when all of this has been sent */
  #write(gathered: readonly Buffer[], full: readonly Buffer[]): void {
    const last = gathered.at(-1) as Buffer;
    if (gathered.length > 1) {
      this.#stream.cork();
      for (const bytes of gathered) if (bytes !== last) this.#stream.write(bytes);
    }
    this.#stream.write(last, full.length === 0 ? this.#onWritten : () => this.#written(full));
    if (gathered.length > 1) this.#stream.uncork();
    this.#releaseChunk(); // the system takes nearly everything at once
  }

  #written(full: readonly Buffer[]): void {
    giveChunksBack(full);
    this.#releaseChunk();
  }

  /** The chunk being filled is not needed when everything in it has been sent. */
  #releaseChunk(): void {
    if (this.#chunk === NO_CHUNK || this.hasGathered || this.#stream.writableLength > 0) return;
    if (this.#chunk.length === CHUNK) giveChunkBack(this.#chunk);
    this.#chunk = NO_CHUNK;
    this.#start = 0;
    this.#at = 0;
  }

  #drained(): void {
    if (!this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    this.#onDrain();
  }

  /** What a content takes in a chunk. */
  #copiedSize({ propertiesLength, bodyLength }: ContentBytes): number {
    const header = FRAME_OVERHEAD + CONTENT_HEADER + propertiesLength;
    if (bodyLength > LONGEST_COPIED) return header;
    return header + bodyLength + FRAME_OVERHEAD * Math.ceil(bodyLength / (this.#frameMax - FRAME_OVERHEAD));
  }

  #content(chunk: Buffer, channel: number, content: ContentBytes): void {
    const { propertiesAt, propertiesLength, body, bodyAt, bodyLength } = content;
    const propertiesEnd = propertiesAt + propertiesLength;
    this.#at = writeContentHeader(
      chunk,
      this.#at,
      channel,
      bodyLength,
      content.properties,
      propertiesAt,
      propertiesEnd,
    );
    const end = bodyAt + bodyLength;
    const most = this.#frameMax - FRAME_OVERHEAD;
    for (let from = bodyAt; from < end; from += most) {
      const to = Math.min(from + most, end);
      if (bodyLength > LONGEST_COPIED) this.#reference(channel, body.subarray(from, to));
      else this.#at = writeBody(chunk, this.#at, channel, body, from, to);
    }
  }

  /** A body frame whose payload is sent from where it lies. */
  #reference(channel: number, payload: Buffer): void {
    const chunk = this.#room(FRAME_OVERHEAD);
    this.#at = writeBodyStart(chunk, this.#at, channel, payload.length);
    this.#collect();
    this.#gathered.push(payload);
    this.#gatheredBytes += payload.length;
    chunk[this.#at++] = FRAME_END;
  }

  /** A chunk with room for `size` bytes at `#at`. */
  #room(size: number): Buffer {
    if (!this.#isScheduled) this.schedule();
    if (this.#at + size > this.#chunk.length) {
      this.#collect();
      if (this.#chunk.length === CHUNK) this.#full.push(this.#chunk);
      this.#chunk = size <= CHUNK ? takeChunk() : Buffer.allocUnsafeSlow(size);
      this.#start = 0;
      this.#at = 0;
    }
    return this.#chunk;
  }

  #collect(): void {
    if (this.#at === this.#start) return;
    this.#gathered.push(this.#chunk.subarray(this.#start, this.#at));
    this.#gatheredBytes += this.#at - this.#start;
    this.#start = this.#at;
  }

  #exchangeBytes(exchange: string): Buffer {
    if (exchange === this.#lastExchange) return this.#lastExchangeBytes;
    this.#lastExchangeBytes = shortstrBytes(cut(exchange));
    this.#lastExchange = exchange;
    return this.#lastExchangeBytes;
  }

  #keyBytes(routingKey: string): Buffer {
    if (routingKey === this.#lastKey) return this.#lastKeyBytes;
    this.#lastKeyBytes = shortstrBytes(cut(routingKey));
    this.#lastKey = routingKey;
    return this.#lastKeyBytes;
  }
}
