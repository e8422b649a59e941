import { expect, test } from 'vitest';
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
  return { core, queue, wallClock, sampler };
}

test('a rate is what was counted between the last two looks, by seconds [API-13]', () => {
  const { core, queue, wallClock, sampler } = aQueue();
  const shown = () => sampler.withRates(queue.counts, queueStats(queue));
  core.send('q', 'a');
  wallClock.advance(5_000);
  expect(shown()).toMatchObject({ publish: 1, publish_details: { rate: 0 } });
  for (let n = 0; n < 10; n++) core.send('q', 'a');
  expect(shown()).toMatchObject({ publish: 11, publish_details: { rate: 0 } });
  wallClock.advance(5_000);
  expect(shown()).toMatchObject({ publish: 11, publish_details: { rate: 2 }, ack_details: { rate: 0 } });
  const exchange = core.vhost.exchanges.get('');
  if (exchange === undefined) throw new Error('there is no default exchange');
  expect(sampler.withRates(exchange, exchangeStats(exchange))).toMatchObject({
    publish_in_details: { rate: 2 },
  });
  core.drain(queue);
  wallClock.advance(5_000);
  expect(shown()).toMatchObject({ publish_details: { rate: 0 } });
  expect(sampler.withRates(queue, queueDepth(queue))).toMatchObject({
    messages: 0,
    messages_details: { rate: -11 / 5 },
  });
});

test('who counts nothing for a while is idle since then [API-28] [API-34]', () => {
  const { core, queue, wallClock, sampler } = aQueue();
  core.send('q', 'a');
  wallClock.advance(5_000);
  expect(sampler.idleSince(queue.counts)).toBeUndefined();
  wallClock.advance(5_000);
  expect(sampler.idleSince(queue.counts)).toBe('2001-09-09T01:46:45.000+00:00');
  core.send('q', 'b');
  wallClock.advance(5_000);
  expect(sampler.idleSince(queue.counts)).toBeUndefined();
});

test('nothing is looked at any more when it is stopped', () => {
  const { core, queue, wallClock, sampler } = aQueue();
  core.send('q', 'a');
  wallClock.advance(5_000);
  sampler.stop();
  core.send('q', 'b');
  wallClock.advance(60_000);
  expect(sampler.withRates(queue.counts, queueStats(queue))).toMatchObject({ publish_details: { rate: 0 } });
});
