import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { flagOf, optionRows } from '../../src/app/options.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The programs in a section of the README, as they are printed. */
async function programsOf(section: string): Promise<string[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const text = readme.split('\n## ').find((one) => one.startsWith(section)) ?? '';
  return [...text.matchAll(/```js\n(.*?)```/gs)].map(([, program = '']) => program);
}

/** Runs it from a folder in the clone, where the names of packages lead to the same ones. */
async function run(program: string, name: string, ...flags: string[]): Promise<string> {
  const folder = await mkdtemp(join(ROOT, 'test', 'readme-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), program);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, name], {
    cwd: folder,
    timeout: 20_000,
    env: { PATH: process.env['PATH'] },
  });
  return stdout;
}

test('the test in the README passes as it is printed', async () => {
  const [program = ''] = await programsOf('A test');
  const output = await run(program, 'retry.test.mjs', '--test');
  expect(output).toMatch(/^# pass 1$/m);
  expect(output).toMatch(/^# fail 0$/m);
});

test('the README lists the options, with their defaults', async () => {
  const readme = (await readFile(join(ROOT, 'README.md'), 'utf8')).replace(/ +/g, ' ');
  for (const row of optionRows) {
    const flag = row.value === undefined ? flagOf(row) : `${flagOf(row)} ${row.value.replace('|', '\\|')}`;
    const usual = row.value === undefined || row.fallback === undefined ? '' : `\`${row.fallback}\` `;
    expect(readme).toContain(`| \`${flag}\` | ${usual}| ${row.help} |`);
  }
});

test('the broker in the README starts and stops as it is printed', async () => {
  const [program = ''] = await programsOf('In your own process');
  expect(await run(program, 'shop.mjs')).toMatch(/^amqp:\/\/guest:guest@127\.0\.0\.1:\d+\n$/);
});
