import type { DropReason } from '../broker/observer.ts';
import type { DeathReason } from '../broker/queue-host.ts';

/** The future of a message. All moments are milliseconds since the epoch. */
export interface Explanation {
  readonly vhost: string;
  /** When it is published. */
  readonly start: number;
  /** What was taken for granted, in sentences. */
  readonly assumptions: readonly string[];
  readonly publish: Hop;
  /** Where each copy of it comes to rest, is consumed or gets lost, in order of time. */
  readonly ends: readonly Ending[];
}

/** It is handed to an exchange: published, dead-lettered, or released by an exchange that had held it back. */
export interface Hop {
  readonly time: number;
  readonly exchange: string;
  readonly routingKey: string;
  /** The bindings that took it, and the alternate exchanges it was handed on to, in order. */
  readonly way: readonly Step[];
  /** Its death history by then, newest first. */
  readonly deaths: readonly PlainDeath[];
  /** The queues that took it. */
  readonly queues: readonly Stay[];
  /** Where it should have gone and did not. */
  readonly lost: readonly Loss[];
  /** An exchange holds it back, and lets it go on then. */
  readonly delay:
    { readonly exchange: string; readonly until: number; readonly released: Hop | undefined } | undefined;
}

/** A binding that took the message; or the alternate exchange it went to, because none did. */
export type Step =
  | {
      readonly source: string;
      readonly bindingKey: string;
      readonly to: 'queue' | 'exchange';
      readonly destination: string;
    }
  | { readonly alternate: string };

/** The time a copy spends in a queue. */
export interface Stay {
  readonly queue: string;
  readonly arrives: number;
  /** Undefined when it never expires there. */
  readonly expires: number | undefined;
  /** What sets that: the message's expiration, the queue's x-message-ttl, or a policy by its name. */
  readonly expiresBy: string | undefined;
  /** How it leaves; `waiting`: it does not, unless somebody consumes it. */
  readonly end: StayEnd;
  readonly leaves: number | undefined;
  /** Where it goes when it dies; undefined when it is consumed, stays, or has nowhere to go. */
  readonly deadLetter: Hop | undefined;
  /** Why it goes nowhere though it died. */
  readonly lost: LossReason | undefined;
}

export type StayEnd =
  | DeathReason
  /** The queue was full and has never had it, but dead-letters it (LEN-14). */
  | 'refused'
  | 'consumed'
  | 'waiting'
  /** Its deadline passes, but it stands behind others that do not leave. */
  | 'stuck'
  /** It died and is kept, because not everybody took it: dead-lettering at least once. */
  | 'kept'
  /** A stream has it, and nobody takes it out. */
  | 'logged'
  | 'queue deleted';

export type LossReason = DropReason;

export interface Loss {
  /** Undefined when no queue was found at all. */
  readonly queue: string | undefined;
  readonly why: LossReason;
}

/** An entry of `x-death`. */
export interface PlainDeath {
  readonly queue: string;
  readonly reason: string;
  readonly count: number;
  readonly exchange: string;
  readonly routingKeys: readonly string[];
  readonly originalExpiration: string | undefined;
}

/** Where a copy ends. */
export interface Ending {
  readonly time: number;
  /** Undefined when no queue had it. */
  readonly queue: string | undefined;
  readonly end: 'consumed' | 'waiting' | 'stuck' | 'kept' | 'logged' | 'lost';
  readonly why: LossReason | undefined;
}
