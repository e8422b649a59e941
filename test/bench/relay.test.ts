import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const GENERATOR = fileURLToPath(new URL('../../bench/generator.js', import.meta.url));

test.each(['relay', 'null'])('the load generator gets every message through the %s', async (kind) => {
  const child = fork(GENERATOR);
  const settings = { messages: 500, size: 64, durable: true, ackEvery: 1 };
  child.send({ scenario: 'durable', settings, wanted: { kind } });
  const outcome = await new Promise((resolve) => void child.once('message', resolve));
  await new Promise((resolve) => void child.once('exit', resolve));
  expect(outcome).toMatchObject({ figures: { rate: expect.any(Number) as number } });
  expect(outcome).not.toHaveProperty('error');
});
