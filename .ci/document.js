// Writes docs/rules.md, the checks in docs/lint.md, the kinds in docs/faults.md and the options in the README, and from
// the JSON reports it is given docs/conformance.md and the counts in the README. Run in the root of the project, after a
// build: `node .ci/document.js [report.json ...]`, and format the README then.
import { readFile, writeFile } from 'node:fs/promises';
import { checks } from '../dist/src/advice/checks.js';
import { flagOf, optionRows } from '../dist/src/app/options.js';
import { commonFields, faultKinds } from '../dist/src/server/fault-kinds.js';
import { conformanceDocument, rulesDocument, runTable } from '../dist/spec/support/document.js';

await writeFile('docs/rules.md', rulesDocument());
await writeFile('docs/lint.md', between(await readFile('docs/lint.md', 'utf8'), 'checks', checkList()));
await writeFile('docs/faults.md', faults(await readFile('docs/faults.md', 'utf8')));
await writeFile('README.md', between(await readFile('README.md', 'utf8'), 'options', optionTable()));
const files = process.argv.slice(2);
if (files.length > 0) {
  const reports = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8'))));
  await writeFile('docs/conformance.md', conformanceDocument(reports));
  await writeFile(
    'README.md',
    between(await readFile('README.md', 'utf8'), 'conformance', runTable(reports)),
  );
}

/** The text with something else between `<!-- name -->` and `<!-- /name -->`. */
function between(text, name, inner) {
  const marks = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  if (start === -1 || end < start) throw new Error(`there is no ${marks.join(' ... ')}`);
  return `${text.slice(0, start)}${marks[0]}\n\n${inner}\n\n${text.slice(end)}`;
}

/** Every option of `leveret serve`. */
function optionTable() {
  const rows = optionRows.map((row) => {
    const { value, fallback, help } = row;
    const flag = value === undefined ? flagOf(row) : `${flagOf(row)} ${value.replace('|', '\\|')}`;
    return `| \`${flag}\` | ${value === undefined || fallback === undefined ? '' : `\`${fallback}\``} | ${help} |`;
  });
  return ['| flag | default | |', '| --- | --- | --- |', ...rows].join('\n');
}

/** What `leveret lint` looks for, check by check. */
function checkList() {
  return Object.entries(checks)
    .map(([id, { severity, title, effect, fix, rules }]) => {
      const follows = rules.length === 0 ? '' : ` Rules: ${rules.join(', ')}.`;
      return `### ${id}\n\n_${severity}_: ${title}\n\n${effect}\n\nFix: ${fix}${follows}`;
    })
    .join('\n\n');
}

/** Every kind of fault, and what can be said of all of them. */
function faults(page) {
  const kinds = Object.entries(faultKinds).map(
    ([kind, { help, fields }]) => `### ${kind}\n\n${sentence(help)}\n\n${optionList(fields)}`,
  );
  return between(between(page, 'common', optionList(commonFields)), 'kinds', kinds.join('\n\n'));
}

/** Those by which a fault is narrowed down are named only. */
function optionList(fields) {
  const all = Object.entries(fields);
  const [filters, options] = [true, false].map((is) =>
    all.filter(([, { takes }]) => takes.startsWith('a name') === is),
  );
  const lines = options.map(([name, { help, names, fallback }]) => {
    const usual = fallback === undefined || fallback === false ? '' : `; \`${fallback}\` if not said`;
    return `- \`${name}\`: ${help}${usual}${names === undefined ? '' : `. ${choice(names)}`}`;
  });
  if (filters.length > 0)
    lines.push(`- narrowed down by ${filters.map(([name]) => `\`${name}\``).join(', ')}`);
  return lines.join('\n');
}

/** Methods are too many to be named. */
function choice(names) {
  const shown = names.filter((name) => !name.includes('.') || names.length < 4).map((name) => `\`${name}\``);
  const isAny = names.some((name) => name.startsWith('connection.'));
  const methods = isAny
    ? ['any method of a client']
    : ['any method of a channel but those that open and close it'];
  return [...shown, ...(shown.length < names.length ? methods : [])].join(', ');
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
