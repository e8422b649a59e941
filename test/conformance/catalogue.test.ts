import { expect, test } from 'vitest';
import { cases, rules, topics } from '../../spec/index.ts';
import type { RuleId } from '../../spec/index.ts';

const ids = Object.keys(rules) as RuleId[];
const unproven = new Set(ids.filter((id) => rules[id].unproven !== undefined));
const proven = new Set(cases.flatMap((one) => one.rules));

test('every rule has a case, or a reason why no case can prove it', () => {
  expect(ids.filter((id) => !proven.has(id) && !unproven.has(id))).toEqual([]);
});

test('a rule that has a case gives no reason why it has none', () => {
  expect([...unproven].filter((id) => proven.has(id))).toEqual([]);
});

test('the name of a case says what a broker does, and no other case says the same', () => {
  const names = cases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => /\bshould\b/.test(name) || ids.some((id) => name.includes(id)))).toEqual([]);
});

test('there are hundreds of cases, and none without a rule', () => {
  expect(cases.length).toBeGreaterThan(300);
  expect(cases.filter((one) => one.rules.length === 0)).toEqual([]);
});

test('every topic has its own id and title', () => {
  expect(new Set(topics.map(({ id }) => id)).size).toBe(topics.length);
  expect(new Set(topics.map(({ title }) => title)).size).toBe(topics.length);
});
