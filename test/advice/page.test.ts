import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { rules } from '../../spec/rules.ts';
import { checkIds, checks } from '../../src/advice/checks.ts';

test.each(checkIds)('%s is in docs/lint.md, and follows from rules there are', async (check) => {
  const page = await readFile('docs/lint.md', 'utf8');
  const { severity, title, effect, fix, rules: ids } = checks[check];
  expect(page).toContain(`### ${check}\n\n_${severity}_: ${title}`);
  expect(page).toContain(effect);
  expect(page).toContain(fix);
  expect(Object.keys(rules)).toEqual(expect.arrayContaining([...ids]));
});
