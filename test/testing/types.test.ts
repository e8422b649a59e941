import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const TSC = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');

const OPTIONS = {
  target: 'es2023',
  lib: ['es2023'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
};

/**
 * Checks a program in a project that has installed Leveret and these packages, and nothing else. Leveret is copied: from
 * where it is, it would find everything.
 * @returns what the compiler says
 */
async function check(program: string, packages: readonly string[]): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'leveret-types-'));
  onTestFinished(() => rm(project, { recursive: true }));
  const modules = join(project, 'node_modules');
  const ours = join(modules, 'leveret');
  const filter = (path: string): boolean => !path.endsWith('.js') && !path.endsWith('.map');
  await cp(join(ROOT, 'dist', 'src'), join(ours, 'dist', 'src'), { recursive: true, filter });
  const manifest = await readFile(join(ROOT, 'package.json'), 'utf8');
  await writeFile(join(ours, 'package.json'), manifest);
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  for (const name of [...Object.keys(dependencies), '@types/node', ...packages]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS }));
  await writeFile(join(project, 'program.ts'), program);
  const { stdout } = await promisify(execFile)(process.execPath, [TSC, '-p', project]).catch(
    (error: unknown) => error as { stdout: string },
  );
  return stdout;
}

const PROGRAM = `
  import { assertThat, testBroker } from 'leveret/testing';
  const broker = await testBroker({ beforeEach: (task) => void task, port: false, clock: 'manual' });
  const { content, deaths } = broker.queue('q').messages()[0]!;
  const reasons: string[] = deaths.map(({ reason }) => reason);
  assertThat(broker.queue('q')).not.toHaveMessages([content, reasons]);
  assertThat(broker.vhost()).not.toHaveDeadLettered({ queue: 'q' });
  const bytes: Buffer = await broker.snapshot();
  await broker.queue('q').until({ ready: bytes.length }, { timeout: 1 });
`;

const EXPECTATIONS = `
  await expect(Promise.resolve(broker.queue('q'))).resolves.toBeEmpty();
  expect(broker.queue('q')).toBeEmpty();
  expect(broker.queue('q')).not.toHaveMessages(3);
  expect(broker.queue('q')).toHaveMessages(['a', { id: 1 }]);
  expect(broker.queue('q')).toHaveDeadLettered({ to: 'dead', reason: 'expired', count: 1 });
  expect(broker).toHaveDeadLettered({ queue: 'q', reason: 'expired', count: 1 });
  expect(broker.queue('q')).toBeDelayedUntil('30m');
`;

const MISTAKE = `
  expect(broker.queue('q')).toHaveMessages('a');
  expect(broker.queue('q')).toHaveDeadLettered({ reasn: 'expired' });
`;

test('a project with neither vitest nor jest has the types of everything else', async () => {
  expect(await check(PROGRAM, [])).toBe('');
  expect(await check(`${PROGRAM} await broker.queue('q').until({ redy: 1 });`, [])).toContain("'redy'");
}, 60_000);

test.each([
  ['vitest', `import { expect } from 'vitest'; import 'leveret/testing/vitest';`, ['vitest']],
  [
    'jest',
    `import { expect } from '@jest/globals'; import 'leveret/testing/jest';`,
    ['@jest/globals', 'expect'],
  ],
])(
  'a project with %s alone has those of the matchers, too',
  async (_name, imports, packages) => {
    expect(await check(imports + PROGRAM + EXPECTATIONS, packages)).toBe('');
    const mistakes = await check(imports + PROGRAM + MISTAKE, packages);
    expect(mistakes.match(/error TS/g)).toHaveLength(2);
  },
  60_000,
);
