import type { ManagementHost } from '../management/host.ts';
import type { BrokerOptions } from './options.ts';

/** How far the port of the management API is above that of AMQP, as 15672 is above 5672. */
const ABOVE_AMQP = 10_000;
const HIGHEST_PORT = 65_535;

/** A running management API, or what serves metrics. */
interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the management API, if the options ask for it. */
export async function startManagement(
  { management, managementHost, managementPort, host, port }: BrokerOptions,
  of: ManagementHost,
): Promise<Served | undefined> {
  if (!management) return undefined;
  const { ManagementListener } = await import('../management/listener.ts'); // loaded here: not everybody has use for it
  const server = new ManagementListener(of);
  const address = managementHost ?? host;
  const bound = await server.listen(address, managementPort ?? usualPort(port === false ? 0 : port));
  return { url: `http://${urlHost(address)}:${bound.port}`, stop: () => server.stop() };
}

/** Serves metrics to anybody, if the options ask for it. */
export async function startMetrics(
  { metricsHost, metricsPort, host }: BrokerOptions,
  of: ManagementHost,
): Promise<Served | undefined> {
  if (metricsPort === undefined) return undefined;
  const { MetricsServer } = await import('../metrics/server.ts');
  const server = new MetricsServer(of);
  const address = metricsHost ?? host;
  const bound = await server.listen(address, metricsPort);
  return { url: `http://${urlHost(address)}:${bound.port}/metrics`, stop: () => server.stop() };
}

/** A free one beside a free one, and where there is none so far above. */
function usualPort(amqpPort: number): number {
  const port = amqpPort + ABOVE_AMQP;
  return amqpPort === 0 || port > HIGHEST_PORT ? 0 : port;
}

/** An address as it is written in a URL. */
export function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
