import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { expect, test } from 'vitest';
import { StoreError } from '../../src/store/format.ts';
import { FORMAT_KEY, pageKey } from '../../src/store/keys.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';

async function edit(directory: string, key: Buffer, value: string): Promise<void> {
  const db = new Level<Buffer, Buffer>(join(directory, 'level'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  await db.put(key, Buffer.from(value));
  await db.close();
}

test('a second process is told who holds the directory', async () => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory);
  const second = openTestStore(directory);
  await expect(second).rejects.toThrow(StoreError);
  await expect(second).rejects.toThrow(`${directory} is in use by process ${process.pid} since `);
  await store.close();
  await (await openTestStore(directory)).close();
});

test('a directory of a newer format is refused and left alone', async () => {
  const directory = await temporaryDirectory();
  await (await openTestStore(directory)).close();
  await edit(directory, FORMAT_KEY, '2');
  await expect(openTestStore(directory)).rejects.toThrow(
    `${directory} has format 2, and this version reads format 1: use the version of Leveret that wrote it, or a newer one`,
  );
  await expect(openTestStore(directory)).rejects.toThrow('has format 2'); // still the same, and not locked
});

test('a database of somebody else is refused', async () => {
  const directory = await temporaryDirectory();
  await edit(directory, Buffer.from('theirs'), 'x');
  await expect(openTestStore(directory)).rejects.toThrow(
    `${directory} holds a database that is not Leveret's`,
  );
});

test('a damaged page is named', async () => {
  const directory = await temporaryDirectory();
  await (await openTestStore(directory)).close();
  await edit(directory, pageKey(7), '\u0009 is no record');
  await expect(openTestStore(directory)).rejects.toThrow(
    'page 7 is damaged: a record of unknown kind 9 at 0',
  );
});

test('a path that is a file is refused in one sentence', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'file');
  await writeFile(path, '');
  await expect(openTestStore(path)).rejects.toThrow(`cannot use ${path} as data directory: it is a file`);
});
