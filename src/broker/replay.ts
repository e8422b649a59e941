import { PropertyScan } from '../wire/properties.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Destination } from './exchange.ts';
import { parseExpiration } from './expiration.ts';
import type { Journal } from './journal.ts';
import { countDurablePlaces, NO_KEEPERS } from './keeper.ts';
import type { Keeper } from './keeper.ts';
import { Message } from './message.ts';
import type { Events } from './observer.ts';
import { route } from './routing.ts';
import type { Topology } from './routing.ts';
import { RoutingInput } from './routing-input.ts';

/** What sending a kept message again needs of the vhost it happens in. */
export interface ReplayHost extends Topology {
  readonly name: string;
  readonly journal: Journal;
  readonly events: Events;
  nextMessageId(): number;
  /** Puts a new message wherever it goes; returns how many queues refused it. */
  enqueue(
    message: Message,
    targets: readonly DeclaredQueue[],
    keepers: readonly Keeper[],
    ttl: number,
  ): number;
}

/**
 * Sends a kept message to a destination. It is a new message there, younger than all others, and its lifetime begins
 * now; the body is shared.
 * @param edit makes the properties it is sent with
 */
export function replay(
  host: ReplayHost,
  kept: Message,
  destination: Destination,
  edit?: (properties: Buffer, scan: PropertyScan) => Buffer,
): void {
  const { journal, events } = host;
  const page = kept.page.bytes ?? journal.load(kept.page);
  const before = page.subarray(kept.propertiesAt, kept.propertiesAt + kept.propertiesLength);
  const scan = new PropertyScan().scan(before, 0, before.length);
  const properties = edit === undefined ? before : edit(before, scan);
  if (edit !== undefined) scan.scan(properties, 0, properties.length);
  const input = new RoutingInput(kept.routingKeys, properties, scan);
  const targets = destination.kind === 'queue' ? [destination] : route(host, destination, input);
  const keepers = input.keepers ?? NO_KEEPERS;
  if (targets.length === 0 && keepers.length === 0) {
    if (events.isHeard) events.tell('unroutable', host.name, { message: events.see(kept) });
    return;
  }
  const ttl = scan.expiration === undefined ? Infinity : parseExpiration(scan.expiration);
  const { exchange, routingKey, moreKeys, persistent, died, priority } = kept;
  const id = host.nextMessageId();
  const copy = new Message(id, exchange, routingKey, moreKeys, persistent, died, priority);
  journal.rewrite(copy, properties, kept, countDurablePlaces(persistent, targets, keepers));
  if (events.isHeard) events.released(host.name, copy, kept.id, targets);
  host.enqueue(copy, targets, keepers, ttl);
}
