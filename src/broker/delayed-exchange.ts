import { AmqpError } from '../wire/errors.ts';
import { PropertyScan, withHeaders } from '../wire/properties.ts';
import { joinEntries, long, rawEntries, rawEntry, readTable } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { AlarmHeap } from './alarm-heap.ts';
import type { Binding, Exchange, ExchangeIdentity } from './exchange.ts';
import type { ExchangeHost, ExchangeType, Router } from './exchange-type.ts';
import { Deadline } from './expiry.ts';
import type { RecoveredPlace } from './journal.ts';
import type { Keeper, KeptMessage } from './keeper.ts';
import type { Message } from './message.ts';
import { replay } from './replay.ts';
import type { RoutingInput } from './routing-input.ts';
import { integerOf, printValue, textOf } from './term.ts';

const TYPE = 'x-delayed-type';
const DELAY = 'x-delay';
/** The longest delay in milliseconds; more is none (DLM-05). */
const LONGEST_DELAY = 2 ** 32 - 1;
const INTEGER = /^[+-]?[0-9]+$/;
/** Messages routed in one go when many fall due at once: a millisecond or so. */
const RELEASES = 256;

/**
 * What `x-delay` says, in milliseconds; 0 for no delay, undefined when it cannot be read (DLM-05 to DLM-07). RabbitMQ
 * overlooks signed bytes, and crashes on what cannot be read.
 */
function delayOf(headers: FieldTable): number | undefined {
  const value = headers.get(DELAY);
  const delay = value === undefined ? 0 : millisecondsOf(value);
  return delay === undefined || (delay > 0 && delay <= LONGEST_DELAY) ? delay : 0;
}

function millisecondsOf(value: FieldValue): number | undefined {
  if (value.tag === 'D' || value.tag === 'V') return undefined;
  if (value.tag === 'f' || value.tag === 'd') return Math.trunc(value.value);
  const text = textOf(value);
  if (text === undefined) return Number(integerOf(value) ?? 0n);
  return INTEGER.test(text) ? Number(text) : undefined;
}

/** x-delayed-message: holds messages back before it routes them as an exchange of another type would. */
class DelayedRouter implements Router, Keeper {
  readonly #identity: ExchangeIdentity;
  readonly #host: ExchangeHost;
  /** Routes what is due. */
  readonly #inner: Router;
  /** By the time they are due, equal times in order of arrival (DLM-14); one alarm of the clock for all of them. */
  readonly #due = new AlarmHeap();
  readonly #alarm: Deadline;
  /** With the moment when each is due. */
  readonly #waiting = new Map<Message, number>();
  #isClosed = false;

  constructor(identity: ExchangeIdentity, host: ExchangeHost, inner: Router) {
    this.#identity = identity;
    this.#host = host;
    this.#inner = inner;
    this.#alarm = new Deadline(host.clock, () => this.#releaseDue());
  }

  /** DLM-17. */
  get delayedCount(): number {
    return this.#waiting.size;
  }

  add(binding: Binding): void {
    this.#inner.add(binding);
  }

  remove(binding: Binding): void {
    this.#inner.remove(binding);
  }

  bound(binding: Binding): void {
    this.#inner.bound?.(binding);
  }

  /** @throws {AmqpError} PRECONDITION_FAILED when the delay cannot be read, for which RabbitMQ ends the connection (DLM-07) */
  checkMessage(input: RoutingInput): void {
    const headers = input.headers();
    if (delayOf(headers) !== undefined) return;
    const value = printValue(headers.get(DELAY) as FieldValue);
    throw new AmqpError('PRECONDITION_FAILED', `invalid ${DELAY} '${value}': no_integer`);
  }

  match(input: RoutingInput, found: Set<Binding>): void {
    const delay = delayOf(input.headers());
    if (delay === undefined || delay === 0) return this.#inner.match(input, found);
    input.holdBack(this);
  }

  get durable(): boolean {
    return this.#identity.durable;
  }

