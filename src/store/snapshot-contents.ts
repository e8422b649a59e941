import type { Broker } from '../broker/broker.ts';
import { bindingDefinition, exchangeDefinition, queueDefinition } from '../broker/declared-definitions.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Binding } from '../broker/exchange.ts';
import type { Definition, Note } from '../broker/journal.ts';
import type { Entry, Message } from '../broker/message.ts';
import { Queue } from '../broker/queue.ts';
import { Stream } from '../broker/stream.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { PlaceRecord } from './records.ts';

/** A message with all its places. */
export interface HeldMessage {
  readonly message: Message;
  readonly places: PlaceRecord[];
  /** By queue: what is not to be read off the place. */
  readonly notes: Map<number, Note>;
}

/** What a broker holds beside what its journal knows. */
export class SnapshotContents {
  /** Exchanges, queues and bindings, transient ones, too. */
  readonly definitions: Definition[] = [];
  readonly streams: Stream[] = [];
  readonly #held = new Map<Message, HeldMessage>();

  constructor(broker: Broker) {
    for (const vhost of broker.vhosts.values()) this.#addVhost(vhost);
    for (const connection of broker.connections) {
      for (const channel of connection.channels) {
        for (const { queue, entry } of channel.deliveries) this.#addUnacked(queue, entry);
      }
    }
  }

  /** In order of arrival. */
  get messages(): HeldMessage[] {
    return [...this.#held.values()].sort((a, b) => a.message.id - b.message.id);
  }

  #addVhost(vhost: Vhost): void {
    for (const exchange of vhost.exchanges.values()) {
      this.definitions.push(exchangeDefinition(exchange));
      const queueId = exchange.identity.id;
      for (const { message, expiresAt } of exchange.kept())
        this.#add(message, { queueId, expiresAt, lane: 0 });
    }
    for (const queue of vhost.queues.values()) {
      if (isExclusive(queue)) continue;
      this.definitions.push(queueDefinition(queue));
      if (queue instanceof Stream) this.streams.push(queue);
      else if (queue instanceof Queue) this.#addQueue(queue);
    }
    for (const exchange of vhost.exchanges.values()) {
      for (const binding of exchange.bindings) this.#addBinding(vhost.name, binding);
    }
  }

  #addBinding(vhost: string, binding: Binding): void {
    const { destination } = binding;
    if (destination.kind === 'queue' && isExclusive(destination)) return;
    this.definitions.push(bindingDefinition(vhost, binding));
  }

  #addQueue(queue: Queue): void {
    for (const entry of queue.ready) this.#addEntry(queue, entry, {});
    for (const [entry, retryAt] of queue.delayed ?? []) this.#addEntry(queue, entry, { retryAt });
    for (const { entry, reason } of queue.kept ?? []) this.#addEntry(queue, entry, { death: reason });
  }

  /** Nobody will have it any more: it comes back, as after a restart (DLV-04). */
  #addUnacked(queue: DeclaredQueue, entry: Entry): void {
    if (queue.isDeleted || !(queue instanceof Queue) || isExclusive(queue)) return;
    this.#addEntry(queue, entry, { deliveries: entry.returns + 1 });
  }

  #addEntry(queue: Queue, entry: Entry, known: Partial<Note>): void {
    const { message, expiresAt, lane, returns } = entry;
    const { id } = queue.identity;
    const held = this.#add(message, { queueId: id, expiresAt, lane });
    const spared = returns - queue.returnCounts(entry).failures;
    const note = { deliveries: returns, spared, retryAt: 0, death: undefined, ...known };
    if (note.deliveries > 0 || note.death !== undefined) held.notes.set(id, note);
  }

  #add(message: Message, place: PlaceRecord): HeldMessage {
    let held = this.#held.get(message);
    if (held === undefined) this.#held.set(message, (held = { message, places: [], notes: new Map() }));
    held.places.push(place);
    return held;
  }
}

/** It ends with its connection, which a snapshot does not have. */
function isExclusive({ identity }: DeclaredQueue): boolean {
  return identity.owner !== undefined;
}
