// Writes docs/rules.md and the checks in docs/lint.md, and from the JSON reports it is given docs/conformance.md and the table of the README. Run in the
// root of the project, after a build: `node .ci/document.js [report.json ...]`.
import { readFile, writeFile } from 'node:fs/promises';
import { checks } from '../dist/src/advice/checks.js';
import { conformanceDocument, rulesDocument, runTable } from '../dist/spec/support/document.js';

await writeFile('docs/rules.md', rulesDocument());
await writeFile('docs/lint.md', between(await readFile('docs/lint.md', 'utf8'), 'checks', checkList()));
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

/** What `leveret lint` looks for, check by check. */
function checkList() {
  return Object.entries(checks)
    .map(([id, { severity, title, effect, fix, rules }]) => {
      const follows = rules.length === 0 ? '' : ` Rules: ${rules.join(', ')}.`;
      return `### ${id}\n\n_${severity}_: ${title}\n\n${effect}\n\nFix: ${fix}${follows}`;
    })
    .join('\n\n');
}
