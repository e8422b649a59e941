import { PropertyScan, replaceHeaders } from '../wire/properties.ts';
import { copyBytes, isSameBytes } from '../wire/buffer.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { DeathHeaders } from './death-headers.ts';
import type { Death } from './death.ts';
import type { Exchange } from './exchange.ts';
import type { Journal } from './journal.ts';
import { NO_KEEPERS } from './keeper.ts';
import type { Keeper } from './keeper.ts';
import { allKeys } from './message.ts';
import type { Message, MoreKeys } from './message.ts';
import type { Queue } from './queue.ts';
import type { DeathReason } from './queue-host.ts';
import type { QueueSettings } from './queue-settings.ts';
import { route } from './routing.ts';
import type { Topology } from './routing.ts';
import { RoutingInput } from './routing-input.ts';

/** What making a copy needs of the vhost it happens in. */
export interface DeadCopyHost extends Topology {
  readonly journal: Journal;
  /** Grows with every change of what decides a route. */
  readonly topology: number;
  now(): number;
}

/** Where the copy of a dead message goes. */
interface Way {
  readonly targets: readonly DeclaredQueue[];
  readonly keepers: readonly Keeper[];
  /** It goes on later, on one of its ways at least: it is not lost. */
  readonly isDelayed: boolean;
}

/** The copy of a dead message, but for its body. */
export interface DeadCopy {
  readonly properties: Buffer;
  /** Without those to which an automatic death would come back (CYC-01, CYC-02). */
  readonly targets: readonly DeclaredQueue[];
  readonly keepers: readonly Keeper[];
  readonly isDelayed: boolean;
  /** How many targets were left out. */
  readonly cycles: number;
}

/** Everything the copy follows from but the properties and the time. */
interface Cause {
  readonly queue: Queue;
  /** Replaced as a whole when a policy changes. */
  readonly settings: QueueSettings;
  readonly reason: DeathReason;
  readonly exchange: Exchange;
  readonly topology: number;
  readonly publishedTo: string;
  readonly routingKey: string;
}

const NO_HEADERS = Buffer.alloc(0);
/** Properties longer than this are not compared with the next ones: they hardly ever are the same. */
const REMEMBERED = 1024;

/**
 * What dead messages say when they are published anew, and where they go. One after another is often the same: as long
 * as the cause is, the route is remembered; as long as properties and second are, too, the whole copy. Hot path: that
 * saves 1.1 of the 3.6 us that each of 300,000 messages due at once would cost.
 */
export class DeadCopies {
  readonly #host: DeadCopyHost;
  readonly #scan = new PropertyScan();
  readonly #headers = new DeathHeaders();
  #cause: Cause | undefined = undefined;
  #way: Way | undefined = undefined;
  /** Undefined when the next message cannot be like it. */
  #copy: DeadCopy | undefined = undefined;
  /** What `#copy` was made of. */
  readonly #source = Buffer.alloc(REMEMBERED);
  #sourceLength = 0;
  #died = false;
  #second = -1;
  #time = 0n;

  constructor(host: DeadCopyHost) {
    this.#host = host;
  }

  /** @param exchange the dead-letter exchange of the queue it died in */
  of(queue: Queue, message: Message, reason: DeathReason, exchange: Exchange): DeadCopy {
    const page = message.page.bytes ?? this.#host.journal.load(message.page);
    this.#readClock();
    if (!this.#isSameCause(queue, message, reason, exchange)) {
      this.#remember(queue, message, reason, exchange);
    } else if (this.#copy !== undefined && this.#isSameSource(message, page)) {
      return this.#copy;
    }
    return this.#make(queue, message, reason, exchange, page);
  }

  /** Where the last one went, if it came from this queue and the next may well go there, too. */
  lastTargets(queue: Queue): readonly DeclaredQueue[] {
    return this.#cause?.queue === queue && this.#way !== undefined ? this.#way.targets : [];
  }

  #readClock(): void {
    const second = Math.floor(this.#host.now() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#time = BigInt(second);
    this.#copy = undefined;
  }

