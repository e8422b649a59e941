import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListenerFacts, ManagementContext, ManagementHost } from './host.ts';
import { closeAtOnce, listenOn } from './http-port.ts';
import { Sampler } from './sampler.ts';
import type { ManagementServer } from './server.ts';

/**
 * Where the management API is reached. It listens at once; fastify and the routes, which take longer to load than all
 * the rest of the broker, are loaded when the first request comes.
 */
export class ManagementListener {
  readonly #host: ManagementContext;
  readonly #server: Server;
  readonly #protocol: 'http' | 'https';
  readonly #own: ListenerFacts[] = [];
  #api: Promise<ManagementServer> | undefined = undefined;
  #handler: RequestListener | undefined = undefined;

  /** @param server that listens nowhere yet */
  constructor(host: ManagementHost, server: Server, protocol: 'http' | 'https') {
    const onFault = (error: unknown): void => {
      const { stack } = error instanceof Error ? error : new Error(String(error));
      host.log.error({ stack }, 'a bug: please report it');
    };
    const sampler = new Sampler(host.broker, host.wallClock, onFault);
    const listeners = (): ListenerFacts[] => [...host.node.listeners, ...this.#own];
    this.#host = { ...host, sampler, listeners, onFault };
    this.#protocol = protocol;
    this.#server = server.on('request', (request, response) => this.#handle(request, response));
  }

  /** Port 0 picks a free one. Rejects with the system's error when it cannot listen. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    const address = await listenOn(this.#server, host, port);
    this.#host.sampler.start();
    this.#own.push({ protocol: this.#protocol, host: address.address, port: address.port });
    return address;
  }

  /** Ends at once, with the connections that are open. */
  async stop(): Promise<void> {
    this.#host.sampler.stop();
    await closeAtOnce(this.#server);
    await (await this.#api)?.close();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    this.#host.sampler.wake();
    if (this.#handler === undefined) void this.#handleFirst(request, response);
    else this.#handler(request, response);
  }

  async #handleFirst(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#api ??= this.#load();
      this.#handler = (await this.#api).handle;
    } catch (error) {
      this.#api = undefined;
      this.#host.onFault(error);
      response.writeHead(500).end();
      return;
    }
    this.#handler(request, response);
  }

  async #load(): Promise<ManagementServer> {
    const { ManagementServer } = await import('./server.ts');
    const api = new ManagementServer(this.#host, this.#server);
    await api.ready();
    return api;
  }
}
