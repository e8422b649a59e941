import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Exchange } from '../broker/exchange.ts';
import { isPolicyFor } from '../broker/policies.ts';
import type { Policy, PolicyKind } from '../broker/policies.ts';
import type { PolicyDefinition } from '../broker/policy-keys.ts';
import { integerOf, textOf } from '../broker/term.ts';
import type { Vhost } from '../broker/vhost.ts';
import { finding, parsePath } from './finding.ts';
import type { Finding, Subject } from './finding.ts';
import type { StudiedQueue, Study } from './study.ts';

/** Policies that are not in force, and what is said twice. */
export function checkPolicies(study: Study): Finding[] {
  const { broker, definitions } = study;
  const ofPolicies = definitions.policies.flatMap(({ path, value: { vhost, kind, name } }) => {
    const place = broker.vhosts.get(vhost);
    const policy = place?.policies.get(kind, name);
    if (place === undefined || policy === undefined) return [];
    const subject: Subject = { kind: 'policy', name, vhost, path: parsePath(path) };
    return inForce(place, kind, policy, subject);
  });
  return [...ofPolicies, ...study.queues.flatMap((subject) => [...inertKey(subject), ...overruled(subject)])];
}

type Governed = DeclaredQueue | Exchange;

function inForce(vhost: Vhost, kind: PolicyKind, policy: Policy, subject: Subject): Finding[] {
  const everything: Governed[] = [...vhost.exchanges.values(), ...vhost.queues.values()];
  const matched = everything.filter((one) => isPolicyFor({ ...policy, definition: {} }, one));
  if (matched.length === 0) {
    const details = `Its pattern is ${JSON.stringify(policy.pattern)}, for ${policy.applyTo}.`;
    return [finding('unmatched-policy', subject, details, ['pattern'])];
  }
  const supported = matched.filter((one) => isPolicyFor(policy, one));
  const found = unsupported(
    matched.filter((one) => !supported.includes(one)),
    subject,
  );
  const winners = supported.map(({ policies }) =>
    kind === 'policy' ? policies.policy : policies.operatorPolicy,
  );
  if (supported.length === 0 || winners.includes(policy)) return found;
  const names = [...new Set(winners.map((winner) => `'${winner?.name}' with ${winner?.priority}`))].join(
    ', ',
  );
  const details = `Its priority is ${policy.priority}; before it comes ${names}.`;
  return [...found, finding('shadowed-policy', subject, details, ['priority'])];
}

function unsupported(queues: readonly Governed[], subject: Subject): Finding[] {
  if (queues.length === 0) return [];
  const names = queues.map(
    (queue) => `'${queue.name}'${queue.kind === 'queue' ? ` (${queue.arguments.type.name})` : ''}`,
  );
  return [finding('unsupported-policy', subject, `It matches ${names.join(', ')}.`, ['definition'])];
}

function inertKey(subject: StudiedQueue): Finding[] {
  const { settings, policies, identity } = subject.queue;
  const key = policies.definition['dead-letter-routing-key'];
  if (key === undefined || settings.deadLetterExchange !== undefined) return [];
  if (identity.table.has('x-dead-letter-routing-key')) return [];
  const details = `Policy ${namesOf(subject)} gives it the key ${JSON.stringify(key)}.`;
  return [finding('inert-dead-letter-key', subject, details)];
}

function namesOf({ queue: { policies } }: StudiedQueue): string {
  const names = [policies.policy, policies.operatorPolicy].flatMap((policy) =>
    policy === undefined ? [] : [policy],
  );
  return names.map(({ name }) => `'${name}'`).join(' and ');
}

/** Keys of policies that are arguments, too. */
const BOTH: readonly (keyof PolicyDefinition)[] = [
  'dead-letter-exchange',
  'dead-letter-routing-key',
  'dead-letter-strategy',
  'delivery-limit',
  'expires',
  'max-length',
  'max-length-bytes',
  'message-ttl',
  'overflow',
];

function overruled(subject: StudiedQueue): Finding[] {
  const { identity, policies } = subject.queue;
  return BOTH.flatMap((key) => {
    const [argument, said] = [identity.table.get(`x-${key}`), policies.definition[key]];
    if (argument === undefined || said === undefined) return [];
    const own = textOf(argument) ?? Number(integerOf(argument));
    if (own === said) return [];
    const details = `x-${key} is ${JSON.stringify(own)}, and by policy ${namesOf(subject)} it is ${JSON.stringify(said)}.`;
    return [finding('overruled-policy', subject, details, ['arguments', `x-${key}`])];
  });
}
