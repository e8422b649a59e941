import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const docs = readdirSync(join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs];

/** The page without its programs and what they print. */
function proseOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```/gms, '');
}

/** Where its links lead that do not leave the project, as `[file, heading]`. */
function linksOf(page: string): [string, string | undefined][] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^\w+:/.test(target))
    .map((target) => {
      const [file = '', heading] = target.split('#');
      return [file === '' ? page : join(dirname(page), file), heading];
    });
}

/** Its headings as links name them. */
function headingsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/\]\([^)]*\)/g, '')
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('the links in %s lead somewhere', (page) => {
  const dead = linksOf(page).filter(([file, heading]) => {
    if (!existsSync(join(ROOT, file))) return true;
    return heading !== undefined && !headingsOf(file).includes(heading);
  });
  expect(dead).toEqual([]);
});

test.each(docs)('%s is found from the README', (page) => {
  expect(linksOf('README.md').map(([file]) => file)).toContain(page);
});
