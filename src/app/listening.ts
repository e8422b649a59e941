import type { Broker } from '../broker/broker.ts';
import { DEFAULT_LIMITS } from '../server/limits.ts';
import type { ServerLimits } from '../server/limits.ts';
import type { Listener } from '../server/listener.ts';
import { urlHost } from './management.ts';
import { mostSockets } from './open-files.ts';
import type { BrokerOptions } from './options.ts';
import type { TlsSettings } from './tls.ts';

/** Where it listens; undefined: nowhere. */
export interface Ports {
  readonly port: number | undefined;
  readonly tlsPort: number | undefined;
}

/** Listens wherever the options say. */
export async function listen(
  listener: Listener,
  { host, port, tlsHost = host, tlsRequireCert = false }: BrokerOptions,
  tls: TlsSettings | undefined,
): Promise<Ports> {
  const tcp = port === false ? undefined : await listener.listen(host, port);
  if (tls?.port === undefined) return { port: tcp?.port, tlsPort: undefined };
  const { port: tlsPort } = await listener.listenTls(tlsHost, tls.port, tls.certificates, tlsRequireCert);
  return { port: tcp?.port, tlsPort };
}

/** URLs name the default user as long as it is as it was. */
export function urlsOf(
  { host, tlsHost = host }: BrokerOptions,
  { users }: Broker,
  { port, tlsPort }: Ports,
): { readonly url: string | undefined; readonly tlsUrl: string | undefined } {
  const login = users.authenticate('guest', 'guest') ? 'guest:guest@' : '';
  return {
    url: port === undefined ? undefined : `amqp://${login}${urlHost(host)}:${port}`,
    tlsUrl: tlsPort === undefined ? undefined : `amqps://${login}${urlHost(tlsHost)}:${tlsPort}`,
  };
}

/** @param hasStore files are kept back for it */
export function serverLimits(options: BrokerOptions, hasStore: boolean): ServerLimits {
  return {
    tune: { ...DEFAULT_LIMITS.tune, channelMax: options.maxChannels },
    largestBody: options.maxMessageSize,
    sockets: mostSockets(hasStore),
    connections: options.maxConnections,
    consumersPerChannel: options.maxConsumersPerChannel,
    ackTimeout: options.consumerTimeout,
  };
}
