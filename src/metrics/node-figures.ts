import type { AuthAttempts } from '../broker/auth-attempts.ts';
import type { Churn } from '../broker/counts.ts';
import type { ManagementHost } from '../management/host.ts';
import { openFiles, resourcesJson } from '../management/node-view.ts';
import { figure, sample } from './figure.ts';
import type { Figure } from './figure.ts';

/** Figures of the node as a whole, by the family in which RabbitMQ tells them. */
export type NodeFamilies = Readonly<Record<string, readonly Figure[]>>;

export async function nodeFigures(host: ManagementHost): Promise<NodeFamilies> {
  return {
    connection_churn_metrics: churnFigures(host.broker.churn),
    auth_attempt_metrics: loginFigures(host.broker.authAttempts),
    node_coarse_metrics: await coarseFigures(host),
    node_metrics: limitFigures(host),
  };
}

function churnFigures(churn: Churn): Figure[] {
  return [
    count('connections_opened_total', 'Total number of connections opened', churn.connectionsOpened),
    count(
      'connections_closed_total',
      'Total number of connections closed or terminated',
      churn.connectionsClosed,
    ),
    count('channels_opened_total', 'Total number of channels opened', churn.channelsOpened),
    count('channels_closed_total', 'Total number of channels closed', churn.channelsClosed),
    count('queues_declared_total', 'Total number of queues declared', churn.queuesDeclared),
    count('queues_created_total', 'Total number of queues created', churn.queuesCreated),
    count('queues_deleted_total', 'Total number of queues deleted', churn.queuesDeleted),
  ];
}

function count(name: string, help: string, value: number): Figure {
  return figure(`rabbitmq_${name}`, 'counter', help, value);
}

function loginFigures({ all }: AuthAttempts): Figure[] {
  const by = (
    name: string,
    help: string,
    of: (attempts: { readonly failed: number; readonly succeeded: number }) => number,
  ): Figure =>
    figure(
      `rabbitmq_auth_attempts${name}_total`,
      'counter',
      `Total number of ${help}authentication attempts`,
      all.map(([protocol, attempts]) => sample(of(attempts), { protocol })),
    );
  return [
    by('', '', ({ failed, succeeded }) => failed + succeeded),
    by('_succeeded', 'successful ', ({ succeeded }) => succeeded),
    by('_failed', 'failed ', ({ failed }) => failed),
  ];
}

async function coarseFigures(host: ManagementHost): Promise<Figure[]> {
  const { mem_used: memory = NaN, disk_free: disk = NaN } = await resourcesJson(host);
  return [
    level('process_open_fds', 'Open file descriptors', await openFiles()),
    level('process_open_tcp_sockets', 'Open TCP sockets', host.broker.connections.count),
    level('process_resident_memory_bytes', 'Memory used in bytes', memory),
    level('disk_space_available_bytes', 'Disk space available in bytes', disk),
  ];
}

function limitFigures({ node, limits, wallClock }: ManagementHost): Figure[] {
  return [
    level('process_max_fds', 'Open file descriptors limit', limits.sockets),
    level('process_max_tcp_sockets', 'Open TCP sockets limit', limits.sockets), // RabbitMQ told of it up to 3.13
    level('resident_memory_limit_bytes', 'Memory high watermark in bytes', node.memoryHigh),
    level('disk_space_available_limit_bytes', 'Free disk space low watermark in bytes', node.diskFreeLimit),
    level('erlang_uptime_seconds', 'Node uptime', (wallClock.now() - node.startedAt) / 1000),
  ];
}

function level(name: string, help: string, value: number): Figure {
  return figure(`rabbitmq_${name}`, 'gauge', help, value);
}

/** What the node is: dashboards find its other metrics by the labels of these. */
export function identityFigures(
  { broker, nodeName, actsAs, platform }: ManagementHost,
  endpoint: string,
): Figure[] {
  const identity = {
    rabbitmq_node: nodeName,
    rabbitmq_cluster: broker.clusterName,
    rabbitmq_cluster_permanent_id: broker.clusterId,
    rabbitmq_endpoint: endpoint,
  };
  const build = {
    rabbitmq_version: actsAs,
    prometheus_plugin_version: actsAs,
    erlang_version: process.versions.node,
    platform,
  };
  return [
    figure('rabbitmq_build_info', 'untyped', 'RabbitMQ & Erlang/OTP version info', [sample(1, build)]),
    figure('rabbitmq_identity_info', 'untyped', 'RabbitMQ node & cluster identity info', [
      sample(1, identity),
    ]),
  ];
}

export function alarmFigures({ alarms: { low }, node }: ManagementHost): Figure[] {
  return [
    figure(
      'rabbitmq_alarms_free_disk_space_watermark',
      'untyped',
      'is 1 if free disk space watermark alarm is in effect',
      low.includes('disk') ? 1 : 0,
    ),
    figure(
      'rabbitmq_alarms_memory_used_watermark',
      'untyped',
      'is 1 if VM memory watermark alarm is in effect',
      low.includes('memory') ? 1 : 0,
    ),
    figure(
      'rabbitmq_unreachable_cluster_peers_count',
      'gauge',
      'Number of peers in the cluster the current node cannot reach.',
      0,
    ),
    figure(
      'process_start_time_seconds',
      'gauge',
      'Start time of the process since unix epoch in seconds.',
      Math.floor(node.startedAt / 1000),
    ),
    figure(
      'process_cpu_seconds_total',
      'counter',
      'Total user and system CPU time spent in seconds.',
      cpuSeconds(),
    ),
  ];
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
