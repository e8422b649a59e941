import { bool, fieldTable, longstr, table } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import { packageVersion } from './version.ts';

/** The RabbitMQ whose behaviour is followed: clients decide by it what they may use. */
export const ACTS_AS = '4.2.0';
/** The only node of its cluster. */
export const NODE_NAME = 'leveret@localhost';

/** Name and version, and of what it runs on. */
export function platform(): string {
  return `Leveret ${packageVersion()} on Node.js ${process.version}`;
}

/** Sorted by key, as RabbitMQ sends them (CON-06, CON-07); of the capabilities only those there are. */
export function serverProperties(clusterName: string): FieldTable {
  const capabilities = [
    'authentication_failure_close',
    'basic.nack',
    'connection.blocked',
    'consumer_cancel_notify',
    'consumer_priorities',
    'direct_reply_to',
    'exchange_exchange_bindings',
    'per_consumer_qos',
    'publisher_confirms',
  ];
  return fieldTable({
    capabilities: table(Object.fromEntries(capabilities.map((name) => [name, bool(true)]))),
    cluster_name: longstr(clusterName),
    copyright: longstr('Copyright (c) the Leveret authors'),
    information: longstr('Licensed under the Apache License 2.0'),
    platform: longstr(platform()),
    product: longstr('RabbitMQ'),
    version: longstr(ACTS_AS),
  });
}
