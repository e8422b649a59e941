import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ManagementHost } from '../management/host.ts';
import { closeAtOnce, listenOn } from '../management/http-port.ts';
import { scrapes, TEXT_FORMAT } from './scrape.ts';

/** How long a client may take to send a request (ms). */
const REQUEST_MS = 10_000;
const ALLOW = 'HEAD, GET, OPTIONS';

/** The metrics on a port of their own, for whoever reaches it: there is no login. */
export class MetricsServer {
  readonly #host: ManagementHost;
  readonly #server: Server;

  constructor(host: ManagementHost) {
    this.#host = host;
    this.#server = createServer({ requestTimeout: REQUEST_MS }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  /** Port 0 picks a free one. Rejects with the system's error when it cannot listen. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return listenOn(this.#server, host, port);
  }

  /** Ends at once, with the scrapes that are under way. */
  stop(): Promise<void> {
    return closeAtOnce(this.#server);
  }

  async #serve({ method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', query] = url.split('?', 2);
    const scrape = Object.hasOwn(scrapes, path) ? scrapes[path] : undefined;
    if (scrape === undefined) return end(response, 404);
    if (method === 'OPTIONS') return end(response, 200);
    if (method !== 'GET' && method !== 'HEAD') return end(response, 405);
    response.writeHead(200, { 'content-type': TEXT_FORMAT });
    if (method === 'HEAD') return void response.end();
    try {
      await pipeline(Readable.from(scrape(this.#host, new URLSearchParams(query))), response);
    } catch (error) {
      const { code, stack } = error as NodeJS.ErrnoException;
      if (code !== 'ERR_STREAM_PREMATURE_CLOSE') this.#host.log.error({ stack }, 'a bug: please report it');
    }
  }
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { allow: ALLOW }).end();
}
