import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { isLoopback } from '../broker/admission.ts';
import type { User } from '../broker/users.ts';
import { ValidationError } from '../broker/validation-error.ts';
import { metricsRoutes } from '../metrics/routes.ts';
import { AmqpError } from '../wire/errors.ts';
import { badRequest, notAuthorised, notFound, Refusal } from './answer.ts';
import type { Answer } from './answer.ts';
import { authorise } from './auth.ts';
import { Call } from './call.ts';
import { onDisk } from './commit.ts';
import type { ManagementContext } from './host.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
import { shown } from './list.ts';

/** Enough for the largest message that is accepted unless it is said otherwise, in base64. */
const LARGEST_BODY = 32 * 1024 * 1024;
/** The same of somebody who has not logged in. */
const LARGEST_LOGIN = 16 * 1024;
/** A name has at most 255 bytes, each of which may be written as `%XX`. */
const LONGEST_SEGMENT = 3 * 255;

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'DELETE', 'PATCH'] as const;

/** The management HTTP API: RabbitMQ's, under `/api`. Who has a port for it is `ManagementListener`. */
export class ManagementServer {
  readonly #host: ManagementContext;
  readonly #app: FastifyInstance;
  /** Who makes a request that is being served. */
  readonly #users = new WeakMap<FastifyRequest, User>();

  /** @param server whose requests it is given: it answers what is no HTTP there */
  constructor(host: ManagementContext, server: Server) {
    this.#host = host;
    this.#app = fastify({
      serverFactory: () => server,
      exposeHeadRoutes: false,
      frameworkErrors: (error, _request, reply) => void send(reply, this.#refused(error)),
      routerOptions: { maxParamLength: LONGEST_SEGMENT, ignoreTrailingSlash: true },
    });
    this.#app.removeAllContentTypeParsers();
    this.#app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    this.#app.setErrorHandler((error, _request, reply) => send(reply, this.#refused(error)));
    this.#app.addHook('onRequest', async (request) => {
      if (request.is404) throw notFound(); // before its body is read
    });
    this.#addAll('/api', routes);
    this.#addAll('', metricsRoutes);
  }

  /** Answers one request, once it is ready. */
  readonly handle: RequestListener = (request, response) => this.#app.routing(request, response);

  async ready(): Promise<void> {
    await this.#app.ready();
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  #addAll(root: string, all: readonly Route[]): void {
    for (const path of new Set(all.map((route) => route.path))) {
      this.#add(
        `${root}${path}`,
        all.filter((route) => route.path === path),
      );
    }
  }

  /** All methods of a path: those it has, HEAD, OPTIONS, and 405 for the others (API-06). */
  #add(url: string, ofPath: readonly Route[]): void {
    const named: readonly string[] = ofPath.map(({ method }) => method);
    const allowed: readonly string[] = [...named, ...(named.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
    const allow = allowed.join(', ');
    const others: HTTPMethods[] = METHODS.filter((method) => !allowed.includes(method));
    for (const route of ofPath) {
      const serve = {
        url,
        bodyLimit: route.access === 'anybody' ? LARGEST_LOGIN : LARGEST_BODY,
        onRequest: async (request: FastifyRequest): Promise<void> => this.#admit(route, request),
        handler: (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
          this.#serve(route, request, reply),
      };
      this.#app.route({ ...serve, method: route.method });
      if (route.method === 'GET') this.#app.route({ ...serve, method: 'HEAD' });
    }
    this.#answerAtOnce(url, ['OPTIONS'], { status: 200, headers: { allow } });
    this.#answerAtOnce(url, others, { status: 405, headers: { allow } });
  }

  /** Whoever asks, and whatever is in the body, which is not read. */
  #answerAtOnce(url: string, method: HTTPMethods[], answer: Answer): void {
    const handler = (_request: FastifyRequest, reply: FastifyReply): FastifyReply => send(reply, answer);
    this.#app.route({ method, url, onRequest: async (request, reply) => handler(request, reply), handler });
  }

  /** Who may not make a request is told so before its body is read. */
  #admit(route: Route, request: FastifyRequest): void {
    const { headers } = request;
    const params = paramsOf(request);
    if (route.method !== 'GET' && isFromElsewhere(headers)) throw notFromHere();
    if (route.method === 'PUT' && Object.values(params).includes('')) throw notFound(); // nothing is without a name
    const caller = { authorization: headers.authorization, isLoopback: isFromHere(request) };
    this.#users.set(request, authorise(this.#host.broker, route.access, caller, params['vhost']));
  }

  async #serve(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { broker } = this.#host;
    const user = this.#users.get(request);
    if (user === undefined) throw new Error('a request was served before it was admitted');
    const { headers } = request;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const query = new URLSearchParams(/\?.*$/.exec(request.url)?.[0]);
    const params = paramsOf(request);
    const gone = endOf(request.raw.socket);
    const parts = { params, query, headers, body, isLoopback: isFromHere(request), gone };
    const call = new Call(this.#host, user, parts);
    const answer = await route.handle(call);
    if (route.method !== 'GET') await onDisk(broker.journal, broker.journal.defined);
    return send(reply, route.method === 'GET' ? await shown(call, answer) : answer);
  }

  #refused(error: unknown): Answer {
    if (error instanceof Refusal) return error.answer;
    if (error instanceof ValidationError) return badRequest(error.answer).answer;
    if (error instanceof AmqpError) return amqpRefusal(error).answer;
    const { statusCode, message } = error as Error & { readonly statusCode?: number };
    if (statusCode !== undefined && statusCode < 500)
      return { ...badRequest(message).answer, status: statusCode };
    this.#host.onFault(error);
    return { status: 500, json: { error: 'Internal Server Error', reason: 'see the log of the broker' } };
  }
}

