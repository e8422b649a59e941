import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoopTurn } from '../../src/app/turn.ts';

test('tasks run after what is going on, in order, and what they ask for comes in the next turn', async () => {
  const loop = new LoopTurn();
  const ran: string[] = [];
  loop.soon(() => {
    ran.push('one');
    loop.soon(() => ran.push('three'));
  });
  loop.soon(() => ran.push('two'));
  expect([ran, loop.isIdle]).toEqual([[], false]);
  await turn();
  expect(ran).toEqual(['one', 'two']);
  await turn();
  expect([ran, loop.isIdle]).toEqual([['one', 'two', 'three'], true]);
});

test('finished in one go they are all done, and none of them counts as long', async () => {
  const loop = new LoopTurn();
  const ran: (string | boolean)[] = [];
  loop.soon(() => {
    const until = performance.now() + 5;
    while (performance.now() < until);
    ran.push('one', loop.isLong());
    loop.soon(() => ran.push('two'));
  });
  loop.finish();
  expect([ran, loop.isIdle]).toEqual([['one', false, 'two'], true]);
  await turn();
  expect(ran).toHaveLength(3);
});

test('a task that has lasted for milliseconds is long', async () => {
  const loop = new LoopTurn();
  const isLong = new Promise<boolean[]>((resolve) => {
    loop.soon(() => {
      const before = loop.isLong();
      const until = performance.now() + 5;
      while (performance.now() < until);
      resolve([before, loop.isLong()]);
    });
  });
  expect(await isLong).toEqual([false, true]);
});
