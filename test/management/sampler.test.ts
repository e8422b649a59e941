import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { ManualClock } from '../../src/broker/clock.ts';
import { exchangeStats, queueDepth, queueStats } from '../../src/management/measures.ts';
import { Sampler } from '../../src/management/sampler.ts';
import { Core } from '../support/core.ts';

/** A queue, and a sampler that is looked at in real time. */
function aQueue() {
  const core = new Core();
  const queue = core.queue('q');
  const wallClock = new ManualClock(1_000_000_000_000);
  const sampler = new Sampler(core.broker, wallClock, (error) => {
    throw error;
  });
  sampler.start();
  /** Lets time pass, and the sampler look at everything: on a busy machine that takes some turns of the loop. */
  const pass = async (ms = 5_000): Promise<void> => {
    wallClock.advance(ms);
    for (let n = 0; n < 50; n++) await turn();
  };
  return { core, queue, pass, sampler };
}

test('a rate is what was counted between the last two looks, by seconds [API-13]', async () => {
  const { core, queue, pass, sampler } = aQueue();
  const shown = () => sampler.withRates(queue.counts, queueStats(queue));
  core.send('q', 'a');
  await pass();
  expect(shown()).toMatchObject({ publish: 1, publish_details: { rate: 0 } });
  for (let n = 0; n < 10; n++) core.send('q', 'a');
  expect(shown()).toMatchObject({ publish: 11, publish_details: { rate: 0 } });
  await pass();
  expect(shown()).toMatchObject({ publish: 11, publish_details: { rate: 2 }, ack_details: { rate: 0 } });
  const exchange = core.vhost.exchanges.get('');
  if (exchange === undefined) throw new Error('there is no default exchange');
  expect(sampler.withRates(exchange, exchangeStats(exchange))).toMatchObject({
    publish_in_details: { rate: 2 },
  });
  core.drain(queue);
  await pass();
  expect(shown()).toMatchObject({ publish_details: { rate: 0 } });
  expect(sampler.withRates(queue, queueDepth(queue))).toMatchObject({
    messages: 0,
    messages_details: { rate: -11 / 5 },
  });
  await pass();
  expect(sampler.withRates(queue, queueDepth(queue))).toMatchObject({ messages_details: { rate: 0 } });
  for (let n = 0; n < 5; n++) core.send('q', 'a'); // what is the same for a while is looked at all the same
  await pass();
  expect(shown()).toMatchObject({ publish: 16, publish_details: { rate: 1 } });
  expect(sampler.withRates(queue, queueDepth(queue))).toMatchObject({ messages_details: { rate: 1 } });
});

test('who counts nothing for a while is idle since then [API-28] [API-34]', async () => {
  const { core, queue, pass, sampler } = aQueue();
  core.send('q', 'a');
  await pass();
  expect(sampler.idleSince(queue.counts)).toBeUndefined();
  await pass();
  expect(sampler.idleSince(queue.counts)).toBe('2001-09-09T01:46:45.000+00:00');
  core.send('q', 'b');
  await pass();
  expect(sampler.idleSince(queue.counts)).toBeUndefined();
});

test('nothing is looked at any more when it is stopped', async () => {
  const { core, queue, pass, sampler } = aQueue();
  core.send('q', 'a');
  await pass();
  sampler.stop();
  core.send('q', 'b');
  await pass(60_000);
  expect(sampler.withRates(queue.counts, queueStats(queue))).toMatchObject({ publish_details: { rate: 0 } });
});

test('nothing is looked at while nothing happens, and rates are of the time since', async () => {
  const { core, queue, pass, sampler } = aQueue();
  const looksAt = vi.spyOn(core.vhost.queues, 'values');
  core.send('q', 'a');
  for (let n = 0; n < 3; n++) await pass(); // the first, what it grew by, and that it grows no more
  looksAt.mockClear();
  for (let n = 0; n < 100; n++) await pass();
  expect(looksAt).not.toHaveBeenCalled();
  for (let n = 0; n < 10; n++) core.send('q', 'a');
  await pass();
  expect(looksAt).toHaveBeenCalled();
  expect(sampler.withRates(queue.counts, queueStats(queue))).toMatchObject({ publish_details: { rate: 2 } });
  for (let n = 0; n < 5; n++) await pass();
  looksAt.mockClear();
  sampler.wake();
  await pass();
  expect(looksAt).toHaveBeenCalled();
});
