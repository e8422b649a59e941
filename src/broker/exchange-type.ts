import type { FieldTable } from '../wire/table.ts';
import type { Binding, ExchangeIdentity } from './exchange.ts';
import type { Clock } from './clock.ts';
import type { RecoveredPlace } from './journal.ts';
import type { KeptMessage } from './keeper.ts';
import type { ReplayHost } from './replay.ts';
import type { RoutingInput } from './routing-input.ts';

/**
 * The bindings that leave one exchange, arranged so that those a message takes are found. One that also keeps messages
 * hands a `Keeper` to `RoutingInput.keep` in `match`: what that is given has places in the journal under the number of
 * the exchange, and comes back in `restore`.
 */
export interface Router {
  add(binding: Binding): void;
  remove(binding: Binding): void;
  match(input: RoutingInput, found: Set<Binding>): void;
  /** Refuses a message that is published to the exchange itself. */
  checkMessage?(input: RoutingInput): void;
  /** A client made a new binding. */
  bound?(binding: Binding): void;
  /** What it keeps. */
  kept?(): Iterable<KeptMessage>;
  /** What it kept before a restart, in order of arrival. */
  restore?(places: readonly RecoveredPlace[]): void;
  /** The exchange is gone. */
  close?(): void;
  /** How many messages it holds back (DLM-17). */
  readonly delayedCount?: number;
}

/** What exchanges need of the vhost they are in. */
export interface ExchangeHost extends ReplayHost {
  /** A whole number by chance, from 0 to one less than `below`. */
  random(below: number): number;
  readonly clock: Clock;
  /** Runs a task after the present one, when others had their turn. */
  soon(task: () => void): void;
}

/** What is special about a type of exchanges; all else is the same for all of them. */
export interface ExchangeType {
  /**
   * Refuses the arguments of a new exchange: the last check (EXC-03).
   * @param label the exchange, as in texts
   */
  checkArguments?(table: FieldTable, label: string): void;
  /** Refuses a binding from such an exchange (BND-09). */
  checkBinding?(binding: Binding): void;
  /** For a new exchange. */
  createRouter(identity: ExchangeIdentity, host: ExchangeHost): Router;
}
