import { beforeEach, expect, test } from 'vitest';
import { MovableClock } from '../../src/app/movable-clock.ts';
import { ManualClock } from '../../src/broker/clock.ts';

const START = 1_000_000;

let wall: ManualClock;
let tasks: (() => void)[];
let clock: MovableClock;
let rung: string[];

beforeEach(() => {
  wall = new ManualClock(START);
  tasks = [];
  clock = new MovableClock(wall, (task) => tasks.push(task));
  rung = [];
});

function ring(name: string): () => void {
  return () => rung.push(`${name} ${clock.now() - START}`);
}

test('while it goes, it goes as the wall clock does, and rings no earlier', () => {
  clock.at(START + 500, ring('alarm'));
  clock.watch(START + 400, ring('look'));
  wall.advance(399);
  expect([clock.now(), rung]).toEqual([START + 399, []]);
  wall.advance(101);
  expect(rung).toEqual(['look 400', 'alarm 500']);
});

test('while it stands nothing rings, however late it gets elsewhere', () => {
  clock.at(START + 500, ring('alarm'));
  clock.stand();
  wall.advance(10_000);
  expect([clock.now(), clock.isStanding, rung]).toEqual([START, true, []]);
});

test('it goes on from where it stands, ahead of the wall clock', () => {
  clock.stand();
  clock.moveTo(START + 3_600_000);
  clock.at(START + 3_600_500, ring('alarm'));
  clock.go();
  wall.advance(499);
  expect(rung).toEqual([]);
  wall.advance(1);
  expect([rung, clock.now()]).toEqual([['alarm 3600500'], START + 3_600_500]);
});

test('what is due when it is stopped, or set while it stands, rings soon and not at once', () => {
  clock.stand();
  clock.at(START, ring('due'));
  clock.at(START - 1, ring('late'));
  expect(rung).toEqual([]);
  for (const task of tasks.splice(0)) task();
  expect(rung).toEqual(['late 0', 'due 0']);
});

test('a fraction of a millisecond is rounded up when it is stopped: time does not go back', () => {
  wall.advance(0.25);
  clock.at(START + 0.5, ring('between'));
  clock.stand();
  expect(clock.now()).toBe(START + 1);
  for (const task of tasks.splice(0)) task();
  expect(rung).toEqual(['between 1']);
});

test('a look that is repeated is not what one would wait for', () => {
  clock.stand();
  clock.watch(START + 10, ring('look'));
  expect([clock.nextAlarm, clock.nextEvent]).toEqual([Infinity, START + 10]);
  clock.at(START + 20, ring('alarm')).cancel();
  expect(clock.nextAlarm).toBe(Infinity);
});

test('who waits for an alarm hears of it only while the clock stands', () => {
  let heard = 0;
  clock.onAlarm = () => heard++;
  clock.at(START + 1, ring('going'));
  clock.stand();
  clock.at(START + 2, ring('standing'));
  clock.watch(START + 2, ring('look'));
  expect(heard).toBe(1);
});

test('an alarm that throws does not keep the others from ringing', () => {
  clock.at(START + 1, () => {
    throw new Error('thrown');
  });
  clock.at(START + 2, ring('next'));
  expect(() => wall.advance(1)).toThrow('thrown');
  wall.advance(1);
  expect(rung).toEqual(['next 2']);
});
