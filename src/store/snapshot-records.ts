import { StoreError } from './format.ts';
import type { KeyRange, Records } from './format.ts';

/** What a snapshot begins with: nobody should take another file for one. */
const MAGIC = Buffer.from('leveret snapshot\n');

/** Keys and values in one piece: what LevelDB would hold, in memory. As bytes each is u16 key, u32 value. */
export class SnapshotRecords implements Records {
  readonly #records: [Buffer, Buffer][] = [];

  put(key: Buffer, value: Buffer): void {
    this.#records.push([key, value]);
  }

  putNumber(key: Buffer, number: number): void {
    this.put(key, Buffer.from(String(number)));
  }

  /** @throws {StoreError} when it is not there */
  number(key: Buffer): number {
    const value = Number(this.getSync(key)?.toString() ?? NaN);
    if (Number.isNaN(value))
      throw new StoreError(`the snapshot is damaged: ${key.toString('hex')} is missing`);
    return value;
  }

  /** By key. */
  in({ gte, lt }: KeyRange): [Buffer, Buffer][] {
    return this.#records
      .filter(([key]) => key.compare(gte) >= 0 && key.compare(lt) < 0)
      .sort(([a], [b]) => a.compare(b));
  }

  async *iterator(range: KeyRange): AsyncGenerator<[Buffer, Buffer]> {
    yield* this.in(range);
  }

  getSync(key: Buffer): Buffer | undefined {
    return this.#records.find(([one]) => one.equals(key))?.[1];
  }

  /** Nothing in a snapshot is stale. */
  async batch(): Promise<void> {}
  async clear(): Promise<void> {}

  toBytes(): Buffer {
    const parts: Buffer[] = [MAGIC];
    for (const [key, value] of this.#records) {
      const lengths = Buffer.allocUnsafe(6);
      lengths.writeUInt16BE(key.length, 0);
      lengths.writeUInt32BE(value.length, 2);
      parts.push(lengths, key, value);
    }
    return Buffer.concat(parts);
  }

  /** Records are views of these bytes. @throws {StoreError} when they are no snapshot, or cut off */
  static fromBytes(bytes: Buffer): SnapshotRecords {
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
      throw new StoreError('this is no snapshot of a broker');
    const records = new SnapshotRecords();
    for (let at = MAGIC.length; at < bytes.length;) {
      const keyAt = at + 6;
      const valueAt = keyAt + (keyAt <= bytes.length ? bytes.readUInt16BE(at) : 0);
      const end = valueAt + (keyAt <= bytes.length ? bytes.readUInt32BE(at + 2) : 0);
      if (end > bytes.length || keyAt > bytes.length) throw new StoreError('the snapshot is cut off');
      records.put(bytes.subarray(keyAt, valueAt), bytes.subarray(valueAt, end));
      at = end;
    }
    return records;
  }
}
