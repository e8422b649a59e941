import type { ConnectionDetails, OpenChannel, OpenConnection } from '../broker/connections.ts';
import type { Subscription } from '../broker/consumers.ts';
import { textOf } from '../broker/term.ts';
import type { Json } from './call.ts';
import type { ManagementContext } from './host.ts';
import { messageStats } from './measures.ts';
import { tableJson } from './table-json.ts';

/** A connection, as the API shows it (API-26). */
export function connectionJson(context: ManagementContext, connection: OpenConnection): Json {
  const { sampler } = context;
  const { details, user, vhostName, traffic } = connection;
  const json = agreedJson(details); // not spread: see queueJson
  json['node'] = context.nodeName;
  json['vhost'] = vhostName;
  json['user'] = user;
  json['user_who_performed_action'] = user;
  json['state'] = connection.state;
  json['channels'] = connection.channelCount;
  json['recv_oct'] = traffic.receivedOctets;
  json['recv_oct_details'] = sampler.rateOf(connection, 'recv_oct');
  json['send_oct'] = traffic.sentOctets;
  json['send_oct_details'] = sampler.rateOf(connection, 'send_oct');
  json['recv_cnt'] = traffic.reads;
  json['send_cnt'] = traffic.writes;
  json['send_pend'] = connection.pendingOctets;
  return json;
}

/** What does not change while it is open. */
function agreedJson(details: ConnectionDetails): Record<string, unknown> {
  const { tls } = details;
  const certificate = tls?.certificate;
  return {
    name: details.name,
    type: 'network',
    protocol: 'AMQP 0-9-1',
    host: details.host,
    port: details.port,
    peer_host: details.peerHost,
    peer_port: details.peerPort,
    channel_max: details.channelMax,
    frame_max: details.frameMax,
    timeout: details.heartbeat,
    auth_mechanism: details.mechanism,
    connected_at: Math.floor(details.connectedAt),
    user_provided_name: textOf(details.clientProperties.get('connection_name')) ?? '',
    client_properties: tableJson(details.clientProperties),
    ssl: tls !== undefined,
    ssl_protocol: tls?.protocol ?? null,
    ssl_key_exchange: tls?.keyExchange ?? null,
    ssl_cipher: tls?.cipher ?? null,
    ssl_hash: tls?.hash ?? null,
    peer_cert_subject: certificate?.subject ?? null,
    peer_cert_issuer: certificate?.issuer ?? null,
    peer_cert_validity: certificate?.validity ?? null,
    peer_cert_serial_number: certificate?.serialNumber ?? null,
  };
}

/** A connection for whoever only wants to know of it (API-26). */
export function connectionNameJson(
  { nodeName }: ManagementContext,
  { details, vhostName, user }: OpenConnection,
): Json {
  return { name: details.name, vhost: vhostName, user, node: nodeName };
}

/** A channel, and the connection it is on. */
export interface PlacedChannel {
  readonly connection: OpenConnection;
  readonly channel: OpenChannel;
}

/** A consumer, and where it is. */
export interface PlacedConsumer extends PlacedChannel {
  readonly consumer: Subscription;
}

export function* channelsOf(connections: Iterable<OpenConnection>): Generator<PlacedChannel> {
  for (const connection of connections) {
    for (const channel of connection.channels) yield { connection, channel };
  }
}

export function* consumersOf(connections: Iterable<OpenConnection>): Generator<PlacedConsumer> {
  for (const placed of channelsOf(connections)) {
    for (const consumer of placed.channel.consumers) yield { ...placed, consumer };
  }
}

/** `CONNECTION (NUMBER)` (API-28). */
export function channelName({ connection, channel }: PlacedChannel): string {
  return `${connection.details.name} (${channel.number})`;
}

/** A channel, as lists show it (API-28). */
export function channelJson(context: ManagementContext, placed: PlacedChannel): Json {
  const { connection, channel } = placed;
  const { name, peerHost, peerPort } = connection.details;
  const status = channel.status();
  return {
    name: channelName(placed),
    number: channel.number,
    node: context.nodeName,
    vhost: connection.vhostName,
    user: connection.user,
    user_who_performed_action: connection.user,
    state: connection.state === 'flow' ? 'flow' : 'running',
    confirm: status.isConfirming,
    transactional: status.isTransactional,
    prefetch_count: status.prefetch,
    global_prefetch_count: status.globalPrefetch,
    consumer_count: status.consumerCount,
    messages_unacknowledged: status.unackedCount,
    messages_unconfirmed: status.unconfirmedCount,
    messages_uncommitted: status.uncommittedCount,
    acks_uncommitted: status.uncommittedAcks,
    connection_details: { name, peer_host: peerHost, peer_port: peerPort },
    message_stats: context.sampler.withRates(channel.counts, messageStats(channel.counts)),
    idle_since: context.sampler.idleSince(channel.counts),
  };
}

/** A channel by itself. What it published to whom is not counted, as in RabbitMQ with `rates_mode` basic. */
export function channelAloneJson(context: ManagementContext, placed: PlacedChannel): Json {
  const consumers = [...placed.channel.consumers];
  const consumer_details = consumers.map((consumer) => consumerJson(context, { ...placed, consumer }));
  return { ...channelJson(context, placed), consumer_details, publishes: [], deliveries: [] };
}

/** A consumer, as the API shows it (API-29). */
export function consumerJson(context: ManagementContext, placed: PlacedConsumer): Json {
  const { connection, channel, consumer } = placed;
  const { name, peerHost, peerPort } = connection.details;
  const { identity, consumers } = consumer.queue;
  const role = consumers.roleOf(consumer);
  return {
    consumer_tag: consumer.consumerTag,
    queue: { name: identity.name, vhost: identity.vhost },
    ack_required: !consumer.noAck,
    exclusive: consumer.exclusive,
    prefetch_count: consumer.prefetch,
    active: role !== 'waiting',
    activity_status: role === 'equal' ? (consumer.blocked ? 'blocked' : 'up') : role,
    arguments: tableJson(consumer.arguments),
    consumer_timeout: consumer.queue.consumerTimeout ?? context.limits.ackTimeout,
    channel_details: {
      name: channelName(placed),
      number: channel.number,
      connection_name: name,
      node: context.nodeName,
      peer_host: peerHost,
      peer_port: peerPort,
      user: connection.user,
    },
  };
}
