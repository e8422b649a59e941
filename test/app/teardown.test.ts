import { expect, test } from 'vitest';
import { Teardown } from '../../src/app/teardown.ts';

test('what cannot be stopped keeps nothing else from being stopped, and is told of in the end', async () => {
  const teardown = new Teardown();
  const stopped: string[] = [];
  teardown.add(() => stopped.push('first'));
  teardown.add(() => {
    throw new Error('the disk is full');
  });
  teardown.add(async () => Promise.reject(new Error('does not listen')));
  teardown.add(() => stopped.push('last'));
  await expect(teardown.run()).rejects.toThrow('does not listen');
  expect(stopped).toEqual(['last', 'first']);
});
