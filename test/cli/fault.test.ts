import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';
import { run } from './support.ts';
import type { Outcome } from './support.ts';

let broker: RunningBroker;

beforeAll(async () => {
  broker = await startTestBroker({ management: true, faults: 'allow' });
});

afterAll(() => broker.stop());

const fault = (...args: string[]): Promise<Outcome> =>
  run('amqp://nowhere.invalid', ['fault', ...args, '--url', broker.managementUrl ?? '']);

test('a fault is asked for, listed and removed', async () => {
  const { id, ...asked } = JSON.parse(
    (await fault('add', 'nack-confirm', '--routing-key', 'a.*', '--times', '3', '--stored', '--json')).stdout,
  ) as { id: number };
  expect(asked).toMatchObject({ kind: 'nack-confirm', routingKey: 'a.*', times: 3, stored: true, count: 0 });
  expect(await fault('list')).toEqual({
    code: 0,
    stdout: `${id}  nack-confirm times=3 stored=true routingKey=a.*  happened 0 times\n`,
    stderr: '',
  });
  expect(await fault('clear', String(id))).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await fault('list')).toEqual({ code: 0, stdout: '', stderr: 'no faults\n' });
  expect(broker.faults.list()).toEqual([]);
});

test('all are removed at once, and chance is told where to begin', async () => {
  await fault('add', 'lose-ack');
  await fault('add', 'drop-connection', '--on', 'basic.publish', '--exchange', 'x');
  expect(broker.faults.list().length).toBe(2);
  expect((await fault('seed', '7')).code).toBe(0);
  expect((await fault('clear')).code).toBe(0);
  expect(broker.faults.list()).toEqual([]);
});

describe('a mistake ends with one line', () => {
  test.each([
    [
      ['add', 'lose-ack', '--times', '0'],
      2,
      '"times" of lose-ack is a whole number of 1 or more, or always, got "0"',
    ],
    [['add', 'close-channel', '--on', 'basic.get', '--exchange', 'x'], 2, 'what is known is queue'],
    [
      ['add', 'loose-ack'],
      2,
      "unknown command 'loose-ack' (Did you mean lose-ack?); see leveret fault add --help",
    ],
    [['add', 'crash'], 6, 'crash needs a data directory'],
    [['clear', '4711'], 5, 'Not Found'],
    [['seed', 'x'], 2, "a seed is a whole number, not 'x'"],
  ])('%j: %i', async (args, code, text) => {
    const outcome = await fault(...args);
    expect(outcome.stderr).toContain(text);
    expect([outcome.code, outcome.stderr.trimEnd().split('\n').length]).toEqual([code, 1]);
  });
});

test('a broker that runs as a process ends as if it were killed', async () => {
  const data = await temporaryDirectory();
  const victim = await spawnBroker('--data', data, '--port', '0', '--faults', 'allow');
  const url = victim.http;
  await run('amqp://nowhere.invalid', ['fault', 'add', 'crash', '--url', url]);
  const outcome = await run(victim.url, ['declare', 'queue', 'q']);
  expect(outcome.code).not.toBe(0);
  expect(await victim.ended).toBe('SIGKILL');
  const heir = await startTestBroker({ data });
  await heir.stop();
});
