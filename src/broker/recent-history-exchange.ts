import { AmqpError } from '../wire/errors.ts';
import { typeNames } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import type { Binding, ExchangeIdentity } from './exchange.ts';
import type { ExchangeHost, ExchangeType } from './exchange-type.ts';
import { FanoutRouter } from './fanout-exchange.ts';
import type { RecoveredPlace } from './journal.ts';
import type { Keeper, KeptMessage } from './keeper.ts';
import type { Message } from './message.ts';
import { replay } from './replay.ts';
import { Ring } from './ring.ts';
import type { RoutingInput } from './routing-input.ts';
import { integerOf, printTerm } from './term.ts';

const LENGTH = 'x-recent-history-length';
const USUAL_LENGTH = 20;
/** Other integers are refused, as RabbitMQ does. */
const LENGTH_TYPES = new Set(['byte', 'short', 'signedint', 'long']);

/** x-recent-history: a fanout that keeps its last messages and gives them to whatever is bound later (RTE-25). */
class RecentHistoryRouter extends FanoutRouter implements Keeper {
  readonly durable: boolean;
  readonly #id: number;
  readonly #host: ExchangeHost;
  readonly #length: number;
  /** Oldest first. */
  readonly #kept = new Ring<Message>();
  #isClosed = false;

  constructor({ id, durable, table }: ExchangeIdentity, host: ExchangeHost) {
    super();
    this.durable = durable;
    this.#id = id;
    this.#host = host;
    const length = table.get(LENGTH);
    this.#length = length === undefined ? USUAL_LENGTH : Number(integerOf(length));
  }

  override match(input: RoutingInput, found: Set<Binding>): void {
    super.match(input, found);
    const noStore = input.headers().get('x-recent-history-no-store');
    if (noStore?.tag !== 't' || !noStore.value) input.keep(this);
  }

  keep(message: Message): void {
    if (this.#isClosed) return;
    message.places++;
    if (this.durable) this.#host.journal.place(message, this.#id, Infinity, 0);
    this.#kept.push(message);
    while (this.#kept.length > this.#length) this.#forgetOldest();
  }

  /** Oldest first. A way may lead back here: what comes is kept, but what is on its way must not go. */
  bound({ destination }: Binding): void {
    const messages = [...this.#kept];
    for (const message of messages) message.places++;
    for (const message of messages) {
      replay(this.#host, message, destination);
      this.#release(message);
    }
  }

  *kept(): Iterable<KeptMessage> {
    for (const message of this.#kept) yield { message, expiresAt: Infinity };
  }

  restore(places: readonly RecoveredPlace[]): void {
    for (const { message } of places) {
      message.places++;
      this.#kept.push(message);
    }
  }

  close(): void {
    this.#isClosed = true;
    while (this.#kept.length > 0) this.#forgetOldest();
  }

  /** When the exchange is gone a restart finds nothing, so nothing has to be settled. */
  #forgetOldest(): void {
    const message = this.#kept.shift() as Message;
    if (this.durable && !this.#isClosed) this.#host.journal.settle(message, this.#id);
    this.#release(message);
  }

  #release(message: Message): void {
    if (--message.places === 0) this.#host.journal.release(message);
  }
}

function checkArguments(table: FieldTable): void {
  const value = table.get(LENGTH);
  if (value === undefined) return;
  if (LENGTH_TYPES.has(typeNames[value.tag]) && (integerOf(value) ?? 0n) > 0n) return;
  const text = `Invalid argument ${printTerm(value)}, '${LENGTH}' must be a positive integer`;
  throw new AmqpError('PRECONDITION_FAILED', text);
}

export const recentHistoryExchange: ExchangeType = {
  checkArguments,
  createRouter: (identity, host) => new RecentHistoryRouter(identity, host),
};