const ends = new WeakMap<Socket, AbortSignal>();

/** Aborted when the connection ends: one for all its requests, as an answer that waits behind another hears nothing of it. */
function endOf(socket: Socket): AbortSignal {
  const known = ends.get(socket);
  if (known !== undefined) return known;
  const controller = new AbortController();
  if (socket.destroyed) controller.abort();
  else socket.once('close', () => controller.abort());
  ends.set(socket, controller.signal);
  return controller.signal;
}

/** A client that is gone by now has no address any more. */
function isFromHere({ raw: { socket } }: FastifyRequest): boolean {
  return isLoopback(socket.remoteAddress ?? '');
}

function paramsOf({ params }: FastifyRequest): Readonly<Record<string, string>> {
  return params as Readonly<Record<string, string>>;
}

/** Browsers say where a page is from: new ones in one word, but only to hosts they trust, all others by its origin. */
function isFromElsewhere({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site === 'cross-site';
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

/** A browser may have the login of its user, and a page of another site must not make use of it. */
function notFromHere(): Refusal {
  return new Refusal(403, { error: 'forbidden', reason: 'a page of another site may not change anything' });
}

/** What a channel would be closed with (API-04, API-08). */
function amqpRefusal({ reply, message }: AmqpError): Refusal {
  if (reply === 'ACCESS_REFUSED') return notAuthorised('Access refused.');
  const reason = message.replace(`${reply} - `, '');
  return reply === 'NOT_FOUND' ? new Refusal(404, { error: 'not_found', reason }) : badRequest(reason);
}

function send(reply: FastifyReply, { status, json, pieces, headers = {} }: Answer): FastifyReply {
  const all = { 'cache-control': 'no-cache', 'content-type': 'application/json', ...headers };
  void reply.code(status).headers(all);
  if (json === undefined && pieces === undefined) return reply.removeHeader('content-type').send();
  const body = pieces === undefined ? JSON.stringify(json) : Readable.from(pieces);
  return reply.send(body);
}
