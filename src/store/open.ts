import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import type { Recovered } from '../broker/journal.ts';
import { checkFormat, StoreError } from './format.ts';
import type { Database } from './format.ts';
import { LevelJournal } from './level-journal.ts';
import type { Crashes } from './level-journal.ts';
import { recover } from './recovery.ts';

/** An open data directory. Nobody else can open it until it is closed or this process ends. */
export interface Store {
  readonly journal: LevelJournal;
  readonly recovered: Recovered;
  /** Gives back the disk space of what was deleted, when that is much. */
  readonly reclaim: () => Promise<void>;
  /** Writes what is left and lets the directory go. */
  readonly close: () => Promise<void>;
}

export interface StoreOptions {
  /** Bytes of committed messages kept in memory; the rest is read back from disk. */
  readonly memoryLimit: number;
  /** How many ready messages of a queue, by priority, are objects before those behind them are parked. */
  readonly parkAfter?: number;
  /** Bytes on disk beyond twice the live ones before sparse pages are rewritten. */
  readonly diskAllowance?: number;
  /** Hears of a write that failed: the node must stop. */
  readonly onFailure: (error: unknown) => void;
  /** Where faults end it; without it nowhere. */
  readonly crashes?: Crashes;
}

const OWNER_FILE = 'owner.json';
/** More than most queues ever hold, and less than a megabyte. */
const PARK_AFTER = 2048;
const DISK_ALLOWANCE = 16 * 1024 * 1024;

/**
 * Opens a data directory, made if there is none, and reads back what it holds.
 * @throws {StoreError} when another process has it, a newer version wrote it, or it is damaged
 */
export async function openStore(directory: string, options: StoreOptions): Promise<Store> {
  await makeDirectory(directory);
  const db: Database = new Level(join(directory, 'level'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  await openDatabase(db, directory);
  try {
    await checkFormat(db, directory);
    const { diskAllowance = DISK_ALLOWANCE, parkAfter = PARK_AFTER, onFailure, crashes } = options;
    const recovery = recover(db, options.memoryLimit, parkAfter);
    const [{ state, recovered }] = await Promise.all([recovery, writeOwner(directory)]);
    const journal = new LevelJournal(db, { ...state, diskAllowance, parkAfter }, onFailure, crashes);
    const close = async (): Promise<void> => {
      await journal.close();
      await rm(join(directory, OWNER_FILE), { force: true });
      await db.close();
    };
    return { journal, recovered, reclaim: () => journal.reclaim(), close };
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EEXIST' ? 'it is a file' : message;
    throw new StoreError(`cannot use ${directory} as data directory: ${reason}`);
  }
}

/** LevelDB's lock is what keeps a second process out; the owner file only says who has it. */
async function openDatabase(db: Database, directory: string): Promise<void> {
  try {
    await db.open();
  } catch (error) {
    const cause = (error as { cause?: { code?: string; message?: string } }).cause;
    if (cause?.code === 'LEVEL_LOCKED')
      throw new StoreError(`${directory} is in use by ${await ownerOf(directory)}`);
    throw new StoreError(`cannot open ${directory}: ${cause?.message ?? (error as Error).message}`);
  }
}

async function writeOwner(directory: string): Promise<void> {
  const owner = { pid: process.pid, since: new Date().toISOString() };
  await writeFile(join(directory, OWNER_FILE), JSON.stringify(owner));
}

async function ownerOf(directory: string): Promise<string> {
  try {
    const owner = JSON.parse(await readFile(join(directory, OWNER_FILE), 'utf8')) as {
      pid: number;
      since: string;
    };
    return `process ${owner.pid} since ${owner.since}`;
  } catch {
    return 'another process';
  }
}
