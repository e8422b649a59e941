import { withReturnCounts } from '../../broker/delivery-count.ts';
import { findQueue } from '../../broker/declare.ts';
import type { DeclaredQueue } from '../../broker/declared-queue.ts';
import type { Entry } from '../../broker/message.ts';
import { messageTooLarge, Outcome, Publisher } from '../../broker/publish.ts';
import type { Queue } from '../../broker/queue.ts';
import { QUORUM } from '../../broker/queue-type.ts';
import { AmqpError } from '../../wire/errors.ts';
import { encodeProperties } from '../../wire/properties.ts';
import { badRequest, notAuthorised, ok, Refusal } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { Breather } from '../breather.ts';
import { text } from '../body.ts';
import type { Call, Json } from '../call.ts';
import { onDisk } from '../commit.ts';
import { exchangeInPath } from '../exchange-view.ts';
import type { Route } from '../route.ts';
import { propertiesJson, propertyNames, tableOf } from '../table-json.ts';
import { Patience } from '../patience.ts';
import { actorOf } from '../topology.ts';

/** Publishing and fetching (API-33, API-38). */
export const messageRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/exchanges/:vhost/:exchange/publish',
    access: 'vhost-member',
    summary:
      'Publishes a message, and says whether a queue took it, when it is as safe as a confirm makes it',
    body: {
      properties: 'an object: delivery_mode, headers, expiration, ...',
      routing_key: 'a text',
      payload: 'a text',
      payload_encoding: 'string, or base64 for any bytes',
    },
    handle: publish,
  },
  {
    method: 'POST',
    path: '/queues/:vhost/:queue/get',
    access: 'vhost-member',
    summary: 'Fetches messages',
    body: {
      count: 'how many at most',
      ackmode: 'ack_requeue_true, reject_requeue_true, ack_requeue_false or reject_requeue_false',
      encoding: 'auto: base64 where a body is no text; or base64',
      truncate: 'how many bytes of a body to show; without it all',
    },
    query: { wait: 'how long to wait for a message when there is none: 500ms or 10s, at most 60s' },
    handle: fetch,
  },
];

async function publish(call: Call): Promise<Answer> {
  const { vhost, broker } = call;
  const json = call.jsonWith('routing_key', 'properties', 'payload', 'payload_encoding');
  const exchange = exchangeInPath(call.param('exchange'));
  const routingKey = shortText('routing_key', json['routing_key']);
  const body = bodyOf(json);
  const properties = propertiesOf(json['properties']);
  if (!vhost.exchanges.has(exchange)) throw missing('exchange');
  refuseInAlarm(call);
  refuseTooLarge(call, body);
  const publisher = new Publisher(vhost, actorOf(call));
  const outcome = withCode(() => publisher.publish({ exchange, routingKey }, properties, body));
  if ((outcome & Outcome.ROUTED) === 0) vhost.counts.returned++;
  if ((outcome & Outcome.DURABLE) !== 0) await onDisk(broker.journal, broker.journal.gathering);
  vhost.counts.confirm++;
  return ok({ routed: (outcome & Outcome.ROUTED) !== 0 && (outcome & Outcome.REFUSED) === 0 });
}

/** A client of AMQP would have to wait (CON-58). @throws {Refusal} 503 */
function refuseInAlarm({ host: { alarms } }: Call): void {
  if (!alarms.isRaised) return;
  throw new Refusal(503, {
    error: 'service_unavailable',
    reason: `publishers are blocked: ${alarms.reason}`,
  });
}

/** A channel would be closed. @throws {Refusal} 400 */
function refuseTooLarge({ host: { limits } }: Call, { length }: Buffer): void {
  if (length <= limits.largestBody) return;
  withCode(() => {
    throw messageTooLarge(length, limits.largestBody);
  });
}

/** @throws {Refusal} 400 */
function bodyOf({ payload, payload_encoding: encoding }: Json): Buffer {
  const shown = text('payload', payload);
  if (encoding === 'string') return Buffer.from(shown);
  if (encoding !== 'base64') throw badRequest(['unsupported_encoding', encoding]);
  if (!/^[A-Za-z0-9+/\s]*(?:=\s*){0,2}$/.test(shown)) throw badRequest(['not_base64', shown]);
  return Buffer.from(shown, 'base64');
}

const INTEGERS = ['delivery_mode', 'priority', 'timestamp'];

/** What is no property is ignored. @throws {Refusal} 400 */
function propertiesOf(json: unknown): Buffer {
  if (typeof json !== 'object' || json === null) throw badRequest('properties should be an object');
  const properties: Record<string, unknown> = {};
  for (const [name, shown] of Object.entries(propertyNames)) {
    const value = (json as Json)[shown];
    if (value !== undefined) properties[name] = propertyOf(shown, value);
  }
  return encodeProperties(properties);
}

/** What AMQP has at most 255 bytes for. @throws {Refusal} 400 */
function shortText(name: string, value: unknown): string {
  if (typeof value !== 'string' || Buffer.byteLength(value) > 255) throw badRequest(['not_string', name]);
  return value;
}

function propertyOf(name: string, value: unknown): unknown {
  if (name === 'headers') return tableOf(value, 'headers');
  if (!INTEGERS.includes(name)) {
    return shortText(name, value);
  }
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw badRequest(['not_int', name]);
  if (name === 'timestamp') return BigInt(value as number);
  if ((value as number) > 255) throw badRequest(['not_int', name]);
  return value;
}

