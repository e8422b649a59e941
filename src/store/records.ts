import { Message } from '../broker/message.ts';
import type { MoreKeys } from '../broker/message.ts';
import { copyBytes } from '../wire/buffer.ts';

/**
 * What a page holds, one after the other. The first octet of a record says what it is and how it is laid out: a changed
 * layout gets a number of its own, so that old pages stay readable.
 *
 *   message  kind, id u48, flags u8, priority u8, places u16, each: queue id u32 (0: free), deadline f64, lane u8;
 *            exchange u16+, routing key u16+, [CC: u16 count, each u16+] [BCC: the same],
 *            properties u32+, then the body u32+, or the id u48 of the message whose record has it
 *   settle   kind, message id u48, queue id u32
 *   body     kind, message id u48, body u32+
 */
const RecordKind = { MESSAGE: 1, SETTLE: 2, BODY: 3 } as const;

const PERSISTENT = 1;
const DIED = 2;
const BODY_ELSEWHERE = 4;
const MORE_KEYS = 8;

export const SETTLE_SIZE = 1 + 6 + 4;
const PLACE_SIZE = 4 + 8 + 1;
const PLACES_AT = 1 + 6 + 1 + 1 + 2;
const MESSAGE_FIXED = PLACES_AT + 2 + 2 + 4 + 6;

const LAST_ASCII = 0x7f;
const SHORT_TEXT = 64;

/** What a body record takes. */
export function bodySize(length: number): number {
  return 1 + 6 + 4 + length;
}

/** An upper bound of what a message record takes; `contentLength` is that of the properties and of a body in it. */
export function messageSize(message: Message, contentLength: number, places: number): number {
  const { exchange, routingKey, moreKeys } = message;
  const keys = moreKeys === undefined ? 0 : 4 + keysSize(moreKeys.cc) + keysSize(moreKeys.bcc);
  return (
    MESSAGE_FIXED + PLACE_SIZE * places + 3 * (exchange.length + routingKey.length) + keys + contentLength
  );
}

function keysSize(keys: readonly string[]): number {
  let size = 0;
  for (const key of keys) size += 2 + 3 * key.length;
  return size;
}

/**
 * Writes a message record with free places and notes in the message where its bytes lie.
 * @param body what stands in it from `bodyStart` to `bodyEnd`; undefined: the record only names the message whose record has it (`message.bodyId`)
 * @returns the position behind the record
 */
export function writeMessage(
  page: Buffer,
  at: number,
  message: Message,
  properties: Buffer,
  body: Buffer | undefined,
  places: number,
  bodyStart = 0,
  bodyEnd = body?.length ?? 0,
): number {
  const { moreKeys } = message;
  message.recordAt = at;
  page[at] = RecordKind.MESSAGE;
  page.writeUIntBE(message.id, at + 1, 6);
  page[at + 7] =
    (message.persistent ? PERSISTENT : 0) |
    (message.died ? DIED : 0) |
    (body === undefined ? BODY_ELSEWHERE : 0) |
    (moreKeys === undefined ? 0 : MORE_KEYS);
  page[at + 8] = message.priority;
  page.writeUInt16BE(places, at + 9);
  message.placeAt = at + PLACES_AT;
  const exchangeAt = message.placeAt + places * PLACE_SIZE;
  for (let i = message.placeAt; i < exchangeAt; i++) page[i] = 0;
  let next = writeText(page, exchangeAt, message.exchange);
  next = writeText(page, next, message.routingKey);
  if (moreKeys !== undefined) next = writeTexts(page, writeTexts(page, next, moreKeys.cc), moreKeys.bcc);
  next = page.writeUInt32BE(properties.length, next);
  message.propertiesAt = next;
  message.propertiesLength = properties.length;
  next = copyBytes(page, next, properties, 0, properties.length);
  if (body === undefined) return page.writeUIntBE(message.bodyId, next, 6);
  next = page.writeUInt32BE(bodyEnd - bodyStart, next);
  message.bodyAt = next;
  message.bodyLength = bodyEnd - bodyStart;
  return copyBytes(page, next, body, bodyStart, bodyEnd);
}

/** Hot path: a loop takes a fifth of what `write` does for the names of most queues. */
function writeText(page: Buffer, at: number, text: string): number {
  if (text.length > SHORT_TEXT) return writeLongText(page, at, text);
  let end = at + 2;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > LAST_ASCII) return writeLongText(page, at, text);
    page[end++] = code;
  }
  page[at] = 0;
  page[at + 1] = text.length;
  return end;
}

function writeLongText(page: Buffer, at: number, text: string): number {
  const length = page.write(text, at + 2, 'utf8');
  page.writeUInt16BE(length, at);
  return at + 2 + length;
}

function writeTexts(page: Buffer, at: number, texts: readonly string[]): number {
  let next = page.writeUInt16BE(texts.length, at);
  for (const text of texts) next = writeText(page, next, text);
  return next;
}