  /** The delay begins now, as late as with the commit of a transaction. */
  keep(message: Message): void {
    if (this.#isClosed) return;
    const dueAt = this.#host.clock.now() + (delayOf(this.#headersOf(message)) ?? 0);
    if (this.durable) this.#host.journal.place(message, this.#identity.id, dueAt, 0); // whatever its delivery mode (DLM-16)
    this.#wait(message, dueAt);
    if (this.#host.events.isHeard) this.#tell(message, dueAt);
  }

  #tell(message: Message, until: number): void {
    const { name: exchange, vhost } = this.#identity;
    const { events } = this.#host;
    events.tell('delayed', vhost, { exchange, message: events.see(message), until });
  }

  #headersOf({ page, propertiesAt, propertiesLength }: Message): FieldTable {
    const bytes = page.bytes ?? this.#host.journal.load(page);
    const { headersStart, headersEnd } = new PropertyScan().scan(
      bytes,
      propertiesAt,
      propertiesAt + propertiesLength,
    );
    return readTable(bytes.subarray(headersStart, headersEnd));
  }

  /** What an exchange of the other type kept for itself was never to expire. */
  restore(places: readonly RecoveredPlace[]): void {
    this.#inner.restore?.(places.filter(({ expiresAt }) => expiresAt === Infinity));
    for (const { message, expiresAt } of places) if (expiresAt !== Infinity) this.#wait(message, expiresAt);
  }

  *kept(): Iterable<KeptMessage> {
    yield* this.#inner.kept?.() ?? [];
    for (const [message, expiresAt] of this.#waiting) yield { message, expiresAt };
  }

  /** What waits is dropped (DLM-08); a restart finds no exchange it belongs to, so nothing has to be settled. */
  close(): void {
    this.#isClosed = true;
    this.#alarm.cancel();
    for (const message of this.#waiting.keys()) this.#forget(message);
    this.#inner.close?.();
  }

  #wait(message: Message, dueAt: number): void {
    message.places++;
    this.#waiting.set(message, dueAt);
    this.#due.add(dueAt, () => this.#release(message));
    this.#alarm.aim(this.#due.next());
  }

  #releaseDue(): void {
    if (this.#isClosed) return;
    const now = this.#host.clock.now();
    for (let left = RELEASES; left > 0 && this.#due.next() <= now; left--) this.#due.runOne();
    if (this.#due.next() <= now) this.#host.soon(() => this.#releaseDue());
    else this.#alarm.aim(this.#due.next());
  }

  /** The copy is placed before the original is settled: both land in the same commit, or neither. */
  #release(message: Message): void {
    const exchange = this.#host.exchanges.get(this.#identity.name) as Exchange; // it is not closed
    replay(this.#host, message, exchange, withoutDelay);
    if (this.durable) this.#host.journal.settle(message, this.#identity.id);
    this.#forget(message);
  }

  #forget(message: Message): void {
    this.#waiting.delete(message);
    if (--message.places === 0) this.#host.journal.release(message);
  }
}

/** The negated delay keeps another delayed exchange from holding the message back again (DLM-12). */
function withoutDelay(properties: Buffer, scan: PropertyScan): Buffer {
  const headers = properties.subarray(scan.headersStart, scan.headersEnd);
  const negated = rawEntry(DELAY, long(-(delayOf(readTable(headers)) ?? 0)));
  const entries = rawEntries(headers).map((one) => (one.key.toString('latin1') === DELAY ? negated : one));
  return withHeaders(properties, scan, joinEntries(entries));
}

/** The type whose routing it has, and whose checks (DLM-01). Another value in a redeclaration is ignored (DLM-04). */
function innerType(table: FieldTable, typeOf: (name: string) => ExchangeType): ExchangeType {
  const name = textOf(table.get(TYPE));
  if (name === undefined) throw refused(`'${TYPE}' must be an existing exchange type`);
  if (name === 'x-delayed-message') throw refused(`'${name}' can't be used for '${TYPE}'`);
  return typeOf(name);
}

function refused(reason: string): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `Invalid argument, ${reason}`); // DLM-02
}

/**
 * The type of delayed exchanges.
 * @param typeOf finds another type by its name, and refuses a name that is none (DLM-03)
 */
export function delayedExchange(typeOf: (name: string) => ExchangeType): ExchangeType {
  return {
    checkArguments: (table, label) => innerType(table, typeOf).checkArguments?.(table, label),
    checkBinding: (binding) => innerType(binding.source.identity.table, typeOf).checkBinding?.(binding),
    createRouter: (identity, host) =>
      new DelayedRouter(identity, host, innerType(identity.table, typeOf).createRouter(identity, host)),
  };
}
