import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/store.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/leveret.js', import.meta.url));

/** The files a command line loads, by watching the loader of Node.js; it is ended when it is ready. */
async function filesOf(...args: string[]): Promise<string[]> {
  const list = join(await temporaryDirectory(), 'loaded');
  const hooks = `
    import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(${JSON.stringify(list)}, url + '\\n');
      return next(url, context);
    }`;
  const register = `
    import { register } from 'node:module';
    register(${JSON.stringify(dataUrl(hooks))});
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (text, ...rest) => write(text, () => process.exit(0));`;
  await promisify(execFile)(process.execPath, ['--import', dataUrl(register), PROGRAM, ...args]);
  return (await readFile(list, 'utf8')).split('\n').filter((url) => url.startsWith('file:'));
}

/** The packages among these. */
function packagesIn(files: readonly string[]): string[] {
  return [...new Set(files.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []))];
}

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

test('a broker starts without what it may never need, and from few files', async () => {
  const inMemory = await filesOf('serve', '--memory', '--port', '0');
  expect(packagesIn(inMemory)).toEqual(['commander']);
  expect(inMemory.length).toBeLessThan(50); // of 200 modules
  const data = await temporaryDirectory();
  expect(packagesIn(await filesOf('serve', '--data', data, '--port', '0'))).toEqual(['commander', 'level']);
});

test('a command loads nothing of the others, and the help all of them', async () => {
  expect(packagesIn(await filesOf('publish', '--help'))).not.toContain('@humanwhocodes/momoa');
  const ofAll = packagesIn(await filesOf('--help'));
  expect(ofAll).toEqual(expect.arrayContaining(['@humanwhocodes/momoa', 'amqplib']));
});