/** Notes in a message's record that a queue holds it. */
export function writePlace(
  page: Buffer,
  message: Message,
  queueId: number,
  expiresAt: number,
  lane: number,
): void {
  const at = message.placeAt;
  page.writeUInt32BE(queueId, at);
  page.writeDoubleBE(expiresAt, at + 4);
  page[at + 12] = lane;
  message.placeAt = at + PLACE_SIZE;
}

export function writeSettle(page: Buffer, at: number, messageId: number, queueId: number): number {
  page[at] = RecordKind.SETTLE;
  page.writeUIntBE(messageId, at + 1, 6);
  page.writeUInt32BE(queueId, at + 7);
  return at + SETTLE_SIZE;
}

/** @returns where the bytes of the body start */
export function writeBodyHead(page: Buffer, at: number, messageId: number, length: number): number {
  page[at] = RecordKind.BODY;
  page.writeUIntBE(messageId, at + 1, 6);
  return page.writeUInt32BE(length, at + 7);
}

/** One queue that held a message when its record was written. */
export interface PlaceRecord {
  readonly queueId: number;
  readonly expiresAt: number;
  readonly lane: number;
}

/** A message record as it was read. Positions are within the page. */
export interface MessageRecord {
  readonly id: number;
  readonly at: number;
  readonly end: number;
  readonly places: readonly PlaceRecord[];
  readonly persistent: boolean;
  readonly died: boolean;
  readonly priority: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly moreKeys: MoreKeys | undefined;
  readonly propertiesAt: number;
  readonly propertiesLength: number;
  /** -1: the body lies elsewhere. */
  readonly bodyAt: number;
  readonly bodyLength: number;
  readonly bodyId: number;
}

/** Receives the records of a page in order. */
export interface RecordVisitor {
  /**
   * Instead of `message`, for one with its own body that was in one queue, as nearly all are: nothing is allocated.
   * @param size of the record
   */
  lone?(
    id: number,
    at: number,
    size: number,
    bodyLength: number,
    queueId: number,
    expiresAt: number,
    lane: number,
  ): void;
  message(record: MessageRecord): void;
  settle(messageId: number, queueId: number): void;
  body(id: number, at: number, length: number): void;
}

/** The text of a key, kept while the next one is the same: most neighbours in a page are. */
class TextMemo {
  #bytes: Buffer = Buffer.alloc(0);
  #text = '';

  read(page: Buffer, start: number, end: number): string {
    if (this.#isSame(page, start, end)) return this.#text;
    this.#bytes = page.subarray(start, end);
    this.#text = page.toString('utf8', start, end);
    return this.#text;
  }

  /** Octet by octet: keys are short, and `Buffer.compare` costs 100 ns. */
  #isSame(page: Buffer, start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (bytes.length !== end - start) return false;
    for (let index = 0; index < bytes.length; index++) if (bytes[index] !== page[start + index]) return false;
    return true;
  }
}

/** Makes messages of single records. */
export class MessageReader {
  readonly #exchanges = new TextMemo();
  readonly #keys = new TextMemo();

  /** The message whose record starts here, without its pages; of a body elsewhere only the id is known. */
  read(page: Buffer, start: number): Message {
    const flags = page[start + 7] as number;
    const exchangeAt = start + PLACES_AT + page.readUInt16BE(start + 9) * PLACE_SIZE;
    const exchangeEnd = exchangeAt + 2 + page.readUInt16BE(exchangeAt);
    const keyEnd = exchangeEnd + 2 + page.readUInt16BE(exchangeEnd);
    const more = (flags & MORE_KEYS) === 0 ? undefined : readMoreKeys(page, keyEnd);
    const message = new Message(
      page.readUIntBE(start + 1, 6),
      this.#exchanges.read(page, exchangeAt + 2, exchangeEnd),
      this.#keys.read(page, exchangeEnd + 2, keyEnd),
      more?.keys,
      (flags & PERSISTENT) !== 0,
      (flags & DIED) !== 0,
      page[start + 8] as number,
    );
    message.recordAt = start;
    message.propertiesAt = (more?.end ?? keyEnd) + 4;
    message.propertiesLength = page.readUInt32BE(message.propertiesAt - 4);
    const next = message.propertiesAt + message.propertiesLength;
    if ((flags & BODY_ELSEWHERE) !== 0) {
      message.bodyId = page.readUIntBE(next, 6);
    } else {
      message.bodyId = message.id;
      message.bodyAt = next + 4;
      message.bodyLength = page.readUInt32BE(next);
    }
    return message;
  }
}

/** What the record of a message takes, once it was written or read. */
export function recordSize(message: Message): number {
  const end =
    message.bodyId === message.id
      ? message.bodyAt + message.bodyLength
      : message.propertiesAt + message.propertiesLength + 6;
  return end - message.recordAt;
}

