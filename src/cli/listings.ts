/** What `list` can show. */
export interface Listing {
  readonly help: string;
  /** Fields that are shown when no others are asked for. */
  readonly columns: readonly string[];
  /** Where the management API has them, of all vhosts. */
  readonly path: readonly string[];
  /** Where it has those of one vhost; undefined: they are in none. */
  readonly inVhost?: (vhost: string) => readonly string[];
}

/** As `/queues/VHOST`. */
function below(kind: string): Pick<Listing, 'path' | 'inVhost'> {
  return { path: [kind], inVhost: (vhost) => [kind, vhost] };
}

/** As `/vhosts/VHOST/channels`. */
function beside(kind: string): Pick<Listing, 'path' | 'inVhost'> {
  return { path: [kind], inVhost: (vhost) => ['vhosts', vhost, kind] };
}

/** All of them, in the order of the help. */
export const listings: Readonly<Record<string, Listing>> = {
  queues: {
    help: 'queues, with what they hold',
    columns: ['vhost', 'name', 'type', 'messages_ready', 'messages_unacknowledged', 'consumers', 'policy'],
    ...below('queues'),
  },
  exchanges: {
    help: 'exchanges; the one without a name is the default exchange',
    columns: ['vhost', 'name', 'type', 'durable', 'auto_delete', 'internal', 'arguments', 'policy'],
    ...below('exchanges'),
  },
  bindings: {
    help: 'bindings, those to the default exchange included',
    columns: ['vhost', 'source', 'destination_type', 'destination', 'routing_key', 'arguments'],
    ...below('bindings'),
  },
  connections: {
    help: 'open connections',
    columns: ['name', 'user', 'vhost', 'state', 'channels', 'user_provided_name'],
    ...beside('connections'),
  },
  channels: {
    help: 'open channels',
    columns: [
      'name',
      'user',
      'vhost',
      'consumer_count',
      'messages_unacknowledged',
      'prefetch_count',
      'confirm',
    ],
    ...beside('channels'),
  },
  consumers: {
    help: 'consumers',
    columns: [
      'queue.vhost',
      'queue.name',
      'consumer_tag',
      'ack_required',
      'prefetch_count',
      'activity_status',
      'channel_details.name',
    ],
    ...below('consumers'),
  },
  vhosts: {
    help: 'vhosts, with what is in their queues',
    columns: ['name', 'description', 'tags', 'messages_ready', 'messages_unacknowledged'],
    path: ['vhosts'],
  },
  users: { help: 'users', columns: ['name', 'tags', 'limits'], path: ['users'] },
  permissions: {
    help: 'what users may do in vhosts',
    columns: ['vhost', 'user', 'configure', 'write', 'read'],
    ...beside('permissions'),
  },
  'topic-permissions': {
    help: 'which routing keys users may use at topic exchanges',
    columns: ['vhost', 'user', 'exchange', 'write', 'read'],
    ...beside('topic-permissions'),
  },
  policies: {
    help: 'policies',
    columns: ['vhost', 'name', 'pattern', 'apply-to', 'priority', 'definition'],
    ...below('policies'),
  },
  'operator-policies': {
    help: 'policies of the operator, which limit the others',
    columns: ['vhost', 'name', 'pattern', 'apply-to', 'priority', 'definition'],
    ...below('operator-policies'),
  },
  'vhost-limits': {
    help: 'how much vhosts may hold',
    columns: ['vhost', 'value'],
    ...below('vhost-limits'),
  },
  'user-limits': { help: 'how much users may have open', columns: ['user', 'value'], path: ['user-limits'] },
  parameters: {
    help: 'parameters of vhosts, as plugins of RabbitMQ have them',
    columns: ['vhost', 'component', 'name', 'value'],
    path: ['parameters'],
  },
  'global-parameters': {
    help: 'parameters of the broker',
    columns: ['name', 'value'],
    path: ['global-parameters'],
  },
  nodes: {
    help: 'nodes of the cluster; Leveret is one',
    columns: ['name', 'running', 'uptime', 'mem_used', 'mem_limit', 'disk_free', 'fd_used', 'sockets_used'],
    path: ['nodes'],
  },
  'feature-flags': {
    help: 'feature flags, which tools of RabbitMQ ask for',
    columns: ['name', 'state', 'stability'],
    path: ['feature-flags'],
  },
};
