import { beforeAll, describe, expect, test } from 'vitest';
import { objects, run, start } from './support.ts';

interface Event {
  readonly event: string;
  readonly at_ms: number;
  readonly queue?: string;
  readonly message?: string;
  readonly attempt?: number;
  readonly waited_ms?: number;
  readonly deaths?: readonly { readonly queue: string; readonly reason: string; readonly count: number }[];
  readonly left?: Record<string, number>;
}

const UNUSED = 'amqp://127.0.0.1:1'; // the demo brings its own broker

describe('a whole demo', () => {
  let events: Event[];
  const of = (message: string): Event[] => events.filter((event) => event.message === message);
  const steps = (message: string): string[] =>
    of(message)
      .slice(1)
      .map(({ event, queue, attempt }) => `${event} ${queue} ${attempt}`);

  beforeAll(async () => {
    const { code, stdout, stderr } = await run(UNUSED, ['demo', '--fast', '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    events = objects(stdout) as unknown as Event[];
  });

  test('every message is published, and then goes the way its failures send it', () => {
    const published = events.filter(({ event }) => event === 'published');
    expect(published.map(({ message }) => message)).toEqual(['welcome-mail', 'invoice', 'report']);
    expect(steps('welcome-mail')).toEqual(['done work 1']);
    expect(steps('invoice')).toEqual(['rejected work 1', 'waiting wait.1s 1', 'done work 2']);
    expect(steps('report')).toEqual([
      'rejected work 1',
      'waiting wait.1s 1',
      'rejected work 2',
      'waiting wait.2s 2',
      'rejected work 3',
      'waiting wait.3s 3',
      'rejected work 4',
      'parked parking-lot 4',
    ]);
  });

  test('nothing comes back before its wait is over, nor long after it', () => {
    const times = events.map(({ at_ms }) => at_ms);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const waited = of('report').flatMap(({ waited_ms }) => waited_ms ?? []);
    expect(waited).toHaveLength(3);
    for (const [index, wait] of [1000, 2000, 3000].entries()) {
      expect(waited[index]).toBeGreaterThanOrEqual(wait);
      expect(waited[index]).toBeLessThan(wait + 500);
    }
  });

  test('the death history counts the attempts', () => {
    const { deaths } = of('report').at(-1) as Event;
    expect(deaths).toEqual([
      { queue: 'work', reason: 'rejected', count: 4 },
      { queue: 'wait.3s', reason: 'expired', count: 1 },
      { queue: 'wait.2s', reason: 'expired', count: 1 },
      { queue: 'wait.1s', reason: 'expired', count: 1 },
    ]);
  });

  test('at the end only the parking lot holds a message', () => {
    const left = { work: 0, 'wait.1s': 0, 'wait.2s': 0, 'wait.3s': 0, 'parking-lot': 1 };
    expect(events.at(-1)).toMatchObject({ event: 'finished', left });
  });
});

test('Ctrl-C ends a demo in good order', async () => {
  const demo = start(UNUSED, ['demo', '--fast']);
  await demo.shows('waits 1s');
  demo.process.kill('SIGINT');
  const { code, stderr, stdout } = await demo.outcome;
  expect(code).toBe(130);
  expect(stderr).toBe('leveret: stopped before everything was settled\n');
  expect(stdout).toMatch(/ publish --> \[jobs\] -+> work ----> worker\n/);
});
