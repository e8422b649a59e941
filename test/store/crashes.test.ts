import { expect, test } from 'vitest';
import type { Definition } from '../../src/broker/journal.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';

const vhost: Definition = { kind: 'vhost', name: 'v' };

test.each([
  ['before-commit', []],
  ['after-commit', [vhost]],
] as const)('a store that is told to end %s tells nobody of it, and has %j', async (moment, left) => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory, { crashes: (when) => when === moment });
  const told: number[] = [];
  store.journal.define(vhost);
  store.journal.onCommit({ committed: (batch) => told.push(batch) });
  await store.journal.flush();
  expect([told, store.journal.committed]).toEqual([[], 0]);
  store.journal.define({ kind: 'vhost', name: 'later' });
  await store.close();
  const heir = await openTestStore(directory);
  expect(heir.recovered.definitions).toEqual(left);
  await heir.close();
});
