import { expect, test } from 'vitest';
import { cases, formats, summary, topics } from '../../spec/index.ts';
import type { CaseReport, Report } from '../../spec/index.ts';

const names = cases.filter(({ topic }) => topic === 'cycles').slice(0, 3);
const title = topics.find(({ id }) => id === 'cycles')?.title;
const outcomes: Partial<CaseReport>[] = [
  { outcome: 'passed' },
  { outcome: 'failed', reason: 'expected <1> & got\n"2"' },
  { outcome: 'skipped', reason: 'needs streams' },
];
const report: Report = {
  broker: 'RabbitMQ 4.3.6',
  product: 'RabbitMQ',
  version: '4.3.6',
  platform: 'Erlang/OTP 27',
  seconds: 1.5,
  counts: { passed: 1, failed: 1, skipped: 1 },
  cases: names.map(
    ({ topic, name, rules }, at) => ({ topic, name, rules, ms: 5, ...outcomes[at] }) as CaseReport,
  ),
};

function written(ending: string): string {
  return formats[ending]?.(report) ?? '';
}

test('the summary counts each topic that was tried and says why cases were skipped', () => {
  const text = summary(report);
  expect(text).toMatch(new RegExp(`^  ${title} +1, 1 failed, 1 skipped$`, 'm'));
  expect(text).toContain('1  needs streams');
  expect(text).toContain('RabbitMQ 4.3.6: 1 passed, 1 failed, 1 skipped in 1.5 s');
});

test('the Markdown report has a row for the topic, the failure and the reason to skip', () => {
  const text = written('.md');
  expect(text).toContain(`| ${title} | 1, 1 failed, 1 skipped |`);
  expect(text).toContain(`- ${names[1]?.name} (${names[1]?.rules.join(', ')}): expected <1> & got`);
  expect(text).toContain('- needs streams: 1 cases');
});

test('the JSON report is the report', () => {
  expect(JSON.parse(written('.json'))).toEqual(report);
});

test('the JUnit report is well-formed, with one test case for each case', () => {
  const text = written('.xml');
  expect(text).toContain('<testsuite name="cycles" tests="3" failures="1" skipped="1">');
  expect(text.match(/<testcase /g)).toHaveLength(3);
  expect(text).toContain(
    '<failure message="expected &lt;1&gt; &amp; got">expected &lt;1&gt; &amp; got\n&quot;2&quot;</failure>',
  );
  expect(text).toContain('<skipped message="needs streams"/>');
});
