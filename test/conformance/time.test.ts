import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BrokerTime } from '../../spec/support/time.ts';
import { startBroker } from '../../src/index.ts';
import type { RunningBroker } from '../../src/index.ts';
import { adminOf } from '../support/management.ts';

const HOUR = 3_600_000;

let broker: RunningBroker;
let time: BrokerTime;

beforeAll(async () => {
  broker = await startBroker({ clock: 'manual', management: true, logLevel: 'silent' });
});

afterAll(() => broker.stop());

beforeEach(async () => {
  time = await BrokerTime.of(adminOf(broker));
});

/** How far the broker's clock is ahead of the clock of this machine. */
function ahead(): number {
  return broker.clock.now() - Date.now();
}

test('time is moved when all cases wait for it, and never less than they asked for', async () => {
  const [before, started] = [broker.clock.now(), time.now()];
  time.begin();
  await time.elapse(HOUR);
  expect(broker.clock.now() - before).toBeGreaterThanOrEqual(HOUR);
  expect(time.now() - started).toBeGreaterThanOrEqual(HOUR);
  expect(time.now()).toBeLessThanOrEqual(broker.clock.now() + 1);
  time.end();
});

test('it is moved no further than to what the first of them waits for', async () => {
  const before = ahead();
  for (let n = 0; n < 2; n++) time.begin();
  const both = [time.elapse(2 * HOUR), time.elapse(HOUR)];
  await both[1];
  expect(ahead() - before).toBeLessThan(1.5 * HOUR);
  time.end();
  await both[0];
  expect(ahead() - before).toBeGreaterThan(1.5 * HOUR);
  time.end();
});

test('while one of them does anything else it passes as it does elsewhere', async () => {
  const before = ahead();
  time.begin();
  time.begin();
  await time.elapse(300);
  expect(ahead() - before).toBeLessThan(100);
  const waits = time.elapse(HOUR);
  time.end(); // the other one
  await waits;
  expect(ahead() - before).toBeGreaterThan(HOUR / 2);
  time.end();
});

test('a clock that cannot be moved is waited for', async () => {
  const real = await startBroker({ management: true, logLevel: 'silent' });
  const other = await BrokerTime.of(adminOf(real));
  other.begin();
  const [started, began] = [other.now(), performance.now()];
  await other.elapse(200);
  expect(performance.now() - began).toBeGreaterThanOrEqual(199);
  expect(other.now() - started).toBeGreaterThanOrEqual(199);
  expect(other.isMovable).toBe(false);
  expect((await BrokerTime.of(undefined)).isMovable).toBe(false);
  await real.stop();
});
