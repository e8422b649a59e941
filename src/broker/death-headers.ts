import { copyBytes, isSameBytes } from '../wire/buffer.ts';
import { behindKey, behindValue } from '../wire/table-walk.ts';
import { joinEntries, longstr, rawEntry, writeTable } from '../wire/table.ts';
import {
  deathFields,
  FIRST,
  isCycle,
  LAST,
  readHistory,
  recordDeath,
  writeHistory,
  X_DEATH,
} from './death.ts';
import type { Death } from './death.ts';

const TABLE = 'F'.charCodeAt(0);
const ARRAY = 'A'.charCodeAt(0);
const LONG = 'l'.charCodeAt(0);
const X = 'x'.charCodeAt(0);

/** A name as a table has it, with its length, and the tag of its value. */
function named(name: string, tag: string): Buffer {
  return Buffer.from(`${String.fromCharCode(name.length)}${name}${tag}`, 'latin1');
}

const DEATHS = named(X_DEATH, 'A');
const EXPIRATION = named('original-expiration', 'S');
const COUNT = named('count', 'l');
const REJECTED = Buffer.concat([named('reason', 'S'), Buffer.from([0, 0, 0, 8]), Buffer.from('rejected')]);
const REASON_LENGTH = 'reason'.length + 2;
const QUEUE_LENGTH = 'queue'.length + 2;
const OURS = [X_DEATH, ...FIRST, ...LAST].map((name) => Buffer.from(name));
const [X_DEATH_KEY, FIRST_BEGIN, , FIRST_END, LAST_BEGIN, , LAST_END] = OURS as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];
/** More headers than this are sorted elsewhere. */
const MOST_HEADERS = 32;

/**
 * Headers of the dead, as `writeHistory` writes them, put together from bytes: what one death has in common with the one
 * before is encoded once, and what a message brought is copied as it is. Hot path: 0.7 to 1.8 us instead of 16 to 23 us,
 * and 0.3 us for messages without headers. What does not look as expected is left to `writeHistory`.
 */
export class DeathHeaders {
  #death: Death | undefined = undefined;
  /** Its line in `x-death` without expiration, and what tells it from the lines of other queues and reasons. */
  #line: Buffer = DEATHS;
  #kind: Buffer = DEATHS;
  #first: Buffer = DEATHS;
  #last: Buffer = DEATHS;
  #out = Buffer.allocUnsafe(1024);
  #at = 0;
  /** The headers that stay, sorted. */
  readonly #starts = new Int32Array(MOST_HEADERS);
  readonly #ends = new Int32Array(MOST_HEADERS);
  #count = 0;
  /** The lines of `x-death`: before in the headers, and afterwards in `#out`. */
  #oldAt = 0;
  #oldEnd = 0;
  #linesAt = 0;
  #linesEnd = 0;
  /** Of headers that were left to `writeHistory`. */
  #history: readonly Death[] | undefined = undefined;

