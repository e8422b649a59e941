import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { topics } from '../../spec/index.ts';
// @ts-expect-error it is plain JavaScript, to run without a build
import { faults } from './faults.js';

interface Change {
  readonly file: string;
  readonly find: string;
}
interface Fault extends Change {
  readonly name: string;
  readonly topics: readonly string[];
  readonly also?: Change;
}

test.each(faults as Fault[])('the fault "$name" can still be planted', ({ topics: ids, also, ...change }) => {
  for (const { file, find } of also === undefined ? [change] : [change, also]) {
    expect(readFileSync(file, 'utf8').split(find)).toHaveLength(2);
  }
  expect(ids.filter((id) => !topics.some((topic) => topic.id === id))).toEqual([]);
});
