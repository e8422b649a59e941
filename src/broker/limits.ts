/** What RabbitMQ calls the limits of a vhost (CON-28, QUE-21). */
export const vhostLimitNames = { 'max-connections': 'maxConnections', 'max-queues': 'maxQueues' } as const;

/** What RabbitMQ calls the limits of a user (CON-28, CHN-03). */
export const userLimitNames = { 'max-connections': 'maxConnections', 'max-channels': 'maxChannels' } as const;

/** Limits by the names they have in RabbitMQ, without those that are not set. */
export function namedLimits<K extends string>(
  limits: { readonly [N in K]?: number } | undefined,
  names: Readonly<Record<string, K>>,
): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [name, key] of Object.entries(names)) {
    const limit = limits?.[key];
    if (limit !== undefined) named[name] = limit;
  }
  return named;
}
