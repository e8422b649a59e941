import { expect, test } from 'vitest';
import { ManualClock } from '../../src/broker/clock.ts';
import { NOTHING_RECOVERED } from '../../src/broker/journal.ts';
import { Histogram } from '../../src/broker/histogram.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import type { Entry } from '../../src/broker/message.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';

function refuse(core: Core, queue: Queue): void {
  queue.reject((core.get(queue) as { entry: Entry }).entry);
  core.settle();
}

test('a histogram counts by its bounds, which belong to what is below them', () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [0, 1, 1.5, 10, 11, 5000]) histogram.observe(value);
  expect([...histogram.counts]).toEqual([2, 2, 2]);
  expect(histogram.sum).toBe(5023.5);
});

test('deaths are counted by how the queue dead-letters at that moment and by reason', () => {
  const core = new Core();
  const queue = core.queue('q', { 'x-max-length': byte(1) });
  expect(queue.deaths).toBeUndefined();
  core.send('q', 'pushed out');
  core.send('q', 'refused', { expiration: '60000' });
  core.policy('p', { 'dead-letter-exchange': '' });
  refuse(core, queue);
  core.send('q', 'late', { expiration: '5' });
  core.advance(5);
  const { deaths } = queue;
  expect([deaths?.deaths('disabled', 'maxlen'), deaths?.deaths('at_most_once', 'rejected')]).toEqual([1, 1]);
  expect([deaths?.deaths('at_most_once', 'expired'), deaths?.deaths('disabled', 'rejected')]).toEqual([1, 0]);
  expect(deaths?.losses('maxlen', 'no dead-letter exchange')).toBe(1);
  expect([deaths?.losses('rejected', 'cycle'), deaths?.losses('expired', 'cycle')]).toEqual([0, 1]); // CYC-01
});

test('one that is kept dies once, however often it is tried to dead-letter it [DLX-14]', () => {
  const core = new Core();
  const queue = core.queue('q', {
    'x-queue-type': longstr('quorum'),
    'x-dead-letter-strategy': longstr('at-least-once'),
    'x-overflow': longstr('reject-publish'),
    'x-dead-letter-exchange': longstr('later'),
  });
  core.send('q', 'a');
  refuse(core, queue);
  core.advance(60_000);
  expect(queue.kept?.length).toBe(1);
  expect(queue.deaths?.deaths('at_least_once', 'rejected')).toBe(1);
});

test('what a queue counted is still there when it is deleted', () => {
  const core = new Core();
  const queue = core.queue('q');
  core.send('q', 'a');
  refuse(core, queue);
  queue.counts.publish = 3;
  core.vhost.remove(queue);
  core.vhost.remove(core.declare('s', { 'x-queue-type': longstr('stream') }));
  const gone = core.broker.goneQueues;
  expect(gone.ofType('classic')?.counts.publish).toBe(3);
  expect(gone.ofType('classic')?.deaths.deaths('disabled', 'rejected')).toBe(1);
  expect(gone.ofType('classic')?.deaths.losses('rejected', 'no dead-letter exchange')).toBe(1);
  expect(gone.ofType('stream')?.counts.publish).toBe(0);
  expect(gone.ofType('quorum')).toBeUndefined();
});

test('how late messages die is observed, of each that expires', () => {
  const late = new Core(new MemoryJournal(), NOTHING_RECOVERED, 0, () => new ManualClock(0));
  late.queue('q');
  for (const expiration of ['20', '47', '50']) late.send('q', expiration, { expiration });
  late.clock.advance(50);
  late.settle(); // the queue has its turn only now
  const { lateness } = late.broker;
  expect(lateness.sum).toBe(30 + 3 + 0);
  expect(lateness.bounds.filter((_, i) => lateness.counts[i] === 1)).toEqual([1, 5, 50]);
});
