import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';
import { objects, run } from './support.ts';
import type { Outcome } from './support.ts';

afterEach(() => vi.unstubAllEnvs());

const config = (...args: string[]): Promise<Outcome> => run('amqp://nowhere.invalid', ['config', ...args]);

const file = async (content: string): Promise<string> => {
  const path = join(await temporaryDirectory(), 'leveret.json');
  await writeFile(path, content);
  return path;
};

test('each value is printed with where it is from: default, file with its line, environment, flag', async () => {
  const path = await file('{\n  "port": 5673,\n  "maxQueues": 10,\n  "management": false\n}');
  vi.stubEnv('LEVERET_HOST', '0.0.0.0');
  vi.stubEnv('LEVERET_MAX_QUEUES', '20');
  const { stdout } = await config('print', '--config', path, '--memory', '--json');
  const origins = new Map(objects(stdout).map(({ option, value, origin }) => [option, [value, origin]]));
  expect(origins.get('port')).toEqual([5673, `${path}:2`]);
  expect(origins.get('maxQueues')).toEqual([20, 'LEVERET_MAX_QUEUES']);
  expect(origins.get('host')).toEqual(['0.0.0.0', 'LEVERET_HOST']);
  expect(origins.get('memory')).toEqual([true, '--memory']);
  expect(origins.get('management')).toEqual([false, `${path}:4`]);
  expect(origins.get('maxConnections')).toEqual(['off', 'default']);
  expect(origins.get('tlsPort')).toEqual([null, 'not set']);
  const table = await config('print', '--management', '--port', '1');
  expect(table.stdout).toMatch(/^option +value +origin\nhost +0\.0\.0\.0 +LEVERET_HOST\nport +1 +--port\n/);
  expect(table.stdout).toMatch(/^management +true +--management$/m);
});

test('all mistakes of a file are told with their lines, and what was probably meant', async () => {
  const path = await file('{\n  "logLevel": "loud",\n  "prot": 1,\n  "memory": true, "data": "d"\n}');
  expect(await config('check', path)).toEqual({
    code: 11,
    stdout: [
      `${path}:2: "logLevel" is one of debug, info, warn, error, silent, got "loud"`,
      `${path}:3: "prot" is not an option; did you mean "port"?`,
      `${path}:4: "memory" and "data" exclude each other`,
      '',
    ].join('\n'),
    stderr: `leveret: ${path} has 3 mistakes\n`,
  });
  const print = await config('print', '--config', path);
  expect([print.code, print.stderr]).toEqual([
    2,
    `leveret: ${path}:2: "logLevel" is one of debug, info, warn, error, silent, got "loud"\n`,
  ]);
});

test('variables that are none of ours and those with a wrong value are told', async () => {
  vi.stubEnv('LEVERET_MAX_QUEUE', '3');
  vi.stubEnv('LEVERET_PORT', 'x');
  const { code, stdout } = await config('check', '--json');
  const messages = objects(stdout).map(({ message }) => message);
  expect(messages).toContain(
    'LEVERET_MAX_QUEUE is not a variable of an option; did you mean "LEVERET_MAX_QUEUES"?',
  );
  expect(messages).toContain('LEVERET_PORT is a whole number from 0 to 65535, got "x"');
  expect(code).toBe(11);
});

test('nothing wrong is 0, and a file that is no JSON 2 with the line', async () => {
  const path = await file('{ "port": 5673 }');
  expect(await config('check', path)).toEqual({
    code: 0,
    stdout: '',
    stderr: `nothing is wrong with ${path}\n`,
  });
  const wrong = await file('{\n  "port": 5673,\n}');
  const { code, stderr } = await config('check', wrong);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/is not JSON: .* in line 3, column 1/)]);
  expect((await config('check', '/nowhere/leveret.json')).stderr).toContain('cannot read the configuration');
});

test('the environment can turn the management API off', async () => {
  vi.stubEnv('LEVERET_MANAGEMENT', 'false');
  const broker = await spawnBroker('--memory', '--port', '0');
  expect(broker.http).toBe('');
  expect(await broker.kill('SIGTERM')).toBe(0);
});
