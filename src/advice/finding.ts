import { checks } from './checks.ts';
import type { CheckId, Severity } from './checks.ts';

/** The way to a value in the definitions: `['queues', 3, 'arguments', 'x-message-ttl']`. */
export type Path = readonly (string | number)[];

/** What a finding is about. */
export interface Subject {
  readonly kind: 'queue' | 'exchange' | 'binding' | 'policy' | 'channel' | 'definitions';
  readonly name: string;
  /** Undefined when it is in none, or that is not known. */
  readonly vhost: string | undefined;
  readonly path: Path;
}

/** Something that is wrong with a topology, or worth knowing. */
export interface Finding {
  readonly check: CheckId;
  readonly severity: Severity;
  readonly kind: Subject['kind'];
  readonly name: string;
  readonly vhost: string | undefined;
  /** What will happen to which message, in sentences. */
  readonly message: string;
  readonly fix: string;
  readonly path: Path;
}

/**
 * @param details what it is here: names and numbers
 * @param at the way on from the subject to what is wrong
 * @param fix where it can be said better than for the check in general
 */
export function finding(
  check: CheckId,
  subject: Subject,
  details: string,
  at: Path = [],
  fix: string = checks[check].fix,
): Finding {
  const { severity, effect } = checks[check];
  const { kind, name, vhost, path } = subject;
  return { check, severity, kind, name, vhost, message: `${details} ${effect}`, fix, path: [...path, ...at] };
}

/** `queues[3].arguments` as a way. */
export function parsePath(path: string): Path {
  return path.split('.').flatMap((part) => {
    const [, name = part, index] = /^(.*)\[(\d+)\]$/.exec(part) ?? [];
    return index === undefined ? [name] : [name, Number(index)];
  });
}