/** Walks the records of a page. Throws when they do not add up: the page is damaged. */
export function readRecords(page: Buffer, visitor: RecordVisitor): void {
  const exchanges = new TextMemo();
  const keys = new TextMemo();
  for (let at = 0; at < page.length;) {
    const kind = page.readUInt8(at);
    if (kind === RecordKind.MESSAGE) {
      const size = visitor.lone === undefined ? 0 : visitLone(page, at, visitor);
      at += size;
      if (size > 0) continue;
      const record = readMessage(page, at, exchanges, keys);
      visitor.message(record);
      at = record.end;
      continue;
    }
    const id = page.readUIntBE(at + 1, 6);
    if (kind === RecordKind.SETTLE) {
      visitor.settle(id, page.readUInt32BE(at + 7));
      at += SETTLE_SIZE;
    } else if (kind === RecordKind.BODY) {
      const length = page.readUInt32BE(at + 7);
      visitor.body(id, at + 11, length);
      at += bodySize(length);
    } else {
      throw new RangeError(`a record of unknown kind ${kind} at ${at}`);
    }
    if (at > page.length) throw new RangeError('the last record is cut off');
  }
}

/** @returns the size of the record; 0 when it is of another kind */
function visitLone(page: Buffer, at: number, visitor: RecordVisitor): number {
  const flags = page[at + 7] as number;
  if ((flags & (BODY_ELSEWHERE | MORE_KEYS)) !== 0 || page.readUInt16BE(at + 9) !== 1) return 0;
  const placeAt = at + PLACES_AT;
  const queueId = page.readUInt32BE(placeAt);
  if (queueId === 0) return 0;
  const exchangeAt = placeAt + PLACE_SIZE;
  const keyAt = exchangeAt + 2 + page.readUInt16BE(exchangeAt);
  const propertiesAt = keyAt + 2 + page.readUInt16BE(keyAt) + 4;
  const bodyAt = propertiesAt + page.readUInt32BE(propertiesAt - 4) + 4;
  const bodyLength = page.readUInt32BE(bodyAt - 4);
  const size = bodyAt + bodyLength - at;
  if (at + size > page.length) throw new RangeError('the last record is cut off');
  const expiresAt = page.readDoubleBE(placeAt + 4);
  const lane = page[placeAt + 12] as number;
  visitor.lone?.(page.readUIntBE(at + 1, 6), at, size, bodyLength, queueId, expiresAt, lane);
  return size;
}

function readMessage(page: Buffer, start: number, exchanges: TextMemo, keys: TextMemo): MessageRecord {
  const flags = page.readUInt8(start + 7);
  const exchangeAt = start + PLACES_AT + page.readUInt16BE(start + 9) * PLACE_SIZE;
  const exchangeEnd = exchangeAt + 2 + page.readUInt16BE(exchangeAt);
  const keyEnd = exchangeEnd + 2 + page.readUInt16BE(exchangeEnd);
  const more = (flags & MORE_KEYS) === 0 ? undefined : readMoreKeys(page, keyEnd);
  const propertiesAt = (more?.end ?? keyEnd) + 4;
  const propertiesLength = page.readUInt32BE(propertiesAt - 4);
  const next = propertiesAt + propertiesLength;
  const elsewhere = (flags & BODY_ELSEWHERE) !== 0;
  const id = page.readUIntBE(start + 1, 6);
  const bodyLength = elsewhere ? 0 : page.readUInt32BE(next);
  const end = elsewhere ? next + 6 : next + 4 + bodyLength;
  if (end > page.length) throw new RangeError('the last record is cut off');
  return {
    id,
    at: start,
    end,
    places: readPlaces(page, start + PLACES_AT, exchangeAt),
    persistent: (flags & PERSISTENT) !== 0,
    died: (flags & DIED) !== 0,
    priority: page.readUInt8(start + 8),
    exchange: exchanges.read(page, exchangeAt + 2, exchangeEnd),
    routingKey: keys.read(page, exchangeEnd + 2, keyEnd),
    moreKeys: more?.keys,
    propertiesAt,
    propertiesLength,
    bodyAt: elsewhere ? -1 : next + 4,
    bodyLength,
    bodyId: elsewhere ? page.readUIntBE(next, 6) : id,
  };
}

function readPlaces(page: Buffer, from: number, to: number): PlaceRecord[] {
  const places: PlaceRecord[] = [];
  for (let at = from; at < to; at += PLACE_SIZE) {
    const queueId = page.readUInt32BE(at);
    if (queueId === 0) continue;
    places.push({ queueId, expiresAt: page.readDoubleBE(at + 4), lane: page.readUInt8(at + 12) });
  }
  return places;
}

function readMoreKeys(page: Buffer, at: number): { readonly keys: MoreKeys; readonly end: number } {
  const cc = readTexts(page, at);
  const bcc = readTexts(page, cc.end);
  return { keys: { cc: cc.texts, bcc: bcc.texts }, end: bcc.end };
}

function readTexts(page: Buffer, at: number): { readonly texts: string[]; readonly end: number } {
  const texts: string[] = [];
  let end = at + 2;
  for (let left = page.readUInt16BE(at); left > 0; left--) {
    const next = end + 2 + page.readUInt16BE(end);
    texts.push(page.toString('utf8', end + 2, next));
    end = next;
  }
  return { texts, end };
}
