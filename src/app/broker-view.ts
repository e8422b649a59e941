import type { Broker } from '../broker/broker.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { Queue } from '../broker/queue.ts';
import { Stream } from '../broker/stream.ts';
import type { Vhost } from '../broker/vhost.ts';
import { MessageReader } from './message-view.ts';
import type { MessageView } from './message-view.ts';

/** A queue at one moment. */
export interface QueueView {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  /** Messages that may be delivered; of a stream, all it has. */
  readonly ready: number;
  /** Messages that were delivered and are not settled. */
  readonly unacked: number;
  /** The tags of its consumers. */
  readonly consumers: readonly string[];
  /** When the message at the head expires, in milliseconds since the epoch; undefined when it never does. */
  readonly nextDeadline: number | undefined;
}

/** An exchange at one moment. */
export interface ExchangeView {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** Messages a delayed exchange holds back. */
  readonly delayed: number;
}

/** An open connection at one moment. */
export interface ConnectionView {
  /** `PEER:PORT -> HOST:PORT`. */
  readonly name: string;
  /** What the client calls it. */
  readonly clientName: string | undefined;
  readonly vhost: string;
  readonly user: string;
  readonly channels: number;
  readonly consumers: number;
  readonly unacked: number;
}

/** Shows what there is in a broker; nothing changes by looking. */
export class BrokerView {
  readonly #broker: Broker;
  readonly #reader: MessageReader;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#reader = new MessageReader(broker);
  }

  get vhosts(): string[] {
    return [...this.#broker.vhosts.keys()];
  }

  /** Undefined when there is no such queue. */
  queue(name: string, vhost = '/'): QueueView | undefined {
    const queue = this.#broker.vhosts.get(vhost)?.queues.get(name);
    return queue === undefined ? undefined : viewQueue(queue);
  }

  /** Those of one vhost, or of all. */
  queues(vhost?: string): QueueView[] {
    return this.#in(vhost).flatMap(({ queues }) => [...queues.values()].map(viewQueue));
  }

  /** Those of one vhost, or of all, without the ones every vhost has. */
  exchanges(vhost?: string): ExchangeView[] {
    return this.#in(vhost).flatMap(({ exchanges }) =>
      [...exchanges.values()]
        .filter(({ identity }) => identity.id !== 0)
        .map(({ identity, delayedCount: delayed }) => {
          const { vhost: where, name, type, durable, autoDelete } = identity;
          return { vhost: where, name, type, durable, autoDelete, delayed };
        }),
    );
  }

  /** Of one vhost, or of all. */
  connections(vhost?: string): ConnectionView[] {
    const all = [...this.#broker.connections].filter(
      ({ vhostName }) => vhost === undefined || vhostName === vhost,
    );
    return all.map((connection) => {
      const { vhostName, user, details } = connection;
      const channels = [...connection.channels].map((channel) => channel.status());
      const clientName = details.clientProperties.get('connection_name');
      return {
        name: details.name,
        clientName: clientName?.tag === 'S' ? clientName.value.toString() : undefined,
        vhost: vhostName,
        user,
        channels: channels.length,
        consumers: channels.reduce((sum, { consumerCount }) => sum + consumerCount, 0),
        unacked: channels.reduce((sum, { unackedCount }) => sum + unackedCount, 0),
      };
    });
  }

  /**
   * What is in a queue: those that are ready, in the order in which they leave, then the others. Nothing when there is no
   * such queue.
   */
  messages(queue: string, vhost = '/'): MessageView[] {
    const found = this.#broker.vhosts.get(vhost)?.queues.get(queue);
    if (found instanceof Stream) return [...this.#reader.ofStream(found)];
    return found instanceof Queue ? [...this.#reader.ofQueue(found)] : [];
  }

  #in(vhost: string | undefined): Vhost[] {
    const { vhosts } = this.#broker;
    return [...vhosts.values()].filter(({ name }) => vhost === undefined || name === vhost);
  }
}

function viewQueue(queue: DeclaredQueue): QueueView {
  const { vhost, name, durable, autoDelete, owner } = queue.identity;
  const nextDeadline = queue instanceof Queue ? queue.ready.peek()?.expiresAt : undefined;
  return {
    vhost,
    name,
    type: queue.arguments.type.name,
    durable,
    exclusive: owner !== undefined,
    autoDelete,
    ready: queue.messageCount,
    unacked: queue instanceof Queue ? queue.unackedCount : 0,
    consumers: [...queue.consumers].map(({ consumerTag }) => consumerTag),
    nextDeadline: nextDeadline === Infinity ? undefined : nextDeadline,
  };
}