  #isSameCause(queue: Queue, message: Message, reason: DeathReason, exchange: Exchange): boolean {
    const cause = this.#cause;
    return (
      cause !== undefined &&
      message.moreKeys === undefined &&
      cause.queue === queue &&
      cause.settings === queue.settings &&
      cause.reason === reason &&
      cause.exchange === exchange &&
      cause.topology === this.#host.topology &&
      cause.publishedTo === message.exchange &&
      cause.routingKey === message.routingKey
    );
  }

  #remember(queue: Queue, message: Message, reason: DeathReason, exchange: Exchange): void {
    const { settings } = queue;
    const { topology } = this.#host;
    const { exchange: publishedTo, routingKey, moreKeys } = message;
    const cause = { queue, settings, reason, exchange, topology, publishedTo, routingKey };
    this.#cause = moreKeys === undefined ? cause : undefined;
    this.#way = undefined;
    this.#copy = undefined;
  }

  #isSameSource({ died, propertiesAt, propertiesLength }: Message, page: Buffer): boolean {
    if (propertiesLength !== this.#sourceLength || died !== this.#died) return false;
    return isSameBytes(this.#source, page, propertiesAt, propertiesLength);
  }

  #make(queue: Queue, message: Message, reason: DeathReason, exchange: Exchange, page: Buffer): DeadCopy {
    const properties = page.subarray(message.propertiesAt, message.propertiesAt + message.propertiesLength);
    const scan = this.#scan.scan(properties, 0, properties.length);
    const before =
      scan.headersStart < 0 ? NO_HEADERS : properties.subarray(scan.headersStart, scan.headersEnd);
    const death = this.#death(queue, message, reason, scan.expiration);
    const headers = this.#headers.write(before, death, message.died);
    const way = this.#way ?? this.#find(queue, message, exchange, properties, headers);
    const { keepers, isDelayed } = way;
    const targets =
      reason === 'rejected' ? way.targets : way.targets.filter(({ name }) => !this.#headers.isCycle(name));
    const cycles = way.targets.length - targets.length;
    const written = replaceHeaders(properties, scan, headers);
    const copy = { properties: written, targets, keepers, isDelayed, cycles };
    if (this.#way !== undefined) this.#rememberCopy(message, properties, copy);
    return copy;
  }

  #rememberCopy({ died }: Message, properties: Buffer, copy: DeadCopy): void {
    this.#copy = properties.length <= REMEMBERED ? copy : undefined;
    if (this.#copy === undefined) return;
    this.#died = died;
    this.#sourceLength = properties.length;
    copyBytes(this.#source, 0, properties, 0, properties.length);
  }

  /** Remembered if it holds for others with the same cause. */
  #find(queue: Queue, message: Message, exchange: Exchange, properties: Buffer, headers: Buffer): Way {
    const keys = allKeys(deadLetterKey(queue, message), deadLetterKeys(queue, message));
    const input = new RoutingInput(keys, properties, this.#scan, headers);
    const targets = route(this.#host, exchange, input);
    const { keepers = NO_KEEPERS, isDelayed, isOneOff } = input;
    const way = { targets, keepers, isDelayed };
    if (this.#cause !== undefined && !isOneOff) this.#way = way;
    return way;
  }

  #death(queue: Queue, message: Message, reason: DeathReason, expiration: string | undefined): Death {
    return {
      queue: queue.name,
      reason,
      count: 1n,
      time: this.#time,
      exchange: message.exchange,
      routingKeys: [message.routingKey, ...(message.moreKeys?.cc ?? [])],
      originalExpiration: expiration,
    };
  }
}

/** The key its copy is published with (DLX-15). */
export function deadLetterKey(queue: Queue, message: Message): string {
  return queue.settings.deadLetterRoutingKey ?? message.routingKey;
}

/** The others: all that the message has, BCC included, or none where the queue says one (DLX-15). */
export function deadLetterKeys(queue: Queue, message: Message): MoreKeys | undefined {
  return queue.settings.deadLetterRoutingKey === undefined ? message.moreKeys : undefined;
}
