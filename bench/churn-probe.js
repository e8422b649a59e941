// The command line, run from its modules, where one of them can be had: counts what a broker that forgets nothing would
// leave behind, and tells the benchmark on request.
import { setTimeout as pause } from 'node:timers/promises';
import { main } from '../dist/src/cli/main.js';
import { Vhost } from '../dist/src/broker/vhost.js';

/** @type {Set<Vhost>} */
const vhosts = new Set();
/** @type {Vhost['addQueue']} */
const addQueue = Reflect.get(Vhost.prototype, 'addQueue');
Vhost.prototype.addQueue = function (...args) {
  vhosts.add(this);
  return addQueue.apply(this, args);
};

process.on('message', (request) => {
  if (request === 'count') void count();
});
process.channel?.unref();

await main(process.argv);

async function count() {
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.();
    await pause(100); // what it found is let go in the background
  }
  const queues = [...vhosts].flatMap((vhost) => [...vhost.queues.values()]);
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({
    handles: process.getActiveResourcesInfo().length,
    rss,
    used: heapUsed + external,
    queues: queues.length,
    consumers: queues.reduce((sum, { consumers }) => sum + consumers.count, 0),
    unacked: queues.reduce((sum, { unackedCount }) => sum + unackedCount, 0),
  });
}
