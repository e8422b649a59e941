import type { OpenConnection } from '../broker/connections.ts';
import type { MessageCounts, Traffic } from '../broker/counts.ts';
import { channelName, channelsOf } from '../management/client-view.ts';
import type { PlacedChannel } from '../management/client-view.ts';
import { counter, gauge, valuesOf } from './family.ts';
import type { Column, Family, Kind, Sums } from './family.ts';
import { labelText } from './figure.ts';

interface Counted {
  readonly channel: { readonly counts: MessageCounts };
}

const status: readonly Column<PlacedChannel>[] = [
  gauge('channel_consumers', 'Consumers on a channel', ({ channel }) => channel.status().consumerCount),
  gauge(
    'channel_messages_unacked',
    'Delivered but not yet acknowledged messages',
    ({ channel }) => channel.status().unackedCount,
  ),
  gauge(
    'channel_messages_unconfirmed',
    'Published but not yet confirmed messages',
    ({ channel }) => channel.status().unconfirmedCount,
  ),
  gauge(
    'channel_messages_uncommitted',
    'Messages received in a transaction but not yet committed',
    ({ channel }) => channel.status().uncommittedCount,
  ),
  gauge(
    'channel_acks_uncommitted',
    'Message acknowledgements in a transaction not yet committed',
    ({ channel }) => channel.status().uncommittedAcks,
  ),
  gauge(
    'consumer_prefetch',
    'Limit of unacknowledged messages for each consumer',
    ({ channel }) => channel.status().prefetch,
  ),
  gauge(
    'channel_prefetch',
    'Limit of unacknowledged messages for the channel as a whole',
    ({ channel }) => channel.status().globalPrefetch,
  ),
];

const published: readonly Column<Counted>[] = [
  counter(
    'channel_messages_published_total',
    'Total number of messages published into an exchange on a channel',
    ({ channel }) => channel.counts.publish,
  ),
  counter(
    'channel_messages_confirmed_total',
    'Total number of messages published into an exchange and confirmed on the channel',
    ({ channel }) => channel.counts.confirm,
  ),
  counter(
    'channel_messages_unroutable_returned_total',
    'Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable',
    ({ channel }) => channel.counts.returned,
  ),
  counter(
    'channel_messages_unroutable_dropped_total',
    'Total number of messages published as non-mandatory into an exchange and dropped as unroutable',
    ({ channel }) => channel.counts.dropped,
  ),
];

const delivered: readonly Column<Counted>[] = [
  counter(
    'channel_get_ack_total',
    'Total number of messages fetched with basic.get in manual acknowledgement mode',
    ({ channel }) => channel.counts.get,
  ),
  counter(
    'channel_get_total',
    'Total number of messages fetched with basic.get in automatic acknowledgement mode',
    ({ channel }) => channel.counts.getNoAck,
  ),
  counter(
    'channel_messages_delivered_ack_total',
    'Total number of messages delivered to consumers in manual acknowledgement mode',
    ({ channel }) => channel.counts.deliver,
  ),
  counter(
    'channel_messages_delivered_total',
    'Total number of messages delivered to consumers in automatic acknowledgement mode',
    ({ channel }) => channel.counts.deliverNoAck,
  ),
  counter(
    'channel_messages_redelivered_total',
    'Total number of messages redelivered to consumers',
    ({ channel }) => channel.counts.redeliver,
  ),
  counter(
    'channel_messages_acked_total',
    'Total number of messages acknowledged by consumers',
    ({ channel }) => channel.counts.ack,
  ),
  counter(
    'channel_get_empty_total',
    'Total number of times basic.get operations fetched no message',
    ({ channel }) => channel.counts.getEmpty,
  ),
];

/** All channels, also those that are closed. */
function wholeOf(columns: readonly Column<Counted>[]): (sums: Sums) => readonly number[] {
  return (sums) => valuesOf(columns, { channel: sums });
}

const channelFamilies: readonly Family<PlacedChannel>[] = [
  { name: 'channel_metrics', columns: status },
  { name: 'channel_exchange_metrics', columns: published, whole: wholeOf(published) },
  { name: 'channel_queue_metrics', columns: delivered, whole: wholeOf(delivered) },
];

export const channelKind: Kind<PlacedChannel> = {
  families: channelFamilies,
  subjects: ({ broker }, isWanted) =>
    [...channelsOf(broker.connections)].filter(({ connection }) => isWanted(connection.vhostName)),
  labels: (placed) => labelText({ channel: channelName(placed) }),
};

const traffic: readonly Column<{ readonly traffic: Traffic }>[] = [
  counter(
    'connection_incoming_bytes_total',
    'Total number of bytes received on a connection',
    (one) => one.traffic.receivedOctets,
  ),
  counter(
    'connection_outgoing_bytes_total',
    'Total number of bytes sent on a connection',
    (one) => one.traffic.sentOctets,
  ),
];

const packets: readonly Column<{ readonly traffic: Traffic }>[] = [
  counter(
    'connection_incoming_packets_total',
    'Total number of packets received on a connection',
    (one) => one.traffic.reads,
  ),
  counter(
    'connection_outgoing_packets_total',
    'Total number of packets sent on a connection',
    (one) => one.traffic.writes,
  ),
];

const connectionFamilies: readonly Family<OpenConnection>[] = [
  { name: 'connection_coarse_metrics', columns: traffic, whole: (sums) => valuesOf(traffic, sums) },
  { name: 'connection_metrics', columns: packets, whole: (sums) => valuesOf(packets, sums) },
  {
    name: 'connection_metrics',
    columns: [gauge('connection_channels', 'Channels on a connection', (one) => one.channelCount)],
  },
];

/** RabbitMQ calls a connection a channel, too. */
export const connectionKind: Kind<OpenConnection> = {
  families: connectionFamilies,
  subjects: ({ broker }, isWanted) => [...broker.connections].filter(({ vhostName }) => isWanted(vhostName)),
  labels: ({ details }) => labelText({ channel: details.name }),
};
