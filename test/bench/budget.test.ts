import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
// @ts-expect-error it is plain JavaScript, to run without a build
import { judge } from '../../bench/budget-verdict.js';

const PROGRAM = fileURLToPath(new URL('../../bench/budget.js', import.meta.url));

test('no path allocates more for a message than it did: npm run budget shows all of them', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM]).catch(
    (error: unknown) => error as { stdout: string },
  );
  const lines = stdout.trim().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(11);
  expect(lines.filter((line) => /too many|no budget/.test(line))).toEqual([]);
}, 60_000);

describe('a budget', () => {
  const budgets = { durable: { heap: 640, buffers: 100 } };

  test('is exceeded by what is more than chance', () => {
    const { lines, isExceeded } = judge({ durable: { heap: 812, buffers: 110 } }, budgets);
    expect(isExceeded).toBe(true);
    expect(lines).toEqual([
      'durable: 812 B per message on the heap, budget 640 B: 172 B too many',
      'durable: 110 B per message in buffers, budget 100 B',
    ]);
  });

  test('that is much too large should be recorded anew', () => {
    const { lines, isExceeded } = judge({ durable: { heap: 500, buffers: 100 } }, budgets);
    expect(isExceeded).toBe(false);
    expect(lines[0]).toContain('budget 640 B: 140 B less, worth recording');
  });

  test('that is missing is a mistake', () => {
    const { lines, isExceeded } = judge({ backlog: { heap: 1, buffers: 1, kept: 1 } }, budgets);
    expect(isExceeded).toBe(true);
    expect(lines[2]).toBe(
      'backlog: 1 B per message kept while it waits, no budget: record it with npm run budget -- --record',
    );
  });
});
