import { expect, test } from 'vitest';
// @ts-expect-error it is plain JavaScript, to run without a build
import { barChart } from '../../bench/chart.js';
// @ts-expect-error it is plain JavaScript, to run without a build
import { withMeasured } from '../../bench/page.js';

test('only what stands between its marks is written anew', () => {
  const page = withMeasured('# Performance\n\nBy hand.\n', 'first\n');
  expect(page).toContain('By hand.');
  const again = withMeasured(`${page}\n## What is left behind\n`, 'second\n');
  expect(again).not.toContain('first');
  expect(again).toBe(
    '# Performance\n\nBy hand.\n\n<!-- measured -->\n\nsecond\n\n<!-- /measured -->\n\n## What is left behind\n',
  );
});

test('a bar is as long as its value is large, and what is not to be drawn is escaped', () => {
  const chart = {
    title: 'a < b',
    groups: [
      {
        label: 'flow',
        bars: [
          { name: 'Leveret', value: 400 },
          { name: 'RabbitMQ', value: 100 },
        ],
      },
    ],
    decimals: 0,
  };
  const lengths = (svg: string): number[] =>
    [...svg.matchAll(/width="(?<length>[\d.]+)" height="12"/g)].map((match) =>
      Number(match.groups?.['length']),
    );
  const [longest = 0, ...others] = lengths(barChart({ ...chart, scale: 'linear' }));
  expect(others).toEqual([longest / 4]);
  // from 10 to 400: a decade and 1.6 of them
  const [long = 0, short = 0] = lengths(barChart({ ...chart, scale: 'logarithmic' }));
  expect(short / long).toBeCloseTo(1 / Math.log10(40), 2);
  expect(barChart({ ...chart, scale: 'linear' })).toContain('a &lt; b');
});
