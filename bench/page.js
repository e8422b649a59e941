import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chartsOf } from './charts.js';
import { markdownReport } from './report.js';

/** @typedef {import('./brokers.js').Broker} Broker */
/** @typedef {import('./run.js').Result} Result */

/** What stands between them in a page is written anew; the rest of it stays. */
const [BEGIN, END] = ['<!-- measured -->\n', '<!-- /measured -->\n'];
const IMAGES = 'images';

/**
 * Fails when the page could not be written, which should be known before minutes are spent on what goes into it.
 * @param {string} file
 */
export async function assertWritable(file) {
  await appendFile(file, '');
}

/**
 * Writes the measured part of a page, and its charts to a directory beside it.
 * @param {string} file
 * @param {Result[]} results
 * @param {Broker[]} brokers
 * @param {string[]} args the command's arguments
 */
export async function writePage(file, results, brokers, args) {
  const charts = chartsOf(results);
  if (charts.length > 0) await mkdir(join(dirname(file), IMAGES), { recursive: true });
  for (const { file: name, svg } of charts) await writeFile(join(dirname(file), IMAGES, name), svg);
  const images = charts.map(({ file: name, title }) => `![${title}](${IMAGES}/${name})\n`).join('\n');
  const page = await readFile(file, 'utf8');
  await writeFile(file, withMeasured(page, markdownReport(results, brokers, args, images)));
}

/**
 * @param {string} page
 * @param {string} measured with its last line ended
 */
export function withMeasured(page, measured) {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  const before = from < 0 ? `${page || '# Performance\n'}\n` : page.slice(0, from);
  const after = from < 0 || to < from ? '' : page.slice(to + END.length);
  return `${before}${BEGIN}\n${measured}\n${END}${after}`;
}
