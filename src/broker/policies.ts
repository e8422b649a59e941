import type { DeclaredQueue } from './declared-queue.ts';
import type { Exchange } from './exchange.ts';
import { expressionFault, patternOf } from './expression.ts';
import { printJson, printPairs, sortedEntries } from './json-term.ts';
import type { Definition, Journal } from './journal.ts';
import { definitionFault, isFor, mergeDefinitions } from './policy-keys.ts';
import type { PolicyDefinition } from './policy-keys.ts';
import type { QueueType } from './queue-type.ts';
import { ValidationError } from './validation-error.ts';

export type PolicyKind = 'policy' | 'operator-policy';

const TARGETS = ['all', 'queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges'] as const;

/** What a policy is for. */
type PolicyTarget = (typeof TARGETS)[number];

/** What an administrator says of queues and exchanges by their names. */
export interface Policy {
  readonly name: string;
  /** A regular expression that is found anywhere in the names it is for. */
  readonly pattern: string;
  readonly applyTo: PolicyTarget;
  readonly definition: PolicyDefinition;
  /** Of those that match the highest applies, and no other (POL-02). */
  readonly priority: number;
}

/** What policies say of one queue or exchange: replaced as a whole when that changes. */
export interface AppliedPolicies {
  readonly policy: Policy | undefined;
  readonly operatorPolicy: Policy | undefined;
  /** What both come to; empty when there is neither. */
  readonly definition: PolicyDefinition;
}

export const NO_POLICIES: AppliedPolicies = { policy: undefined, operatorPolicy: undefined, definition: {} };

/** What policies need of the vhost they are in. */
export interface PolicyHost {
  readonly name: string;
  readonly journal: Journal;
  readonly queues: ReadonlyMap<string, DeclaredQueue>;
  readonly exchanges: ReadonlyMap<string, Exchange>;
  /** What the task buries is buried when it is done. */
  holdBurials(task: () => void): void;
}

interface Ranked {
  readonly policy: Policy;
  readonly pattern: RegExp;
}

const TARGET_OF_TYPE: Readonly<Record<QueueType['name'], PolicyTarget>> = {
  classic: 'classic_queues',
  quorum: 'quorum_queues',
  stream: 'streams',
};

/** The policies of a vhost: which there are, and to what they apply. */
export class Policies {
  readonly #host: PolicyHost;
  readonly #onRerouted: () => void;
  readonly #policies = new Map<string, Policy>();
  readonly #operatorPolicies = new Map<string, Policy>();
  /** Highest priority first. */
  #ranked: readonly Ranked[] = [];
  #rankedOperator: readonly Ranked[] = [];
  /** What was found to apply, so that all to which it does share it: by policy, then by operator policy. */
  readonly #applied = new Map<Policy | undefined, Map<Policy | undefined, AppliedPolicies>>();

  /** @param onRerouted messages may take other ways now */
  constructor(host: PolicyHost, onRerouted: () => void) {
    this.#host = host;
    this.#onRerouted = onRerouted;
  }

  get(kind: PolicyKind, name: string): Policy | undefined {
    return this.#of(kind).get(name);
  }

  list(kind: PolicyKind): readonly Policy[] {
    return [...this.#of(kind).values()];
  }

  /**
   * Adds a policy or replaces one as a whole; it applies when this returns.
   * @param asked an object with `pattern`, `definition`, `priority` and, if it is not for all, `apply-to`
   * @throws {ValidationError} for anything else
   */
  set(kind: PolicyKind, name: string, asked: unknown): Policy {
    const policy = readPolicy(kind, name, asked);
    const before = this.get(kind, name);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(policy)) return before;
    this.#of(kind).set(name, policy);
    this.#host.journal.define(this.#record(kind, policy));
    this.#changed();
    return policy;
  }

  /** Returns whether there was one. */
  remove(kind: PolicyKind, name: string): boolean {
    const policy = this.get(kind, name);
    if (policy === undefined) return false;
    this.#of(kind).delete(name);
    this.#host.journal.undefine(this.#record(kind, policy));
    this.#changed();
    return true;
  }

  /** Forgets all: the vhost goes. */
  clear(): void {
    for (const kind of ['policy', 'operator-policy'] as const) {
      for (const policy of this.list(kind)) this.#host.journal.undefine(this.#record(kind, policy));
      this.#of(kind).clear();
    }
    this.#rank();
  }

  /** Puts back what was set before a restart; `apply` when all is back. */
  restore({ kind, vhost: _vhost, ...policy }: Definition & { readonly kind: PolicyKind }): void {
    this.#of(kind).set(policy.name, policy);
    this.#rank();
  }

