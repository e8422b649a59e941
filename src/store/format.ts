import type { Level } from 'level';
import { FORMAT_KEY } from './keys.ts';

/** The layout this version writes and reads. */
export const FORMAT_VERSION = 1;

/** LevelDB as the store uses it: bytes to bytes. */
export type Database = Level<Buffer, Buffer>;

export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

/** What recovery needs of it; a snapshot offers the same. */
export interface Records {
  iterator(range: KeyRange): AsyncIterable<[Buffer, Buffer]>;
  getSync(key: Buffer): Buffer | undefined;
  /** Deletes these. */
  batch(operations: { type: 'del'; key: Buffer }[]): Promise<void>;
  clear(range: KeyRange): Promise<void>;
}

/** A data directory that cannot be used, in one sentence for the person who asked. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * Stamps a new database with the format version and refuses a newer one.
 * @throws {StoreError} when a newer version wrote it, or something else did
 */
export async function checkFormat(db: Database, directory: string): Promise<void> {
  const stamp = db.getSync(FORMAT_KEY);
  if (stamp === undefined) {
    for await (const key of db.keys({ limit: 1 })) {
      throw new StoreError(
        `${directory} holds a database that is not Leveret's (its first key is ${key.toString('hex')})`,
      );
    }
    // on disk with the first commit: what is lost before that was empty
    await db.put(FORMAT_KEY, Buffer.from(String(FORMAT_VERSION)));
    return;
  }
  const version = Number(stamp.toString());
  if (version === FORMAT_VERSION) return;
  const advice =
    version > FORMAT_VERSION ? 'use the version of Leveret that wrote it, or a newer one' : 'it is too old';
  throw new StoreError(
    `${directory} has format ${version}, and this version reads format ${FORMAT_VERSION}: ${advice}`,
  );
}
