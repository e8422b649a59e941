import type { ConsumeMessage } from 'amqplib';
import type { Delivery } from './programs.ts';

/** What amqplib hands over, as the programs see it. */
export function deliveryOf({ content, fields, properties }: ConsumeMessage): Delivery {
  const { exchange, routingKey, redelivered } = fields;
  const { headers = {}, expiration } = properties as { headers?: object; expiration?: string };
  return {
    body: content.toString(),
    headers: headers as Delivery['headers'],
    exchange,
    routingKey,
    redelivered,
    expiration,
  };
}
