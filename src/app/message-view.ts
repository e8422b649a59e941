import { isUtf8 } from 'node:buffer';
import type { Broker } from '../broker/broker.ts';
import { readRecord } from '../broker/chunk.ts';
import { readHistory } from '../broker/death.ts';
import type { Entry, Message } from '../broker/message.ts';
import type { Queue } from '../broker/queue.ts';
import type { Stream } from '../broker/stream.ts';
import { plainProperties } from '../wire/plain.ts';
import type { PlainProperties } from '../wire/plain.ts';
import { decodeProperties, PropertyScan } from '../wire/properties.ts';

/** One line of the history of a message that was dead-lettered. */
export interface DeathView {
  readonly queue: string;
  readonly reason: string;
  readonly count: number;
  /** Of the first death of this kind; whole seconds. */
  readonly time: Date;
  readonly exchange: string;
  readonly routingKeys: readonly string[];
}

export type MessageState = 'ready' | 'unacked' | 'delayed' | 'dead';

/** A message in a queue at one moment. */
export interface MessageView {
  /** The broker's own number for it, as in events; in a stream its offset. */
  readonly id: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: PlainProperties;
  readonly body: Buffer;
  /** The body as what it is: JSON by its content type, else text, else bytes. */
  readonly content: unknown;
  /** Its history, the last death first. */
  readonly deaths: readonly DeathView[];
  /** `delayed`: it came back and waits before it is ready again; `dead`: it is kept until it can be dead-lettered. */
  readonly state: MessageState;
  /** How often it came back. */
  readonly returns: number;
  /** When it expires in this queue, in milliseconds since the epoch; undefined when it never does. */
  readonly expiresAt: number | undefined;
}

type Place = Pick<MessageView, 'id' | 'exchange' | 'routingKey' | 'state' | 'returns' | 'expiresAt'>;

/** Reads messages where they lie. */
export class MessageReader {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  *ofQueue(queue: Queue): Iterable<MessageView> {
    for (const entry of queue.ready) yield this.#view(entry, 'ready');
    for (const [entry] of queue.delayed ?? []) yield this.#view(entry, 'delayed');
    for (const { entry } of queue.kept ?? []) yield this.#view(entry, 'dead');
    for (const connection of this.#broker.connections) {
      for (const channel of connection.channels) {
        for (const delivery of channel.deliveries) {
          if (delivery.queue === queue) yield this.#view(delivery.entry, 'unacked');
        }
      }
    }
  }

  *ofStream(stream: Stream): Iterable<MessageView> {
    for (const { firstOffset, count } of stream.chunks) {
      const bytes = this.#broker.journal.loadChunk(stream.identity.id, firstOffset);
      for (let at = 0, offset = firstOffset; offset < firstOffset + count; offset++) {
        const { exchange, routingKey, propertiesAt, bodyAt, end } = readRecord(bytes, at);
        const place = {
          id: offset,
          exchange,
          routingKey,
          state: 'ready' as const,
          returns: 0,
          expiresAt: undefined,
        };
        yield viewContent(place, bytes.subarray(propertiesAt, bodyAt - 4), bytes.subarray(bodyAt, end));
        at = end;
      }
    }
  }

  #view({ message, expiresAt, returns }: Entry, state: MessageState): MessageView {
    const { id, exchange, routingKey } = message;
    const deadline = expiresAt === Infinity ? undefined : expiresAt;
    const place = { id, exchange, routingKey, state, returns, expiresAt: deadline };
    return viewContent(place, ...this.#contentOf(message));
  }

  #contentOf(message: Message): [properties: Buffer, body: Buffer] {
    const { page, propertiesAt, propertiesLength, bodyPage, bodyAt, bodyLength } = message;
    const { journal } = this.#broker;
    return [
      (page.bytes ?? journal.load(page)).subarray(propertiesAt, propertiesAt + propertiesLength),
      (bodyPage.bytes ?? journal.load(bodyPage)).subarray(bodyAt, bodyAt + bodyLength),
    ];
  }
}

function viewContent(place: Place, bytes: Buffer, body: Buffer): MessageView {
  const properties = plainProperties(decodeProperties(bytes));
  const { headersStart, headersEnd } = new PropertyScan().scan(bytes, 0, bytes.length);
  const history = headersStart < 0 ? [] : readHistory(bytes.subarray(headersStart, headersEnd));
  return {
    ...place,
    properties,
    body: Buffer.from(body), // a copy: theirs to write to
    content: contentOf(properties.contentType, body),
    deaths: history.map(({ queue, reason, count, time, exchange, routingKeys }) => {
      return {
        queue,
        reason,
        count: Number(count),
        time: new Date(Number(time) * 1000),
        exchange,
        routingKeys,
      };
    }),
  };
}

function contentOf(contentType: string | undefined, body: Buffer): unknown {
  if (!isUtf8(body)) return Buffer.from(body);
  const text = body.toString();
  if (contentType === undefined || !/^application\/(?:.+\+)?json\b/i.test(contentType)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