  /** What applies to a queue or an exchange. */
  for(subject: DeclaredQueue | Exchange): AppliedPolicies {
    const policy = this.#ranked.find((one) => applies(one, subject))?.policy;
    const operatorPolicy = this.#rankedOperator.find((one) => applies(one, subject))?.policy;
    if (policy === undefined && operatorPolicy === undefined) return NO_POLICIES;
    let ofPolicy = this.#applied.get(policy);
    if (ofPolicy === undefined) this.#applied.set(policy, (ofPolicy = new Map<Policy, AppliedPolicies>()));
    let applied = ofPolicy.get(operatorPolicy);
    if (applied === undefined) {
      const definition = mergeDefinitions(policy?.definition ?? {}, operatorPolicy?.definition ?? {});
      ofPolicy.set(operatorPolicy, (applied = { policy, operatorPolicy, definition }));
    }
    return applied;
  }

  /** Every queue and exchange hears what applies to it now, if that is something else than before. */
  apply(): void {
    let isRerouted = false;
    this.#host.holdBurials(() => {
      for (const exchange of this.#host.exchanges.values()) {
        if (this.#govern(exchange)) isRerouted = true;
      }
      for (const queue of this.#host.queues.values()) this.#govern(queue);
    });
    if (isRerouted) this.#onRerouted();
  }

  #govern(subject: DeclaredQueue | Exchange): boolean {
    const before = subject.policies;
    const now = this.for(subject);
    if (now.policy === before.policy && now.operatorPolicy === before.operatorPolicy) return false;
    subject.govern(now);
    return true;
  }

  #changed(): void {
    this.#rank();
    this.apply();
  }

  #rank(): void {
    this.#applied.clear();
    this.#ranked = ranked(this.#policies);
    this.#rankedOperator = ranked(this.#operatorPolicies);
  }

  #of(kind: PolicyKind): Map<string, Policy> {
    return kind === 'policy' ? this.#policies : this.#operatorPolicies;
  }

  #record(kind: PolicyKind, policy: Policy): Definition {
    return { kind, vhost: this.#host.name, ...policy };
  }
}

/** RabbitMQ leaves it open which of two equal priorities wins: here it is the name that sorts first (POL-02). */
function ranked(policies: ReadonlyMap<string, Policy>): Ranked[] {
  return [...policies.values()]
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map((policy) => ({ policy, pattern: patternOf(policy.pattern) }));
}

/** Whether a policy is for a queue or an exchange, should no other one be before it. */
export function isPolicyFor(policy: Policy, subject: DeclaredQueue | Exchange): boolean {
  return applies({ policy, pattern: patternOf(policy.pattern) }, subject);
}

function applies({ policy, pattern }: Ranked, subject: DeclaredQueue | Exchange): boolean {
  const { applyTo, definition } = policy;
  if (subject.kind === 'exchange') {
    return (applyTo === 'all' || applyTo === 'exchanges') && pattern.test(subject.name);
  }
  const { type } = subject.arguments;
  if (applyTo !== 'all' && applyTo !== 'queues' && applyTo !== TARGET_OF_TYPE[type.name]) return false;
  return pattern.test(subject.name) && isFor(type, definition);
}

/** Faults are in RabbitMQ's order: the last term it looks at comes first (POL-10). */
function readPolicy(kind: PolicyKind, name: string, asked: unknown): Policy {
  const terms = typeof asked === 'object' && asked !== null ? { ...asked } : {};
  const { priority, pattern, 'apply-to': applyTo, definition, ...rest } = terms as Record<string, unknown>;
  const unknown = sortedEntries(rest);
  const faults = [
    unknown.length === 0 ? undefined : `Unrecognised terms ${printPairs(unknown)} in ${name}`,
    definition === undefined ? missing('definition', name) : definitionFault(definition, kind !== 'policy'),
    applyTo === undefined ? undefined : targetFault(applyTo),
    pattern === undefined ? missing('pattern', name) : patternFault(pattern),
    priority === undefined ? missing('priority', name) : priorityFault(priority),
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new ValidationError(faults);
  return {
    name,
    pattern: pattern as string,
    applyTo: (applyTo ?? 'all') as PolicyTarget,
    definition: Object.fromEntries(sortedEntries(definition as object)),
    priority: priority as number,
  };
}

function missing(key: string, name: string): string {
  return `Key "${key}" not found in ${name}`;
}

function targetFault(target: unknown): string | undefined {
  if (TARGETS.some((one) => one === target)) return undefined;
  const known = "'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'";
  return `apply-to '${String(target)}' unrecognised; should be one of: ${known}`;
}

function priorityFault(priority: unknown): string | undefined {
  if (typeof priority === 'number') return undefined;
  return `priority should be a number, actually was ${printJson(priority)}`;
}

function patternFault(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string') return `pattern should be a binary but was ${printJson(pattern)}`;
  const fault = expressionFault(pattern);
  return fault === undefined ? undefined : `pattern should be regular expression but is invalid: ${fault}`;
}
