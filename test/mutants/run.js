/**
 * Plants every fault of `faults.js`, one at a time, in a copy of the project, and looks whether the conformance suite or the
 * unit tests notice. Ends with 1 when one goes unnoticed. `node test/mutants/run.js [text in the name]`
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faults } from './faults.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  '.ci/bundle.js',
  'bin',
  'src',
  'spec',
  'test',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'vitest.config.ts',
];
/** A broker with a fault may hang; a run that takes longer has noticed it, in milliseconds. */
const PATIENCE_MS = 180_000;

const [wanted = ''] = process.argv.slice(2);
const chosen = faults.filter(({ name }) => name.includes(wanted));
const copy = await mkdtemp(join(tmpdir(), 'leveret-mutants-'));
let missed = 0;
try {
  for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const tests = [...new Set(chosen.flatMap((fault) => fault.tests ?? []))];
  const isSound = (await build()) && (tests.length === 0 || (await unitTests(tests)) === undefined);
  if (!isSound) throw new Error('the copy fails without any fault');
  for (const fault of chosen) {
    const noticedBy = await tryFault(fault);
    if (noticedBy === undefined) missed++;
    console.log(
      `${noticedBy === undefined ? 'MISSED ' : 'noticed'}  ${fault.name}${noticedBy === undefined ? '' : `: ${noticedBy}`}`,
    );
  }
} finally {
  await rm(copy, { recursive: true });
}
console.log(`${chosen.length - missed} of ${chosen.length} faults noticed`);
process.exitCode = missed === 0 ? 0 : 1;

/** Who noticed it first: its topics, the whole suite, its unit tests. */
async function tryFault(fault) {
  const restore = [
    await plant(fault),
    ...(fault.also === undefined ? [] : [await plant(fault.also)]),
  ].reverse();
  try {
    await build();
    const topics = fault.topics.flatMap((topic) => ['--topic', topic]);
    return (
      (topics.length > 0 && (await conformance(topics))) ||
      (fault.tests !== undefined && (await unitTests(fault.tests))) ||
      (await conformance([])) ||
      undefined
    );
  } finally {
    for (const undo of restore) await undo();
  }
}

/** Changes a file; returns how to undo it. */
async function plant({ file, find, put }) {
  const path = join(copy, file);
  const text = await readFile(path, 'utf8');
  if (text.split(find).length !== 2) throw new Error(`this stands not exactly once in ${file}: ${find}`);
  await writeFile(
    path,
    text.replace(find, () => put),
  );
  return () => writeFile(path, text);
}

/** What it writes is run even when a fault does not please the type checker. */
async function build() {
  const compiled = await run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck']);
  return compiled.code === 0 && (await run(['.ci/bundle.js'])).code === 0;
}

/** The first case that failed. */
async function conformance(topics) {
  const { code, output } = await run(['bin/leveret.js', 'conformance', '--bail', ...topics]);
  if (code === 0) return undefined;
  return (
    /^FAILED (.*)$/m.exec(output)?.[1] ?? `the suite ended with ${code}: ${output.trim().split('\n').at(-1)}`
  );
}

/** The first unit test that failed. */
async function unitTests(tests) {
  const { code, output } = await run([
    'node_modules/vitest/vitest.mjs',
    'run',
    '--bail',
    '1',
    '--reporter',
    'dot',
    ...tests,
  ]);
  if (code === 0) return undefined;
  return /FAIL\s+(.*)/.exec(output)?.[1] ?? `the unit tests ended with ${code}`;
}

function run(args) {
  return new Promise((resolve) => {
    const options = {
      cwd: copy,
      timeout: PATIENCE_MS,
      maxBuffer: 2 ** 28,
      env: { ...process.env, NO_COLOR: '1' },
    };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), output: stdout + stderr });
    });
  });
}
