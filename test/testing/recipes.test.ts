import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const JEST = require.resolve('jest/bin/jest');
const run = promisify(execFile);

/** Packages a reader of the page would have installed. */
const PACKAGES = [
  '@golevelup/nestjs-rabbitmq',
  '@jest/globals',
  '@nestjs/common',
  '@nestjs/core',
  'amqp-connection-manager',
  'amqplib',
  'jest',
  'reflect-metadata',
  'rxjs',
  'vitest',
];

let project: string;

/** A project with the files of the page, as they are printed, and Leveret as it was built. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'leveret-recipes-'));
  const page = await readFile(join(ROOT, 'docs', 'testing.md'), 'utf8');
  for (const [, program = '', name = ''] of page.matchAll(/```\w+\n((?:\/\/|#) (\S+\.\w+)\n.*?)```/gs)) {
    await writeFile(join(project, name), program);
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(project, 'tsconfig.json'),
    '{ "compilerOptions": { "experimentalDecorators": true } }',
  );
  const modules = join(project, 'node_modules');
  for (const name of PACKAGES) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  await symlink(ROOT, join(modules, 'leveret'));
  await mkdir(join(modules, '.bin'));
  await symlink(join(ROOT, 'bin', 'leveret.js'), join(modules, '.bin', 'leveret'));
});

afterAll(async () => {
  await rm(project, { recursive: true });
});

/** Runs a program in the project, and returns all it printed. */
async function output(program: string, ...args: string[]): Promise<string> {
  const path = `${join(project, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const env = { PATH: path, HOME: project, NO_COLOR: '1' };
  const { stdout, stderr } = await run(program, args, { cwd: project, env, timeout: 60_000 }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  return stdout + stderr;
}

test.each(['retry.test.js', 'reconnect.test.js', 'orders.nest.test.ts'])(
  '%s passes under vitest',
  async (name) => {
    const text = await output(process.execPath, 'node_modules/vitest/vitest.mjs', 'run', name);
    expect(text).toMatch(/Tests +1 passed \(1\)/);
    expect(text).not.toContain('rror');
  },
  90_000,
);

test('retry-jest.test.js passes under jest', async () => {
  const flags = ['--experimental-vm-modules', JEST, '--testMatch', '**/retry-jest.test.js'];
  const text = await output(process.execPath, ...flags);
  expect(text).toMatch(/Tests: +1 passed, 1 total/);
  expect(text).not.toContain('did not exit');
}, 90_000);

test('retry-node.test.js passes under node:test', async () => {
  const text = await output(process.execPath, '--test', '--test-reporter=tap', 'retry-node.test.js');
  expect(text).toMatch(/^# pass 1$/m);
  expect(text).toMatch(/^# fail 0$/m);
}, 90_000);

test('test_retry.py passes with nothing but Python', async ({ skip }) => {
  const version = await run('python3', ['--version']).catch(() => undefined);
  skip(version === undefined, 'there is no python3 here');
  expect(await output('python3', 'test_retry.py')).toMatch(/^Ran 1 test in .*\n\nOK$/m);
}, 90_000);
