// Loaded into the broker before its own code (`node --import`): measures how late its event loop is, and tells the
// benchmark on request. Idle time counts as on time.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

process.on('message', (request) => {
  if (request === 'loop-delay') {
    process.send?.({ p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 });
    delay.reset();
  }
});
process.channel?.unref();
