import { once } from 'node:events';
import { expect, test } from 'vitest';
import { pairOfStreams } from '../../src/server/stream-pair.ts';

test('a stream whose other end goes without having read everything comes to its end', async () => {
  const [near, far] = pairOfStreams();
  near.on('data', () => {}).on('end', () => near.end());
  const closed = once(near, 'close');
  while (near.write(Buffer.alloc(16 * 1024)));
  await new Promise((resolve) => setImmediate(resolve));
  far.destroy();
  await closed;
  expect(near.writableFinished).toBe(true);
});
