import type { Command } from 'commander';
import { formatDuration } from '../app/durations.ts';
import { Failure } from './failure.ts';
import { addBrokerOptions, Management } from './management.ts';
import { Output, plural } from './output.ts';

interface StatusOptions {
  readonly url: string;
  readonly json?: true;
}

/** What is shown of `/overview`; what only who has the tag monitoring is told may be missing. */
interface Overview {
  readonly product_name: string;
  readonly product_version: string;
  readonly platform?: string;
  readonly cluster_name: string;
  readonly node?: string;
  readonly listeners?: readonly {
    readonly protocol: string;
    readonly ip_address: string;
    readonly port: number;
  }[];
  readonly object_totals: Readonly<Record<string, number>>;
  readonly queue_totals?: { readonly messages_ready?: number; readonly messages_unacknowledged?: number };
  readonly message_stats?: Readonly<Record<string, unknown>>;
}

interface Node {
  readonly name: string;
  readonly uptime: number;
  readonly mem_used: number;
  readonly mem_limit: number;
  readonly mem_alarm: boolean;
  readonly disk_free: number;
  readonly disk_free_limit: number;
  readonly disk_free_alarm: boolean;
}

/** What is counted, as `/overview` calls it, and how it is called here. */
const RATES = { publish: 'published', deliver_get: 'delivered', ack: 'acked' } as const;

/** Adds `status`. */
export function addStatusCommand(program: Command): void {
  addBrokerOptions(
    program
      .command('status')
      .summary('show what a broker is and holds')
      .description('Shows what a running broker is, what it has and how much goes on there.'),
  )
    .addHelpText('after', '\nExamples:\n  $ leveret status\n  $ leveret status --json | jq .queues')
    .action(showStatus);
}

async function showStatus({ url, json }: StatusOptions): Promise<void> {
  const management = new Management(url);
  const overview = await management.get<Overview>(['overview']);
  const nodes = await nodesOf(management);
  await new Output(json ?? false).result(describe(management.name, overview, nodes), record(overview, nodes));
}

/** None for a user who may not see them. */
async function nodesOf(management: Management): Promise<readonly Node[]> {
  try {
    return await management.get<readonly Node[]>(['nodes']);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'login') return [];
    throw error;
  }
}

function describe(place: string, overview: Overview, nodes: readonly Node[]): string {
  const { product_name: product, product_version: version, platform = '', listeners = [] } = overview;
  const { queue_totals: totals = {}, object_totals: objects } = overview;
  const things = ['connections', 'channels', 'consumers', 'vhosts', 'exchanges', 'queues'].flatMap((name) => {
    const number = objects[name];
    return number === undefined ? [] : [plural(number, name.slice(0, -1))];
  });
  const rates = Object.entries(ratesOf(overview)).map(([name, rate]) => `${rate.toFixed(1)}/s ${name}`);
  return [
    ['broker', `${product} ${version}${platform === '' ? '' : `, ${platform}`}, at ${place}`],
    ['cluster', overview.cluster_name],
    ...nodes.flatMap(describeNode),
    ...listeners.map(({ protocol, ip_address: host, port }) => ['listens', `${protocol} on ${host}:${port}`]),
    ['has', things.join(', ')],
    ['messages', `${totals.messages_ready ?? 0} ready, ${totals.messages_unacknowledged ?? 0} unacked`],
    ['rates', rates.join(', ')],
  ]
    .map(([name = '', value]) => `${name.padEnd(10)}${value}`)
    .join('\n');
}

function describeNode(node: Node): string[][] {
  const alarm = (isOn: boolean): string => (isOn ? ', ALARM: publishers are blocked' : '');
  return [
    ['node', `${node.name}, up for ${formatDuration(Math.floor(node.uptime / 1000) * 1000)}`],
    [
      'memory',
      `${size(node.mem_used)}, publishers wait above ${size(node.mem_limit)}${alarm(node.mem_alarm)}`,
    ],
    [
      'disk',
      `${size(node.disk_free)} free, publishers wait below ${size(node.disk_free_limit)}${alarm(node.disk_free_alarm)}`,
    ],
  ];
}

/** In units of 1024 bytes with one decimal. */
function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  if (typeof bytes !== 'number' || !Number.isFinite(bytes)) return 'any';
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Messages each second; 0 for what was never counted. */
function ratesOf({ message_stats: stats = {} }: Overview): Record<string, number> {
  const entries = Object.entries(RATES).map(([name, shown]) => {
    const details = stats[`${name}_details`] as { readonly rate?: number } | undefined;
    return [shown, details?.rate ?? 0] as const;
  });
  return Object.fromEntries(entries);
}

function record(overview: Overview, nodes: readonly Node[]): object {
  const { product_name: product, product_version: version, cluster_name: cluster, listeners = [] } = overview;
  return {
    product,
    version,
    cluster,
    ...overview.object_totals,
    messages_ready: overview.queue_totals?.messages_ready ?? 0,
    messages_unacknowledged: overview.queue_totals?.messages_unacknowledged ?? 0,
    rates: ratesOf(overview),
    listeners: listeners.map(({ protocol, ip_address: host, port }) => ({ protocol, host, port })),
    nodes: nodes.map(nodeRecord),
  };
}

function nodeRecord(node: Node): object {
  const { name, uptime, mem_used, mem_limit, mem_alarm, disk_free, disk_free_limit, disk_free_alarm } = node;
  return { name, uptime, mem_used, mem_limit, mem_alarm, disk_free, disk_free_limit, disk_free_alarm };
}
