import type { ManagementHost, StoreFacts } from '../management/host.ts';
import { figure, sample } from './figure.ts';
import type { Distribution, Figure } from './figure.ts';

const SECONDS = 0.001;

/** What is counted by how large it is. */
export function distributions({ broker, node: { store } }: ManagementHost): Distribution[] {
  const lateness: Distribution = {
    name: 'leveret_expiry_lateness_seconds',
    type: 'histogram',
    help: 'How long after their deadlines messages expired',
    histogram: broker.lateness,
    scale: SECONDS,
  };
  if (store === undefined) return [lateness];
  return [
    lateness,
    {
      name: 'leveret_commit_latency_seconds',
      type: 'histogram',
      help: 'How long it took until what was recorded was on disk, for each commit',
      histogram: store.commitLatency,
      scale: SECONDS,
    },
    {
      name: 'leveret_commit_bytes',
      type: 'histogram',
      help: 'How much of messages was recorded in each commit',
      histogram: store.commitBytes,
      scale: 1,
    },
  ];
}

/** What RabbitMQ does not tell. */
export function ownFigures({ broker, node }: ManagementHost): Figure[] {
  const { store } = node;
  return [
    figure(
      'leveret_event_loop_delay_seconds',
      'summary',
      'How late the event loop was with what was due, since somebody asked last',
      [...node.loopDelay()].map(([quantile, seconds]) => sample(seconds, { quantile: String(quantile) })),
    ),
    figure('leveret_busy_queues', 'gauge', 'Queues that have work and wait for their turn', broker.busyCount),
    ...(store === undefined ? [] : storeFigures(store)),
  ];
}

function storeFigures(store: StoreFacts): Figure[] {
  return [
    figure('leveret_store_pages', 'gauge', 'Pages of the journal', store.pages),
    figure('leveret_store_disk_bytes', 'gauge', 'Size in bytes of the pages on disk', store.diskBytes),
    figure('leveret_store_live_bytes', 'gauge', 'Bytes of the pages that are still needed', store.liveBytes),
    figure(
      'leveret_store_memory_bytes',
      'gauge',
      'Size in bytes of the pages on disk that are also kept in memory',
      store.memoryBytes,
    ),
    figure(
      'leveret_compaction_pages_total',
      'counter',
      'Total number of sparse pages whose live records were moved',
      store.movedPages,
    ),
    figure(
      'leveret_compaction_bytes_total',
      'counter',
      'Size in bytes of the sparse pages whose live records were moved',
      store.movedBytes,
    ),
  ];
}