  /**
   * @param headers the inside of the headers table before; empty when there was none
   * @param death counted once
   * @param died the `x-death` among the headers is ours
   * @returns the inside of the headers table, valid until the next call
   */
  write(headers: Buffer, death: Death, died: boolean): Buffer {
    if (this.#death === undefined || !isSameButExpiration(this.#death, death)) this.#prepare(death);
    this.#history = undefined;
    if (this.#sort(headers, died) && this.#merge(headers, death, died))
      return this.#out.subarray(0, this.#at);
    this.#history = recordDeath(died ? readHistory(headers) : [], death);
    return writeHistory(headers, this.#history, death, !died);
  }

  /** Whether what was written last says that the message comes back to `queue` and nobody rejected it (CYC-03). */
  isCycle(queue: string): boolean {
    if (this.#history !== undefined) return isCycle(this.#history, queue);
    const bytes = this.#out;
    for (let at = this.#linesAt; at < this.#linesEnd; at = behindLine(bytes, at)) {
      const reasonAt = countAt(bytes, at) + 8;
      if (isSameBytes(REJECTED, bytes, reasonAt, REJECTED.length)) return false;
      const queueAt = behindText(bytes, reasonAt + REASON_LENGTH) + QUEUE_LENGTH;
      if (isText(bytes, queueAt + 4, behindText(bytes, queueAt), queue)) return true;
    }
    return false;
  }

  #prepare(death: Death): void {
    const { reason, queue, exchange } = death;
    const fields = writeTable(deathFields({ ...death, originalExpiration: undefined }));
    this.#line = Buffer.concat([Buffer.from([TABLE, 0, 0, 0, 0]), fields]);
    this.#line.writeUInt32BE(fields.length, 1);
    this.#kind = joinEntries([rawEntry('reason', longstr(reason)), rawEntry('queue', longstr(queue))]);
    const values = [exchange, queue, reason].map((text) => longstr(text));
    const entries = (names: readonly string[]): Buffer =>
      joinEntries(values.map((value, i) => rawEntry(names[i] ?? '', value)));
    this.#first = entries(FIRST);
    this.#last = entries(LAST);
    this.#death = death;
  }

  /** Finds what stays. Returns false where it is not as expected. */
  #sort(headers: Buffer, died: boolean): boolean {
    this.#count = 0;
    this.#oldAt = 0;
    this.#oldEnd = 0;
    const end = headers.length;
    for (let at = 0; at < end;) {
      const tagAt = behindKey(headers, at, end);
      const next = behindValue(headers, tagAt, end, 1);
      const ours = headers[at + 1] === X ? OURS.findIndex((key) => compareKey(headers, at, key) === 0) : -1;
      if (ours === 0 && died) {
        if (headers[tagAt] !== ARRAY || this.#oldEnd > 0) return false;
        this.#oldAt = tagAt + 5;
        this.#oldEnd = next;
      } else if (ours < 0 || (died && ours <= FIRST.length)) {
        if (this.#count === MOST_HEADERS) return false;
        this.#insert(headers, at, next);
      }
      at = next;
    }
    return true;
  }

  #insert(headers: Buffer, start: number, end: number): void {
    let to = this.#count++;
    for (; to > 0 && compareKeys(headers, this.#starts[to - 1] ?? 0, start) > 0; to--) {
      this.#starts[to] = this.#starts[to - 1] ?? 0;
      this.#ends[to] = this.#ends[to - 1] ?? 0;
    }
    this.#starts[to] = start;
    this.#ends[to] = end;
  }

  /** Writes what stays and what is ours, sorted. Returns false when something stands between entries of ours. */
  #merge(headers: Buffer, death: Death, died: boolean): boolean {
    const ours = this.#line.length + this.#first.length + this.#last.length;
    const most = headers.length + ours + 64 + (death.originalExpiration?.length ?? 0);
    if (this.#out.length < most) this.#out = Buffer.allocUnsafe(most * 2);
    this.#at = 0;
    let next = this.#copyBelow(headers, 0, X_DEATH_KEY);
    if (!this.#writeDeaths(headers, death, died)) return false;
    if (!died) {
      next = this.#copyBelow(headers, next, FIRST_BEGIN);
      if (this.#isBelow(headers, next, FIRST_END)) return false;
      this.#append(this.#first, 0, this.#first.length);
    }
    next = this.#copyBelow(headers, next, LAST_BEGIN);
    if (this.#isBelow(headers, next, LAST_END)) return false;
    this.#append(this.#last, 0, this.#last.length);
    for (; next < this.#count; next++) this.#append(headers, this.#starts[next] ?? 0, this.#ends[next] ?? 0);
    return true;
  }

  /** Copies the headers from `index` on that stand before this key; returns the index of the next. */
  #copyBelow(headers: Buffer, index: number, key: Buffer): number {
    let next = index;
    for (; this.#isBelow(headers, next, key); next++) {
      this.#append(headers, this.#starts[next] ?? 0, this.#ends[next] ?? 0);
    }
    return next;
  }

  #isBelow(headers: Buffer, index: number, key: Buffer): boolean {
    return index < this.#count && compareKey(headers, this.#starts[index] ?? 0, key) < 0;
  }

  #append(bytes: Buffer, start: number, end: number): void {
    this.#at = copyBytes(this.#out, this.#at, bytes, start, end);
  }

  /** The line of this death, counted on when there was one like it, and the others (XD-06). */
  #writeDeaths(headers: Buffer, death: Death, died: boolean): boolean {
    this.#append(DEATHS, 0, DEATHS.length);
    this.#at += 4;
    this.#linesAt = this.#at;
    const [from, to] = [this.#oldAt, this.#oldEnd];
    const same = died ? this.#findLine(headers) : to;
    if (same < 0) return false;
    if (same < to) {
      const end = behindLine(headers, same);
      this.#append(headers, same, end);
      const low = countAt(this.#out, this.#linesAt) + 4;
      const count = this.#out.readUInt32BE(low);
      if (count === 0xffff_ffff) return false;
      this.#out.writeUInt32BE(count + 1, low);
      this.#append(headers, from, same);
      this.#append(headers, end, to);
    } else {
      this.#writeLine(death);
      this.#append(headers, from, to);
    }
    this.#linesEnd = this.#at;
    this.#out.writeUInt32BE(this.#linesEnd - this.#linesAt, this.#linesAt - 4);
    return true;
  }

  /** Where the line of the same queue and reason is; the end when there is none, -1 when they are not as expected. */
  #findLine(headers: Buffer): number {
    const end = this.#oldEnd;
    let found = end;
    for (let at = this.#oldAt; at < end; at = behindLine(headers, at)) {
      if (headers[at] !== TABLE) return -1;
      const count = countAt(headers, at);
      if (count < 0) return -1;
      const kindEnd = count + 8 + this.#kind.length;
      if (found < end || kindEnd > behindLine(headers, at)) continue;
      if (isSameBytes(this.#kind, headers, count + 8, this.#kind.length)) found = at;
    }
    return found;
  }

  /** `original-expiration` is the first field (XD-03); its text is decimal digits. */
  #writeLine({ originalExpiration: digits }: Death): void {
    const at = this.#at;
    if (digits === undefined) return this.#append(this.#line, 0, this.#line.length);
    this.#at += 5;
    this.#append(EXPIRATION, 0, EXPIRATION.length);
    this.#at = this.#out.writeUInt32BE(digits.length, this.#at);
    for (let i = 0; i < digits.length; i++) this.#out[this.#at++] = digits.charCodeAt(i);
    this.#append(this.#line, 5, this.#line.length);
    this.#out[at] = TABLE;
    this.#out.writeUInt32BE(this.#at - at - 5, at + 1);
  }
}

/** Where the octets of `count` are in the line at `at`; -1 when they are not where we write them. */
function countAt(bytes: Buffer, at: number): number {
  let next = at + 5;
  if (isSameBytes(EXPIRATION, bytes, next, EXPIRATION.length)) {
    next = behindText(bytes, next + EXPIRATION.length);
  }
  const tagAt = next + COUNT.length - 1;
  return bytes[tagAt] === LONG && isSameBytes(COUNT, bytes, next, COUNT.length) ? tagAt + 1 : -1;
}

function behindLine(bytes: Buffer, at: number): number {
  return at + 5 + bytes.readUInt32BE(at + 1);
}

/** @param at where the length of a long string stands */
function behindText(bytes: Buffer, at: number): number {
  return at + 4 + bytes.readUInt32BE(at);
}

function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return bytes.toString('utf8', start, end) === text;
    if (code !== bytes[start + i]) return false;
  }
  return text.length === end - start;
}

/** The order of a key that stands with its length at `at`, and of another. */
function compareKey(bytes: Buffer, at: number, key: Buffer): number {
  const length = bytes[at] ?? 0;
  for (let i = 0; i < length && i < key.length; i++) {
    const difference = (bytes[at + 1 + i] ?? 0) - (key[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return length - key.length;
}

/** The same for two that both stand with their lengths. */
function compareKeys(bytes: Buffer, a: number, b: number): number {
  const [lengthA = 0, lengthB = 0] = [bytes[a], bytes[b]];
  for (let i = 1; i <= lengthA && i <= lengthB; i++) {
    const difference = (bytes[a + i] ?? 0) - (bytes[b + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}

function isSameButExpiration(a: Death, b: Death): boolean {
  if (a.queue !== b.queue || a.reason !== b.reason || a.time !== b.time || a.exchange !== b.exchange)
    return false;
  return (
    a.routingKeys.length === b.routingKeys.length && a.routingKeys.every((key, i) => key === b.routingKeys[i])
  );
}
