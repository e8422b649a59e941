import { resolve } from 'node:path';
import type { Certificates } from '../server/listener.ts';
import { readCertificates } from './certificates.ts';
import type { CertificateFiles } from './certificates.ts';
import { OptionError } from './options.ts';
import type { BrokerOptions } from './options.ts';

/** What is needed to listen with TLS. */
export interface TlsSettings {
  /** For AMQP; undefined: only the management API is served with it. */
  readonly port: number | undefined;
  readonly files: CertificateFiles;
  readonly certificates: Certificates;
}

/** Undefined when nothing is to be served with TLS. @throws {OptionError} when options do not go together */
export async function readTlsOptions(options: BrokerOptions): Promise<TlsSettings | undefined> {
  const { tlsPort: port, managementTls, tlsCert, tlsKey, tlsCa, tlsRequireCert } = options;
  if (port === undefined && !managementTls) {
    if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
    throw new OptionError('certificates are of no use without --tls-port or --management-tls');
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new OptionError(
      `${port === undefined ? '--management-tls' : '--tls-port'} needs --tls-cert and --tls-key`,
    );
  }
  if (tlsRequireCert === true && tlsCa === undefined) {
    throw new OptionError('--tls-require-cert needs --tls-ca: who may sign the certificates of clients');
  }
  const files = { tlsCert: resolve(tlsCert), tlsKey: resolve(tlsKey), tlsCa: tlsCa && resolve(tlsCa) };
  return { port, files, certificates: await readCertificates(files) };
}
