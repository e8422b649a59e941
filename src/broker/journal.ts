import type { FieldTable } from '../wire/table.ts';
import type { Chunk, ChunkInfo } from './chunk.ts';
import type { Entry, Message, Page } from './message.ts';
import type { ParkedRun } from './parked-run.ts';
import type { Policy, PolicyKind } from './policies.ts';
import type { Hashing } from './passwords.ts';

/** How much a vhost may hold (CON-28, QUE-21). Absent or negative: as much as it likes. */
export interface VhostLimits {
  readonly maxConnections?: number;
  readonly maxQueues?: number;
}

/** How much a user may have open at a time (CON-28, CHN-03). Absent or negative: as much as he likes. */
export interface UserLimits {
  readonly maxConnections?: number;
  readonly maxChannels?: number;
}

/** What a vhost says of itself. */
export interface VhostSettings {
  readonly description?: string;
  readonly tags?: readonly string[];
  /** The type of a queue that is declared without one; absent: classic (QUE-20). */
  readonly defaultQueueType?: string;
  /** What is published and delivered in it is copied to `amq.rabbitmq.trace` (RTE-31). */
  readonly tracing?: boolean;
  readonly limits?: VhostLimits;
  /** It is not deleted until this is taken back (API-44). */
  readonly isProtected?: boolean;
}

/** What a restart must bring back beside messages. */
export type Definition =
  | ({ readonly kind: 'vhost'; readonly name: string } & VhostSettings)
  | {
      readonly kind: 'user';
      readonly name: string;
      /** As in `User`. */
      readonly passwordHash: string;
      readonly hashing?: Hashing;
      readonly tags: readonly string[];
      readonly limits?: UserLimits;
    }
  | {
      readonly kind: 'permission';
      readonly user: string;
      readonly vhost: string;
      readonly configure: string;
      readonly write: string;
      readonly read: string;
    }
  | {
      readonly kind: 'topic-permission';
      readonly user: string;
      readonly vhost: string;
      readonly exchange: string;
      readonly write: string;
      readonly read: string;
    }
  | {
      readonly kind: 'global-parameter';
      readonly name: string;
      /** Any JSON. */
      readonly value: unknown;
    }
  | {
      readonly kind: 'exchange';
      readonly vhost: string;
      readonly name: string;
      readonly type: string;
      /** Absent: it is. Others stand in snapshots only. */
      readonly durable?: false;
      /** A number no queue and no other exchange ever has, by which kept messages name it; absent in old stores. */
      readonly id?: number;
      readonly autoDelete: boolean;
      readonly internal: boolean;
      /** Absent in old stores. */
      readonly declaredBy?: string;
      readonly arguments: FieldTable;
    }
  | {
      readonly kind: 'queue';
      readonly vhost: string;
      readonly name: string;
      /** As above. */
      readonly durable?: false;
      /** A number never used again, by which messages name the queue. */
      readonly id: number;
      readonly autoDelete: boolean;
      readonly arguments: FieldTable;
    }
  | {
      readonly kind: 'binding';
      readonly vhost: string;
      readonly source: string;
      readonly destination: string;
      readonly to: 'queue' | 'exchange';
      readonly bindingKey: string;
      readonly arguments: FieldTable;
    }
  | ({ readonly kind: PolicyKind; readonly vhost: string } & Policy);

/** What a queue remembers of a message it holds, beside its place. */
export interface Note {
  /** How often it was handed out. */
  readonly deliveries: number;
  /** After how many of them it came back without having failed (DLV-09). */
  readonly spared: number;
  /** When it may be handed out again, in milliseconds since the epoch; 0: at any time (DLV-09). */
  readonly retryAt: number;
  /** Why it died, when it is kept until it is dead-lettered (DLX-14). */
  readonly death: string | undefined;
}

/** Hears when a batch is on disk: implemented by those who owe a client an answer. */
export interface CommitListener {
  /** Everything recorded while `Journal.gathering` was `batch` or less is on disk. */
  committed(batch: number): void;
}

