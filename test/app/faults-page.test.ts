import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { faultKindNames } from '../../src/app/fault-options.ts';
import { commonFields, faultKinds } from '../../src/server/fault-kinds.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const page = await readFile(join(ROOT, 'docs/faults.md'), 'utf8');

test('the test in docs/faults.md passes as it is printed', async () => {
  const [, program = ''] = /```js\n(.*?)```/s.exec(page) ?? [];
  const folder = await mkdtemp(join(ROOT, 'test', 'faults-page-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'orders.test.mjs'), program);
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', 'orders.test.mjs'], {
    cwd: folder,
    timeout: 20_000,
    env: { PATH: process.env['PATH'] },
  });
  expect(stdout).toMatch(/^# pass 1$/m);
});

test.each(faultKindNames)('docs/faults.md says of %s what the table says', (kind) => {
  const section = page.split(`\n### ${kind}\n`)[1]?.split('\n### ')[0] ?? '';
  const { help, fields } = faultKinds[kind];
  expect(section.toLowerCase()).toContain(help.toLowerCase());
  for (const [name, field] of Object.entries(fields)) {
    const isFilter = field.takes.startsWith('a name');
    expect(section).toContain(isFilter ? `\`${name}\`` : `- \`${name}\`: ${field.help}`);
  }
});

test('docs/faults.md says what can be said of all of them', () => {
  for (const [name, { help }] of Object.entries(commonFields))
    expect(page).toContain(`- \`${name}\`: ${help}`);
});
