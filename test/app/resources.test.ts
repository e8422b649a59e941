import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freeBytes, ResourceWatch } from '../../src/app/resources.ts';
import { ManualClock } from '../../src/broker/clock.ts';
import { Alarms } from '../../src/server/alarms.ts';
import { temporaryDirectory } from '../support/store.ts';

const MB = 1_000_000;

/** A machine whose gauges are set by hand. */
class Machine {
  readonly clock = new ManualClock(1_000_000_000_000);
  readonly alarms = new Alarms();
  readonly events: string[] = [];
  used = 0;
  free: number | Error = 1_000_000 * MB;
  looks = 0;
  readonly watch: ResourceWatch;

  constructor(limits = { memoryHigh: 500 * MB, diskFreeLimit: 50 * MB }, hasDisk = true) {
    const note = (_fields: unknown, event: string): unknown => this.events.push(event);
    const log = { debug: note, info: note, warn: note, error: note };
    this.watch = new ResourceWatch(this.clock, this.alarms, log, limits, {
      memory: () => this.used,
      disk: hasDisk ? () => this.#look() : undefined,
    });
  }

  async #look(): Promise<number> {
    this.looks++;
    if (this.free instanceof Error) throw this.free;
    return this.free;
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    for (let turns = 0; turns < 3; turns++) await turn();
  }
}

test('memory beyond the limit raises an alarm within a second, and clears it again', async () => {
  const machine = new Machine();
  await machine.watch.start();
  machine.used = 500 * MB + 1;
  await machine.advance(1_000);
  expect(machine.alarms.reason).toBe('low on memory');
  machine.used = 500 * MB;
  await machine.advance(1_000);
  expect(machine.alarms.isRaised).toBe(false);
  expect(machine.events).toEqual(['low: publishers are blocked', 'no longer low']);
});

test('a disk that is nearly full at the start raises an alarm before anybody can publish', async () => {
  const machine = new Machine();
  machine.free = 50 * MB - 1;
  await machine.watch.start();
  expect(machine.alarms.reason).toBe('low on disk');
  machine.used = 600 * MB;
  machine.free = 51 * MB;
  await machine.advance(1_000);
  expect(machine.alarms.reason).toBe('low on memory');
});

test('the disk is looked at the more often the less is free', async () => {
  const machine = new Machine();
  await machine.watch.start();
  await machine.advance(9_999);
  expect(machine.looks).toBe(1);
  machine.free = 175 * MB; // full in a second, at the worst
  await machine.advance(1);
  expect(machine.looks).toBe(2);
  machine.free = 60 * MB;
  await machine.advance(1_000);
  expect(machine.looks).toBe(3);
  for (let n = 0; n < 10; n++) await machine.advance(100);
  expect(machine.looks).toBe(13);
});

test('what cannot be measured raises no alarm, and is said', async () => {
  const machine = new Machine();
  machine.free = new Error('no such thing');
  await machine.watch.start();
  expect(machine.alarms.isRaised).toBe(false);
  expect(machine.events).toEqual(['cannot tell how much of the disk is free']);
  machine.free = 0;
  await machine.advance(10_000);
  expect(machine.alarms.isRaised).toBe(true);
});

test('without limits, and without a disk, nothing is looked at', async () => {
  const machine = new Machine({ memoryHigh: Infinity, diskFreeLimit: 0 });
  machine.used = Number.MAX_SAFE_INTEGER;
  await machine.watch.start();
  await machine.advance(60_000);
  expect([machine.alarms.isRaised, machine.looks]).toEqual([false, 0]);
  await new Machine(undefined, false).watch.start();
});

test('once stopped it looks no more', async () => {
  const machine = new Machine();
  await machine.watch.start();
  machine.watch.stop();
  machine.used = 600 * MB;
  machine.free = 0;
  await machine.advance(60_000);
  expect([machine.alarms.isRaised, machine.looks]).toEqual([false, 1]);
});

test('the bytes free on a real disk', async () => {
  expect(await freeBytes(await temporaryDirectory())).toBeGreaterThan(0);
});
