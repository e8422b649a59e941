import { expect, test } from 'vitest';
// @ts-expect-error it is plain JavaScript, to run without a build
import { atLeast, atMost, judge } from '../../bench/targets.js';

const remote = { kind: 'remote', url: 'amqp://127.0.0.1' };
const columns = {
  first: { name: 'Leveret', role: 'first', wanted: { kind: 'leveret', directory: '.' }, properties: {} },
  rabbit: { name: 'RabbitMQ', role: 'against', wanted: remote, properties: {} },
  before: { name: 'before', role: 'against', wanted: { kind: 'leveret', directory: '..' }, properties: {} },
  relay: { name: 'relay', role: 'relay', wanted: { kind: 'relay' }, properties: {} },
} as const;

interface Verdict {
  readonly of?: string;
  readonly measured: number | undefined;
  readonly met: boolean | undefined;
}

function verdicts(
  targets: unknown[],
  figures: Partial<Record<keyof typeof columns, Record<string, number>>>,
): Verdict[] {
  const settings = { messages: 1, size: 1, durable: false };
  const job = {
    scenario: 's',
    label: 's',
    settings,
    targets,
    limits: true,
    restarts: false,
    others: undefined,
  };
  const results = Object.entries(figures).map(([name, of]) => ({
    job,
    broker: columns[name as keyof typeof columns],
    runs: [],
    figures: of,
  }));
  return judge(results).map(({ of, measured, met }: Verdict) => ({
    ...(of !== undefined && { of }),
    measured,
    met,
  }));
}

test('a figure meets a bound that it just reaches', () => {
  const targets = [atMost('lateP50', 50), atLeast('slowest', 0.5)];
  expect(verdicts(targets, { first: { lateP50: 50, slowest: 0.49 } })).toEqual([
    { measured: 50, met: true },
    { measured: 0.49, met: false },
  ]);
});

test('what costs at most so many times the relay is compared with the relay alone', () => {
  const figures = { first: { brokerCpu: 3 }, rabbit: { brokerCpu: 1 }, relay: { brokerCpu: 2 } };
  expect(verdicts([atMost('brokerCpu', 1.5, 'relay')], figures)).toEqual([
    { of: 'relay', measured: 1.5, met: true },
  ]);
});

test('other brokers are to be beaten, and other builds of Leveret are not', () => {
  const figures = { first: { rate: 40 }, rabbit: { rate: 10 }, before: { rate: 39 } };
  expect(verdicts([atLeast('rate', 5, 'against')], figures)).toEqual([
    { of: 'RabbitMQ', measured: 4, met: false },
  ]);
});

test('a target is neither met nor missed without both figures', () => {
  const targets = [atLeast('rate', 5, 'against'), atMost('lateP99', 10)];
  expect(verdicts(targets, { first: { rate: 40 }, rabbit: {} })).toEqual([
    { of: 'RabbitMQ', measured: undefined, met: undefined },
    { measured: undefined, met: undefined },
  ]);
  expect(
    verdicts([atMost('brokerCpu', 2, 'relay')], { first: { brokerCpu: 1 }, relay: { brokerCpu: 0 } }),
  ).toEqual([{ of: 'relay', measured: undefined, met: undefined }]);
});
