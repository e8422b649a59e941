import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './store.ts';

const run = promisify(execFile);

/** A certificate and its key, as files in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Somebody who signs certificates, for one test. */
export class Authority {
  readonly cert: string;
  readonly #directory: string;
  #names = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.cert = join(directory, 'ca.pem');
  }

  static async create(): Promise<Authority> {
    const directory = await temporaryDirectory();
    const authority = new Authority(directory);
    const key = join(directory, 'ca.key');
    await openssl('req', '-x509', ...newKey(key), '-subj', '/CN=test authority', '-out', authority.cert);
    return authority;
  }

  /** For a server on this machine, or a client of this name. */
  async sign(name: string): Promise<Pair> {
    const path = (suffix: string): string => join(this.#directory, `${this.#names}.${suffix}`);
    this.#names++;
    const [cert, key, request, extensions] = [path('pem'), path('key'), path('csr'), path('ext')];
    await writeFile(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    await openssl('req', ...newKey(key), '-subj', `/O=tests/CN=${name}`, '-out', request);
    const by = ['-CA', this.cert, '-CAkey', join(this.#directory, 'ca.key'), '-CAcreateserial'];
    await openssl('x509', '-req', '-in', request, ...by, '-extfile', extensions, '-out', cert);
    return { cert, key };
  }
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

async function openssl(...args: string[]): Promise<void> {
  await run('openssl', args);
}
