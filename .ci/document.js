// Writes docs/rules.md, and from the JSON reports it is given docs/conformance.md and the table of the README. Run in the
// root of the project, after a build: `node .ci/document.js [report.json ...]`.
import { readFile, writeFile } from 'node:fs/promises';
import { conformanceDocument, rulesDocument, runTable } from '../dist/spec/support/document.js';

const START = '<!-- conformance -->';
const END = '<!-- /conformance -->';

await writeFile('docs/rules.md', rulesDocument());
const files = process.argv.slice(2);
if (files.length > 0) {
  const reports = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8'))));
  await writeFile('docs/conformance.md', conformanceDocument(reports));
  await writeFile('README.md', withTable(await readFile('README.md', 'utf8'), runTable(reports)));
}

/** The text with this table between its two marks. */
function withTable(text, table) {
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start === -1 || end < start) throw new Error(`README.md has no ${START} ... ${END}`);
  return `${text.slice(0, start)}${START}\n\n${table}\n\n${text.slice(end)}`;
}
