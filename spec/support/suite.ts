import type { RuleId } from '../rules.ts';
import type { Context } from './context.ts';
import type { Feature } from './features.ts';

export interface CaseOptions {
  /** The rules it proves, at least one. */
  readonly rules: readonly [RuleId, ...RuleId[]];
  /** Without these the case is skipped, and listed as not supported. */
  readonly needs?: readonly Feature[];
  /** The first version that acts so: `4.0`. */
  readonly since?: string;
  /** The first version that does not act so any more. */
  readonly until?: string;
  /** RabbitMQ itself breaks this rule, in the way that is said here; a broker that acts as it should not. */
  readonly rabbitmqDefect?: string;
  /** It changes what other cases see (a limit of the vhost, a global setting): nothing runs beside it. */
  readonly alone?: true;
  /** It waits for seconds: it is started first. */
  readonly slow?: true;
  /**
   * It waits for seconds for what is about sockets, which know no other than real time: it runs beside the others, and
   * the broker's clock may be moved meanwhile.
   */
  readonly realTime?: true;
}

/** One statement about a broker, and how it is tried. */
export interface Case extends CaseOptions {
  readonly topic: string;
  /** A sentence: what a broker does. */
  readonly name: string;
  readonly run: (t: Context) => Promise<void>;
}

/** What belongs together, in an order that can be read. */
export interface Topic {
  /** One or two words with hyphens: `message-ttl`. */
  readonly id: string;
  readonly title: string;
  readonly cases: readonly Case[];
}

/** How a topic defines its cases. */
export type Define = (name: string, options: CaseOptions, run: (t: Context) => Promise<void>) => void;

/** A topic from its cases. */
export function topic(id: string, title: string, define: (test: Define) => void): Topic {
  const cases: Case[] = [];
  define((name, options, run) => cases.push({ topic: id, name, ...options, run }));
  return { id, title, cases };
}