/** How what was fetched is settled. */
const ACK_MODES = ['ack_requeue_true', 'ack_requeue_false', 'reject_requeue_true', 'reject_requeue_false'];

interface Fetch {
  readonly count: number;
  readonly mode: string;
  readonly isBase64: boolean;
  readonly truncate: number;
}

async function fetch(call: Call): Promise<Answer> {
  const { vhost } = call;
  const asked = readFetch(call.jsonWith('ackmode', 'count', 'encoding'));
  const patience = new Patience(call);
  const name = call.param('queue');
  if (!vhost.queues.has(name)) throw missing('queue');
  const actor = actorOf(call);
  const check = (): void => mayRead(() => actor.users.check(actor.user, vhost.name, 'read', 'queue', name));
  check();
  const queue = withCode(() => findQueue(vhost, name, actor));
  const taken: Entry[] = [];
  const messages: Json[] = [];
  const breather = new Breather();
  try {
    while (messages.length < asked.count) {
      const entry = withCode(() => queue.get());
      if (entry === undefined && taken.length === 0 && (await patience.more(queue as Queue))) {
        if (queue.isDeleted) throw missing('queue');
        check(); // what it was allowed when it came may have been taken from it
        continue; // no stream: that has thrown
      }
      count(call, queue, entry);
      if (entry === undefined) break;
      taken.push(entry);
      messages.push(messageJson(call, queue, entry, asked));
      if (breather.isDue) await breather.rest();
    }
  } finally {
    settle(call, queue, taken, asked.mode);
  }
  return ok(messages);
}

/** @throws {Refusal} 400 */
function readFetch({ count, ackmode, encoding, truncate }: Json): Fetch {
  const most = wholeNumber(count);
  if (encoding !== 'auto' && encoding !== 'base64') {
    throw badRequest('Unsupported encoding. Please use auto or base64.');
  }
  if (!ACK_MODES.includes(String(ackmode))) {
    throw badRequest(`Invalid ackmode value: ${String(ackmode)}. Valid values are: ${ACK_MODES.join(', ')}`);
  }
  const cut = truncate === undefined ? Infinity : wholeNumber(truncate);
  return { count: most, mode: String(ackmode), isBase64: encoding === 'base64', truncate: cut };
}

/** A number, or a text with one (API-09). */
function wholeNumber(value: unknown): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (Number.isSafeInteger(number) && (number as number) >= 0) return number as number;
  throw badRequest(['not_integer', value]);
}

function count({ vhost }: Call, queue: DeclaredQueue, entry: Entry | undefined): void {
  for (const counts of [queue.counts, vhost.counts]) {
    if (entry === undefined) counts.getEmpty++;
    else counts.countGet(entry.redelivered, false);
  }
}

function settle({ vhost }: Call, queue: DeclaredQueue, entries: readonly Entry[], mode: string): void {
  if (mode.endsWith('requeue_true')) {
    queue.requeue(entries, true); // RabbitMQ itself uses basic.reject for that
  } else if (mode === 'ack_requeue_false') {
    for (const entry of entries) queue.ack(entry);
    for (const counts of [queue.counts, vhost.counts]) counts.ack += entries.length;
  } else {
    vhost.holdBurials(() => {
      for (const entry of entries) queue.reject(entry);
    });
  }
}

function messageJson({ broker }: Call, queue: DeclaredQueue, entry: Entry, asked: Fetch): Json {
  const { message, redelivered } = entry;
  const { page, propertiesAt, propertiesLength, bodyPage, bodyAt, bodyLength } = message;
  const stored = page.bytes ?? broker.journal.load(page);
  const bytes = stored.subarray(propertiesAt, propertiesAt + propertiesLength);
  const isCounted = entry.returns > 0 && queue.arguments.type === QUORUM; // DLV-05
  const properties = isCounted ? withReturnCounts(bytes, (queue as Queue).returnCounts(entry)) : bytes;
  const body = (bodyPage.bytes ?? broker.journal.load(bodyPage)).subarray(bodyAt, bodyAt + bodyLength);
  return {
    payload_bytes: bodyLength,
    redelivered,
    exchange: message.exchange,
    routing_key: message.routingKey,
    message_count: queue.messageCount,
    properties: propertiesJson(properties),
    ...payloadJson(body.subarray(0, asked.truncate), asked.isBase64),
  };
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function payloadJson(body: Buffer, isBase64: boolean): Json {
  const payload = isBase64 ? undefined : decoded(body);
  if (payload !== undefined) return { payload, payload_encoding: 'string' };
  return { payload: body.toString('base64'), payload_encoding: 'base64' };
}

/** Undefined for what is no text. */
function decoded(body: Buffer): string | undefined {
  try {
    return UTF_8.decode(body);
  } catch {
    return undefined;
  }
}

/** As it is called since 3.13 (API-05). */
function missing(what: 'exchange' | 'queue'): Refusal {
  return new Refusal(404, { error: 'not_found', reason: `${what}_not_found` });
}

/** Refusals of the core with their codes, as a channel would be closed with them. @throws {Refusal} 400 */
function withCode<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw error instanceof AmqpError ? badRequest(`${error.code} ${error.message}`) : error;
  }
}

/** @throws {Refusal} 401 with the whole text (API-04) */
function mayRead(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof AmqpError ? notAuthorised(error.message) : error;
  }
}
