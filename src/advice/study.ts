import type { Broker } from '../broker/broker.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Definitions } from '../broker/definitions.ts';
import type { Exchange } from '../broker/exchange.ts';
import { Queue } from '../broker/queue.ts';
import type { DeathReason } from '../broker/queue-host.ts';
import type { Vhost } from '../broker/vhost.ts';
import { parsePath } from './finding.ts';
import type { Subject } from './finding.ts';
import { deadWay, keysInto } from './way.ts';

export interface QueueFacts {
  readonly vhost: string;
  readonly name: string;
  readonly consumers: number;
}

export interface ChannelFacts {
  readonly vhost: string;
  /** With the connection it is on. */
  readonly name: string;
  /** Of all its consumers together; 0 is no limit. */
  readonly globalPrefetch: number;
}

/** What only a running broker knows. */
export interface Facts {
  readonly queues: readonly QueueFacts[];
  readonly channels: readonly ChannelFacts[];
}

export const NO_FACTS: Facts = { queues: [], channels: [] };

/** A queue with what is asked about it again and again. */
export interface StudiedQueue extends Subject {
  readonly kind: 'queue';
  readonly in: Vhost;
  readonly queue: Queue;
  /** Undefined where no broker was asked. */
  readonly facts: QueueFacts | undefined;
}

export interface StudiedExchange extends Subject {
  readonly kind: 'exchange';
  readonly in: Vhost;
  readonly exchange: Exchange;
}

/** A way from a queue to another on which a message goes that dies. */
export interface DeadStep {
  readonly from: StudiedQueue;
  readonly to: StudiedQueue;
  /** The key with which it arrives. */
  readonly key: string;
}

/** A topology in a broker that nobody uses, and where in the definitions each part of it stands. */
export class Study {
  readonly broker: Broker;
  readonly definitions: Definitions;
  readonly channels: readonly ChannelFacts[];
  readonly queues: readonly StudiedQueue[];
  readonly exchanges: readonly StudiedExchange[];
  readonly #queues = new Map<DeclaredQueue, StudiedQueue>();

  constructor(broker: Broker, definitions: Definitions, { queues: facts, channels }: Facts) {
    this.channels = channels;
    this.broker = broker;
    this.definitions = definitions;
    const factsByName = new Map(facts.map((one) => [JSON.stringify([one.vhost, one.name]), one]));
    this.queues = definitions.queues.flatMap(({ path, value: { vhost, name } }) => {
      const place = broker.vhosts.get(vhost);
      const queue = place?.queues.get(name);
      if (place === undefined || !(queue instanceof Queue) || this.#queues.has(queue)) return [];
      const own = factsByName.get(JSON.stringify([vhost, name]));
      const subject = { kind: 'queue', name, vhost, path: parsePath(path) } as const;
      const studied = { ...subject, in: place, queue, facts: own };
      this.#queues.set(queue, studied);
      return [studied];
    });
    this.exchanges = definitions.exchanges.flatMap(({ path, value: { vhost, name } }) => {
      const place = broker.vhosts.get(vhost);
      const exchange = place?.exchanges.get(name);
      if (place === undefined || exchange === undefined) return [];
      const subject = { kind: 'exchange', name, vhost, path: parsePath(path) } as const;
      return [{ ...subject, in: place, exchange }];
    });
  }

  /** The keys with which something that dies in a queue goes on, as far as they are known. */
  deadKeys({ queue }: StudiedQueue, arrivedWith?: string): readonly string[] {
    const { deadLetterRoutingKey } = queue.settings;
    if (deadLetterRoutingKey !== undefined) return [deadLetterRoutingKey];
    return arrivedWith === undefined ? keysInto(queue).known : [arrivedWith];
  }

  /** Where something goes that dies in a queue. Streams and what depends on more than the key are left out. */
  deadSteps(from: StudiedQueue, reason: DeathReason, arrivedWith?: string): readonly DeadStep[] {
    const name = from.queue.settings.deadLetterExchange;
    const exchange = name === undefined ? undefined : from.in.exchanges.get(name);
    if (exchange === undefined) return [];
    return this.#keysOn(from, arrivedWith).flatMap((key) =>
      deadWay(from.in, exchange, from.queue, key, reason).queues.flatMap((queue) => {
        const to = this.#queues.get(queue);
        return to === undefined ? [] : [{ from, to, key }];
      }),
    );
  }

  /** Those that are known, and one for all others: what takes that takes any. */
  #keysOn(from: StudiedQueue, arrivedWith: string | undefined): readonly string[] {
    const { deadLetterRoutingKey } = from.queue.settings;
    const isFixed = deadLetterRoutingKey !== undefined || arrivedWith !== undefined;
    const keys = this.deadKeys(from, arrivedWith);
    return isFixed || !keysInto(from.queue).hasOthers ? keys : [...keys, ANY_KEY];
  }

  /** Whether it has ways to let messages die that need no consumer. */
  diesAlone({ queue }: StudiedQueue): DeathReason | undefined {
    const { messageTtl, maxLength, maxLengthBytes, overflow } = queue.settings;
    if (messageTtl !== Infinity) return 'expired';
    const isLimited = maxLength !== Infinity || maxLengthBytes !== Infinity;
    return isLimited && overflow !== 'reject-publish' ? 'maxlen' : undefined;
  }

  /**
   * Whether it is there to let messages wait: dead letters of another queue come in and dead letters of its own go back
   * there, or its name says so.
   */
  isForWaiting(studied: StudiedQueue): boolean {
    if (WAITING.test(studied.name)) return true;
    if (studied.queue.settings.messageTtl === Infinity) return false;
    return this.deadSteps(studied, 'expired').some(
      ({ to, key }) =>
        to !== studied && this.deadSteps(to, 'rejected', key).some((back) => back.to === studied),
    );
  }
}

/** Nobody binds with it: only who does not look at the key takes it. */
const ANY_KEY = '\u0000 any';

const WAITING =
  /(?:^|[^a-z])(?:wait|waiting|delay|delayed|retry|retries|later|backoff|schedule|scheduled|deferred)(?:[^a-z]|$)/i;
