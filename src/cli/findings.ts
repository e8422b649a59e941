import type { Finding } from '../advice/finding.ts';
import type { Region } from '../advice/document.ts';
import { severities } from '../advice/checks.ts';
import { dim, plural } from './output.ts';

const WIDTH = 100;

/** `2 errors, 1 warning`; `nothing` when there is nothing. */
export function countFindings(findings: readonly Finding[]): string {
  const counts = severities.flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    if (count === 0) return [];
    return [severity === 'info' ? plural(count, 'remark') : plural(count, severity)];
  });
  return counts.length === 0 ? 'nothing' : counts.join(', ');
}

/**
 * Findings for people: what is about one queue stands together.
 * @param placeOf where in a file it stands; undefined where there is no file
 */
export function describeFindings(
  findings: readonly Finding[],
  placeOf: (finding: Finding) => Region | undefined,
): string {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = subjectOf(finding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups]
    .map(([subject, group]) => [subject, ...group.map((one) => describe(one, placeOf(one)))].join('\n'))
    .join('\n\n');
}

function subjectOf({ kind, name, vhost }: Finding): string {
  if (kind === 'definitions') return name;
  return vhost === undefined ? `${kind} '${name}'` : `${kind} '${name}' in vhost '${vhost}'`;
}

function describe({ severity, check, message, fix }: Finding, place: Region | undefined): string {
  const where = place === undefined ? '' : dim(`  line ${place.startLine}`);
  return [
    `  ${severity.padEnd(8)} ${check}${where}`,
    ...wrap(message, WIDTH - 11).map((line) => `           ${line}`),
    ...wrap(`Fix: ${fix}`, WIDTH - 11).map((line) => `           ${line}`),
  ].join('\n');
}

/** Cuts a text into lines of at most so many characters, longer words excepted. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
