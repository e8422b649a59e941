import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Certificates } from '../server/listener.ts';
import type { Log } from '../server/log.ts';
import { OptionError } from './options.ts';

/** Where certificates are. */
export interface CertificateFiles {
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsCa: string | undefined;
}

/** How often files are looked at (ms): what renews certificates renames files, which watching them would miss. */
const LOOK_MS = 1_000;

/** @throws {OptionError} when a file cannot be read, or they do not fit together */
export async function readCertificates({ tlsCert, tlsKey, tlsCa }: CertificateFiles): Promise<Certificates> {
  const certificates: Certificates = {
    cert: await readPem('--tls-cert', tlsCert),
    key: await readPem('--tls-key', tlsKey),
    ca: tlsCa === undefined ? undefined : await readPem('--tls-ca', tlsCa),
  };
  const { cert, key, ca } = certificates;
  const { createSecureContext } = await import('node:tls'); // loaded here: most brokers do without
  try {
    createSecureContext({ cert, key, ...(ca === undefined ? {} : { ca }) });
  } catch (error) {
    const files = [tlsCert, tlsKey, ...(tlsCa === undefined ? [] : [tlsCa])].join(', ');
    throw new OptionError(`the certificates in ${files} cannot be used: ${(error as Error).message}`);
  }
  return certificates;
}

/**
 * Reads them again whenever one of the files has changed. What cannot be used is logged, and left until it changes.
 * @returns ends it
 */
export function watchCertificates(
  files: CertificateFiles,
  renew: (certificates: Certificates) => void,
  log: Log,
): () => void {
  const paths = [files.tlsCert, files.tlsKey, ...(files.tlsCa === undefined ? [] : [files.tlsCa])];
  const changed = async (): Promise<void> => {
    try {
      renew(await readCertificates(files));
      log.info({ files: paths }, 'certificates renewed');
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'certificates not renewed');
    }
  };
  const listener = (): void => void changed();
  for (const path of paths) watchFile(path, { interval: LOOK_MS, persistent: false }, listener);
  return () => {
    for (const path of paths) unwatchFile(path, listener);
  };
}

async function readPem(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new OptionError(`cannot read ${flag} ${path}: ${(error as Error).message}`);
  }
}