/** What a journal does for messages that wait so deep in a queue that nobody needs objects for them. */
export interface Parking {
  /** How many messages of a lane stand in front as objects before those behind them are parked. */
  readonly after: number;
  /** Adds an entry to a run, which is from now on all that knows of its message: no other queue holds that. */
  park(entry: Entry, run: ParkedRun): void;
  /** The message at an index of a run as an object again, which the run is to forget. */
  wake(run: ParkedRun, index: number): Message;
  /** The same only to look at: it stays parked. */
  look(run: ParkedRun, index: number): Message;
  /**
   * No queue holds any more what is parked in a run.
   * @param queueId where those that are recorded are to be settled; undefined when the journal knows that it is gone
   */
  drop(run: ParkedRun, queueId: number | undefined): void;
}

/**
 * What must outlive a restart, and where the bytes of all messages lie. Calls return at once and do not throw; what
 * is recorded in one turn of the loop reaches the disk together or not at all.
 */
export interface Journal {
  /** The number of the batch that gathers now. */
  readonly gathering: number;
  /** Everything up to this batch is on disk. */
  readonly committed: number;
  /** The batch that holds the last change of definitions: what was declared is certain when it is committed. */
  readonly defined: number;
  /** How many bytes wait to be written: publishers are slowed down when it grows. */
  readonly backlog: number;
  /** Undefined when it needs an object for every message. */
  readonly parking: Parking | undefined;

  /**
   * Copies a message's content into a page.
   * @param durablePlaces how many times `place` may follow in this turn; 0 for a message that a restart forgets
   */
  write(message: Message, properties: Buffer, body: Buffer, durablePlaces: number): void;
  /** The same for a dead-lettered copy: properties of its own, the body of `original`. */
  rewrite(message: Message, properties: Buffer, original: Message, durablePlaces: number): void;
  /** A durable queue now holds a message written in this turn. */
  place(message: Message, queueId: number, expiresAt: number, lane: number): void;
  /** A durable queue no longer holds a message. */
  settle(message: Message, queueId: number): void;
  /** A message of this lane, and so every older one, was handed to a client: it comes back as redelivered. */
  delivered(queueId: number, lane: number, messageId: number): void;
  /** What a queue remembers of a message it holds, in place of what it remembered before; undefined to forget it all. */
  note(message: Message, queueId: number, note: Note | undefined): void;
  /** No queue holds the message any more: its bytes may go. */
  release(message: Message): void;
  /** The bytes of a page that may be on disk only. */
  load(page: Page): Buffer;

  /** A chunk of a stream, to be written with the batch that gathers, is so many bytes longer. */
  append(chunk: Chunk, bytes: number): void;
  /** The bytes of a chunk that was committed. */
  loadChunk(streamId: number, firstOffset: number): Buffer;
  /** The chunks of a stream before this offset are not needed any more; before Infinity: all. */
  dropChunks(streamId: number, before: number): void;

  define(definition: Definition): void;
  undefine(definition: Definition): void;

  /** Calls `listener.committed` once, when the next batch is on disk; who waits for a later one asks again. */
  onCommit(listener: CommitListener): void;
}

/** A message found on disk, in one queue. */
export interface RecoveredPlace {
  readonly message: Message;
  readonly expiresAt: number;
  readonly lane: number;
  /** How often it was handed out before: what was, came back (DLV-04). */
  readonly returns: number;
  /** What else its queue remembers of it. */
  readonly note: Note | undefined;
}

/** What a journal found when it was opened. */
export interface Recovered {
  readonly definitions: readonly Definition[];
  /** By the id of a queue or exchange that is among the definitions, in order of arrival. */
  readonly places: ReadonlyMap<number, readonly RecoveredPlace[]>;
  /** The same of lanes that hold so much that most of it is parked: what is in a lane is here or in `places`. */
  readonly parked: ReadonlyMap<number, readonly (RecoveredPlace | ParkedRun)[]>;
  /** By the id of a stream that is among the definitions, in order. */
  readonly chunks: ReadonlyMap<number, readonly ChunkInfo[]>;
  readonly nextQueueId: number;
  readonly nextMessageId: number;
}

export const NOTHING_RECOVERED: Recovered = {
  definitions: [],
  places: new Map(),
  parked: new Map(),
  chunks: new Map(),
  nextQueueId: 1,
  nextMessageId: 1,
};
