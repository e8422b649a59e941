import { topics } from '../topics.ts';
import { count, skipsByReason } from './report.ts';
import type { CaseReport, Report } from './report.ts';

/** The ways a report can be written, by the ending of the file. */
export const formats: Readonly<Record<string, (report: Report) => string>> = {
  '.md': markdown,
  '.json': (report) => `${JSON.stringify(report, null, 2)}\n`,
  '.xml': junit,
};

/** What a terminal shows at the end of a run. */
export function summary({ broker, seconds, counts, cases }: Report): string {
  const width = Math.max(...topics.map(({ title }) => title.length));
  const lines = topics.flatMap(({ id, title }) => {
    const own = cases.filter(({ topic }) => topic === id);
    return own.length === 0 ? [] : [`  ${title.padEnd(width)}  ${outcomes(own)}`];
  });
  const skips = [...skipsByReason(cases)].map(
    ([reason, of]) => `  ${String(of.length).padStart(4)}  ${reason}`,
  );
  return [
    ...lines,
    ...(skips.length > 0 ? ['skipped:', ...skips] : []),
    `${broker}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  ].join('\n');
}

/** Counts per topic, what failed, what was skipped and why. */
function markdown(report: Report): string {
  const { broker, seconds, cases, counts } = report;
  const failed = cases.filter(({ outcome }) => outcome === 'failed');
  const failures = failed.map(
    ({ name, rules, reason }) => `- ${name} (${rules.join(', ')}): ${firstLine(reason)}`,
  );
  const skips = [...skipsByReason(cases)].map(([reason, of]) => `- ${reason}: ${of.length} cases`);
  return [
    `# ${broker}`,
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s.`,
    topicTable([report]),
    ...(failures.length > 0 ? ['## Failed', failures.join('\n')] : []),
    ...(skips.length > 0 ? ['## Skipped', skips.join('\n')] : []),
    '',
  ].join('\n\n');
}

/** One row per topic; for each report how many cases passed, and what else became of them. */
export function topicTable(reports: readonly Report[]): string {
  const of = (report: Report, id: string): CaseReport[] => report.cases.filter(({ topic }) => topic === id);
  const rows = topics
    .filter(({ id }) => reports.some((report) => of(report, id).length > 0))
    .map(({ id, title }) => [title, ...reports.map((report) => outcomes(of(report, id)))]);
  const total = ['**All**', ...reports.map(({ cases }) => `**${outcomes(cases)}**`)];
  const head = ['Topic', ...reports.map(({ broker }) => broker)];
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows, total].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `12`, or `12, 1 failed, 3 skipped`. */
function outcomes(cases: readonly CaseReport[]): string {
  const { passed, failed, skipped } = count(cases);
  const rest = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''];
  return [String(passed), ...rest.filter((text) => text !== '')].join(', ');
}

/** As test runners write it and continuous integration reads it. */
function junit({ broker, seconds, counts, cases }: Report): string {
  const totals = `tests="${cases.length}" failures="${counts.failed}" skipped="${counts.skipped}" time="${seconds}"`;
  const suites = topics.flatMap(({ id }) => {
    const own = cases.filter(({ topic }) => topic === id);
    const { failed, skipped } = count(own);
    const head = `<testsuite name="${id}" tests="${own.length}" failures="${failed}" skipped="${skipped}">`;
    return own.length === 0 ? [] : [`  ${head}`, ...own.map(testcase), '  </testsuite>'];
  });
  const head = `<testsuites name="${xml(broker)}" ${totals}>`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites, '</testsuites>', ''].join('\n');
}

function testcase({ topic, name, outcome, reason = '', ms }: CaseReport): string {
  const inside = {
    passed: '',
    failed: `<failure message="${xml(firstLine(reason))}">${xml(reason)}</failure>`,
    skipped: `<skipped message="${xml(reason)}"/>`,
  }[outcome];
  return `    <testcase classname="${topic}" name="${xml(name)}" time="${ms / 1000}">${inside}</testcase>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for an attribute or an element; what XML cannot hold is left out. */
function xml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what XML 1.0 forbids
  const legal = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
  return legal.replace(/[&<>"]/g, (letter) => entities[letter] ?? letter);
}

function firstLine(text = ''): string {
  return text.split('\n', 1)[0] ?? '';
}
