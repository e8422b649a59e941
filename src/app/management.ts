import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { ManagementHost } from '../management/host.ts';
import type { Certificates } from '../server/listener.ts';
import type { BrokerOptions } from './options.ts';

/** How far the port of the management API is above that of AMQP, as 15672 is above 5672. */
const ABOVE_AMQP = 10_000;
const HIGHEST_PORT = 65_535;

/** A running management API, or what serves metrics. */
interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** A running management API. */
interface ServedManagement extends Served {
  /** From now on it shows these, if it shows any. */
  renew(certificates: Certificates): void;
}

/** How long a client may take to send a request, and what it may leave a connection idle (ms). */
const TIMEOUTS = { requestTimeout: 30_000, keepAliveTimeout: 60_000 };

/**
 * Serves the management API, if the options ask for it.
 * @param certificates what is shown, if it is served with TLS
 */
export async function startManagement(
  { management, managementHost, managementPort, managementTls, host, port }: BrokerOptions,
  of: ManagementHost,
  certificates: Certificates | undefined,
): Promise<ServedManagement | undefined> {
  if (!management) return undefined;
  const { ManagementListener } = await import('../management/listener.ts'); // loaded here: not everybody has use for it
  const tls = managementTls && certificates !== undefined ? await createTlsServer(certificates) : undefined;
  const protocol = tls === undefined ? 'http' : 'https';
  const listener = new ManagementListener(of, tls ?? createServer(TIMEOUTS), protocol);
  const address = managementHost ?? host;
  const bound = await listener.listen(address, managementPort ?? usualPort(port === false ? 0 : port));
  return {
    url: `${protocol}://${urlHost(address)}:${bound.port}`,
    renew: ({ cert, key }) => tls?.setSecureContext({ cert, key }),
    stop: () => listener.stop(),
  };
}

async function createTlsServer({ cert, key }: Certificates): Promise<TlsServer & Server> {
  const { createServer } = await import('node:https'); // loaded here: most brokers do without
  return createServer({ ...TIMEOUTS, cert, key });
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
  of.node.listeners.push({ protocol: 'http/prometheus', host: bound.address, port: bound.port });
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
