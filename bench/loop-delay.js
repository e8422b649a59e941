// Loaded into the broker before its own code (`node --import`): measures how late its event loop is, and tells the
// benchmark on request. Idle time counts as on time.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds: short enough to see what stalls clients, too long to cost a broker that is measured anything. */
const INTERVAL = 10;

const delay = monitorEventLoopDelay({ resolution: INTERVAL });
delay.enable();

process.on('message', (request) => {
  if (request === 'loop-delay') {
    process.send?.({ p99: late(delay.percentile(99)), max: late(delay.max) });
    delay.reset();
  }
});
// whoever started it is gone, and nobody else will end it
process.on('disconnect', () => process.exit());
process.channel?.unref();

/** @param {number} nanoseconds between two looks that should be an interval apart */
function late(nanoseconds) {
  return Math.max(0, nanoseconds / 1e6 - INTERVAL);
}
