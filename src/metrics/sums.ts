import type { Broker } from '../broker/broker.ts';
import { MessageCounts, NO_TRAFFIC, sumOf } from '../broker/counts.ts';
import { QueueTotals } from '../broker/queue-totals.ts';
import { Breather } from '../management/breather.ts';
import type { ManagementHost } from '../management/host.ts';
import type { Sums } from './family.ts';

const TYPES = ['classic', 'quorum', 'stream'];
/** Queues that are added up before it is asked whether others wait. */
const AT_ONCE = 256;

/** What everything there is and was counted together. */
export async function sumUp({ broker }: ManagementHost): Promise<Sums> {
  return { queues: await sumOfQueues(broker), ...sumOfChannels(broker) };
}

async function sumOfQueues(broker: Broker): Promise<Sums['queues']> {
  const queues = new Map(TYPES.map((type) => [type, new QueueTotals()]));
  for (const [type, totals] of queues) {
    const gone = broker.goneQueues.ofType(type);
    if (gone !== undefined) totals.add(gone);
  }
  const breather = new Breather();
  let left = AT_ONCE;
  for (const vhost of broker.vhosts.values()) {
    for (const queue of vhost.queues.values()) {
      queues.get(queue.arguments.type.name)?.add(queue);
      if (--left > 0) continue;
      left = AT_ONCE;
      if (breather.isDue) await breather.rest();
    }
  }
  return queues;
}

function sumOfChannels(broker: Broker): Omit<Sums, 'queues'> {
  const counts = new MessageCounts();
  let traffic = NO_TRAFFIC;
  let { confirmsAsked } = broker;
  counts.add(broker.counts);
  for (const vhost of broker.vhosts.values()) {
    counts.add(vhost.counts);
    confirmsAsked += vhost.confirmsAsked;
    traffic = sumOf(traffic, vhost.traffic);
  }
  for (const connection of broker.connections) {
    traffic = sumOf(traffic, connection.traffic);
    for (const channel of connection.channels) {
      counts.add(channel.counts);
      confirmsAsked += channel.status().confirmsAsked;
    }
  }
  return { counts, confirmsAsked, traffic };
}
