import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cases, rules } from '../../spec/index.ts';
import { conformanceDocument, rulesDocument, runTable } from '../../spec/support/document.ts';
import type { Report } from '../../spec/index.ts';

const report: Report = {
  broker: 'RabbitMQ 4.3.6',
  product: 'RabbitMQ',
  version: '4.3.6',
  platform: 'Erlang/OTP 27',
  seconds: 63.9,
  counts: { passed: 1, failed: 0, skipped: 1 },
  cases: cases.slice(0, 2).map(({ topic, name, rules: of }, at) => ({
    topic,
    name,
    rules: of,
    ms: 1,
    ...(at === 0 ? { outcome: 'passed' } : { outcome: 'skipped', reason: 'needs streams' }),
  })),
};

test('docs/rules.md is what the catalogue and the cases say', async () => {
  expect(await readFile('docs/rules.md', 'utf8')).toBe(rulesDocument());
});

test('the rules are all there, and every case under one of them', () => {
  const text = rulesDocument();
  expect(Object.keys(rules).filter((id) => !text.includes(`**${id}**`))).toEqual([]);
  expect(cases.filter(({ name }) => !text.includes(`- ${name}\n`)).map(({ name }) => name)).toEqual([]);
});

test('a report becomes a page with its counts and what was skipped', () => {
  const text = conformanceDocument([report]);
  expect(text).toContain(runTable([report]));
  expect(text).toContain('| RabbitMQ 4.3.6 | 1 | 0 | 1 | 64 s |');
  expect(text).toContain('<details><summary>needs streams: 1</summary>');
  expect(text).toContain(`<li>${cases[1]?.name}</li>`);
});

test('the README quotes the page', async () => {
  const [page, readme] = [await readFile('docs/conformance.md', 'utf8'), await readFile('README.md', 'utf8')];
  const counts = (text: string): string[] => text.match(/^\| (Leveret|RabbitMQ) \d.*\| +\d+ s \|$/gm) ?? [];
  expect(counts(page)).toHaveLength(3);
  expect(counts(readme).map((row) => row.replace(/ {2,}/g, ' '))).toEqual(counts(page));
});
