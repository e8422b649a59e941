import { deathReasons, strategies } from '../broker/death-counts.ts';
import type { MessageCounts } from '../broker/counts.ts';
import { channelsOf } from '../management/client-view.ts';
import type { ManagementHost } from '../management/host.ts';
import type { Sums } from './family.ts';
import { figure, sample } from './figure.ts';
import type { Figure } from './figure.ts';

/** As they stand in labels. */
const PROTOCOL = { protocol: 'amqp091' };

/** What there is of everything. */
export function countFigures({ broker }: ManagementHost): Figure[] {
  let channels = 0;
  for (const { channelCount } of broker.connections) channels += channelCount;
  let queues = 0;
  for (const vhost of broker.vhosts.values()) queues += vhost.queues.size;
  return [
    figure('rabbitmq_connections', 'gauge', 'Connections currently open', broker.connections.count),
    figure('rabbitmq_channels', 'gauge', 'Channels currently open', channels),
    figure('rabbitmq_consumers', 'gauge', 'Consumers currently connected', consumerCount(broker)),
    figure('rabbitmq_queues', 'gauge', 'Queues available', queues),
  ];
}

function consumerCount({ connections }: ManagementHost['broker']): number {
  let count = 0;
  for (const { channel } of channelsOf(connections)) count += channel.status().consumerCount;
  return count;
}

/** What happened in all, since the broker began (`rabbitmq_global_`). */
export function globalFigures({ broker }: ManagementHost, { counts, confirmsAsked, queues }: Sums): Figure[] {
  const routed = [...queues.values()].reduce((sum, totals) => sum + totals.counts.publish, 0);
  const whole = (name: string, help: string, value: number): Figure =>
    figure(`rabbitmq_global_${name}`, 'counter', help, [sample(value, PROTOCOL)]);
  return [
    whole('messages_received_total', 'Total number of messages received from publishers', counts.publish),
    whole(
      'messages_received_confirm_total',
      'Total number of messages received from publishers expecting confirmations',
      confirmsAsked,
    ),
    whole('messages_confirmed_total', 'Total number of messages confirmed to publishers', counts.confirm),
    whole('messages_routed_total', 'Total number of messages routed to queues or streams', routed),
    whole(
      'messages_unroutable_dropped_total',
      'Total number of messages published as non-mandatory into an exchange and dropped as unroutable',
      counts.dropped,
    ),
    whole(
      'messages_unroutable_returned_total',
      'Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable',
      counts.returned,
    ),
    ...deliveryFigures(queues),
    ...deathFigures(queues),
    figure('rabbitmq_global_publishers', 'gauge', 'Current number of publishers', [
      sample(publisherCount(broker), PROTOCOL),
    ]),
    figure('rabbitmq_global_consumers', 'gauge', 'Current number of consumers', [
      sample(consumerCount(broker), PROTOCOL),
    ]),
  ];
}

/** Channels on which something was published. */
function publisherCount({ connections }: ManagementHost['broker']): number {
  let count = 0;
  for (const { channel } of channelsOf(connections)) if (channel.counts.publish > 0) count++;
  return count;
}

function deliveryFigures(queues: Sums['queues']): Figure[] {
  const byType = (name: string, help: string, of: (counts: MessageCounts) => number): Figure =>
    figure(
      `rabbitmq_global_messages_${name}_total`,
      'counter',
      help,
      [...queues].map(([type, { counts }]) =>
        sample(of(counts), { ...PROTOCOL, queue_type: moduleOf(type) }),
      ),
    );
  return [
    byType('acknowledged', 'Total number of messages acknowledged by consumers', ({ ack }) => ack),
    byType(
      'delivered',
      'Total number of messages delivered to consumers',
      ({ deliver, deliverNoAck, get, getNoAck }) => deliver + deliverNoAck + get + getNoAck,
    ),
    byType(
      'delivered_consume_auto_ack',
      'Total number of messages delivered to consumers using basic.consume with automatic acknowledgment',
      ({ deliverNoAck }) => deliverNoAck,
    ),
    byType(
      'delivered_consume_manual_ack',
      'Total number of messages delivered to consumers using basic.consume with manual acknowledgment',
      ({ deliver }) => deliver,
    ),
    byType(
      'delivered_get_auto_ack',
      'Total number of messages delivered to consumers using basic.get with automatic acknowledgment',
      ({ getNoAck }) => getNoAck,
    ),
    byType(
      'delivered_get_manual_ack',
      'Total number of messages delivered to consumers using basic.get with manual acknowledgment',
      ({ get }) => get,
    ),
    byType(
      'get_empty',
      'Total number of times basic.get operations fetched no message',
      ({ getEmpty }) => getEmpty,
    ),
    byType('redelivered', 'Total number of messages redelivered to consumers', ({ redeliver }) => redeliver),
  ];
}

const WHY: Readonly<Record<(typeof deathReasons)[number], string>> = {
  rejected: 'basic.reject or basic.nack',
  expired: 'message TTL exceeded',
  maxlen: 'overflow drop-head or reject-publish-dlx',
  delivery_limit: 'delivery-limit exceeded',
};

/** Streams dead-letter nothing. */
function deathFigures(queues: Sums['queues']): Figure[] {
  const types = [...queues].filter(([type]) => type !== 'stream');
  return deathReasons.map((reason) =>
    figure(
      `rabbitmq_global_messages_dead_lettered_${reason}_total`,
      'counter',
      `Total number of messages dead-lettered due to ${WHY[reason]}`,
      types.flatMap(([type, { deaths }]) =>
        strategies.map((strategy) =>
          sample(deaths.deaths(strategy, reason), {
            queue_type: moduleOf(type),
            dead_letter_strategy: strategy,
          }),
        ),
      ),
    ),
  );
}

/** `rabbit_classic_queue`: what RabbitMQ's dashboards ask for. */
function moduleOf(type: string): string {
  return `rabbit_${type}_queue`;
}
