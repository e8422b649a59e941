import { expect, test } from 'vitest';
import { Histogram } from '../../src/broker/histogram.ts';
import {
  distributionText,
  figure,
  figureText,
  labelText,
  lineText,
  sample,
} from '../../src/metrics/figure.ts';
import { Scraped } from '../support/exposition.ts';

test('values of labels may hold anything', () => {
  const name = 'a "quoted" \\ back\nline, {é} =';
  expect(labelText({ queue: name, vhost: '/' })).toBe(
    'queue="a \\"quoted\\" \\\\ back\\nline, {é} =",vhost="/"',
  );
  const text = figureText(figure('m', 'gauge', 'help', [sample(1, { queue: name })]));
  expect(new Scraped(text).samples).toEqual([{ name: 'm', labels: { queue: name }, value: 1 }]);
});

test('numbers are written as Prometheus reads them', () => {
  const lines = [0, 1.5, 1e21, 5e-7, Infinity, -Infinity, NaN].map((value) => lineText('m', '', value));
  expect(lines).toEqual(['0', '1.5', '1e+21', '5e-7', '+Inf', '-Inf', 'NaN'].map((value) => `m ${value}\n`));
});

test('a bucket holds what is in those before it', () => {
  const histogram = new Histogram([1, 500]);
  for (const value of [1, 2, 3, 4000]) histogram.observe(value);
  const text = distributionText({ name: 'm', type: 'histogram', help: 'h', histogram, scale: 0.001 });
  expect(text).toBe(
    '# TYPE m histogram\n# HELP m h\nm_bucket{le="0.001"} 1\nm_bucket{le="0.5"} 3\nm_bucket{le="+Inf"} 4\n' +
      'm_sum 4.006\nm_count 4\n',
  );
});
