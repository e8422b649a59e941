import { rules, rulesByTopic } from '../rules.ts';
import { cases, topics } from '../topics.ts';
import { topicTable } from './report-formats.ts';
import { skipsByReason } from './report.ts';
import type { Catalogue, Rule } from './catalogue.ts';
import type { Report } from './report.ts';

/** `docs/rules.md`: every rule in words, and the cases that prove it. */
export function rulesDocument(): string {
  const chapters = topics.flatMap(({ id, title }) => {
    const own = (rulesByTopic as Readonly<Record<string, Catalogue>>)[id];
    return own === undefined ? [] : [[`## ${title}`, ...Object.entries(own).map(entry)].join('\n\n')];
  });
  return [
    '# The rules',
    `What RabbitMQ does as its AMQP 0-9-1 clients see it, in ${Object.keys(rules).length} rules, each followed by the names of the cases that ` +
      'prove it on a broker. `leveret conformance --rule XD-03` tries those of one rule, `--rule XD` those of its family.',
    ...chapters,
    '',
  ].join('\n\n');
}

function entry([id, { says, unproven }]: readonly [string, Rule]): string {
  const proof = cases.filter((one) => (one.rules as readonly string[]).includes(id));
  const names = proof.map(({ name }) => `- ${name}`).join('\n');
  const reason = unproven === undefined ? [] : [`_No case: ${unproven}_`];
  return [`**${id}** ${says}`, ...reason, ...(names === '' ? [] : [names])].join('\n\n');
}

/** `docs/conformance.md`: what the suite found on each broker. */
export function conformanceDocument(reports: readonly Report[]): string {
  return [
    '# Conformance',
    `\`spec/\` is a suite of ${cases.length} cases in ${topics.length} topics that knows only the protocol and runs against ` +
      'any AMQP 0-9-1 broker. What it expects was first seen on RabbitMQ. [rules.md](rules.md) has the rules in words, each ' +
      'with the names of its cases.',
    [
      '```console',
      '$ npm run spec                                     # judge this broker',
      '$ npx leveret conformance --url amqp://localhost   # judge any other',
      '$ npm run spec:rabbitmq                            # judge RabbitMQ 3.10 and 4.3, and write this page anew',
      '```',
    ].join('\n'),
    '## Brokers',
    runTable(reports),
    '## Topics',
    topicTable(reports),
    '## Skipped',
    'A case is skipped when the broker lacks a feature, or acts as a version of which the rule does not speak.',
    ...reports.map(skipped),
    '',
  ].join('\n\n');
}

/** One row per broker: how many cases passed, failed and were skipped. */
export function runTable(reports: readonly Report[]): string {
  const rows = reports.map(({ broker, counts, seconds }) =>
    [broker, counts.passed, counts.failed, counts.skipped, `${Math.round(seconds)} s`].join(' | '),
  );
  const head = ['Broker', 'passed', 'failed', 'skipped', 'time'].join(' | ');
  return [head, '--- | ---: | ---: | ---: | ---:', ...rows].map((row) => `| ${row} |`).join('\n');
}

function skipped({ broker, cases: of }: Report): string {
  const lines = [...skipsByReason(of)].map(([reason, own]) => {
    const names = own.map(({ name }) => `<li>${html(name)}</li>`).join('\n');
    return `<details><summary>${html(reason)}: ${own.length}</summary>\n<ul>\n${names}\n</ul>\n</details>`;
  });
  return [`### ${broker}`, lines.length > 0 ? lines.join('\n') : 'None.'].join('\n\n');
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
