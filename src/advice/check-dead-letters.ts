import type { DeathReason } from '../broker/queue-host.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';
import { exchangeName } from './names.ts';
import { nearest } from './nearest.ts';
import type { DeadStep, StudiedQueue, Study } from './study.ts';
import { deadWay, keysInto } from './way.ts';

/** Dead letters that reach nobody: the exchange is missing, or it has no way for them. */
export function checkDeadLetterRoutes(study: Study): Finding[] {
  return study.queues.flatMap((subject) => {
    const name = subject.queue.settings.deadLetterExchange;
    if (name === undefined) return [];
    return subject.in.exchanges.has(name) ? unroutable(study, subject) : missing(subject, name);
  });
}

function missing(subject: StudiedQueue, name: string): Finding[] {
  const meant = nearest(
    name,
    [...subject.in.exchanges.keys()].filter((one) => one !== ''),
  );
  const details = `Its dead-letter exchange '${name}' does not exist.`;
  const fix = meant === undefined ? undefined : `Probably '${meant}' was meant.`;
  return [finding('missing-dead-letter-exchange', subject, details, EXCHANGE_AT, fix)];
}

const EXCHANGE_AT = ['arguments', 'x-dead-letter-exchange'];
const KEY_AT = ['arguments', 'x-dead-letter-routing-key'];

function unroutable(study: Study, subject: StudiedQueue): Finding[] {
  const { queue } = subject;
  const { deadLetterExchange = '', deadLetterRoutingKey } = queue.settings;
  const exchange = subject.in.exchanges.get(deadLetterExchange);
  if (exchange === undefined) return [];
  const reason: DeathReason = study.diesAlone(subject) ?? 'rejected';
  const isReached = (key: string): boolean => {
    const { queues, isUncertain } = deadWay(subject.in, exchange, queue, key, reason);
    return isUncertain || queues.length > 0;
  };
  const keys = study.deadKeys(subject);
  const lost = keys.filter((key) => !isReached(key));
  const hasOtherKeys = deadLetterRoutingKey === undefined && keysInto(queue).hasOthers;
  const leadsNowhere = exchange.bindingCount === 0 && !exchange.isDefault && exchange.alternate === undefined;
  if (leadsNowhere) {
    const details = `Its dead letters go to ${exchangeName(deadLetterExchange)}, which has no bindings.`;
    return [finding('unroutable-dead-letters', subject, details, EXCHANGE_AT)];
  }
  if (hasOtherKeys && exchange.isDefault) {
    const details =
      'It has no dead-letter routing key, and messages come with whatever key they were published with.';
    return [finding('dead-letters-by-name', subject, details, EXCHANGE_AT)];
  }
  if (lost.length === 0 || hasOtherKeys) return [];
  const list = lost.map((key) => JSON.stringify(key)).join(', ');
  const details = `No queue gets what ${exchangeName(deadLetterExchange)} is given with the key ${list}.`;
  return [finding('unroutable-dead-letters', subject, details, keyAt(deadLetterRoutingKey))];
}

function keyAt(key: string | undefined): readonly string[] {
  return key === undefined ? EXCHANGE_AT : KEY_AT;
}

/** Ways round: those that drop messages, and those that never end. */
export function checkCycles(study: Study): Finding[] {
  const alone = rounds(study, (queue) => study.diesAlone(queue));
  const any = rounds(study, (queue) => study.diesAlone(queue) ?? 'rejected');
  const known = new Set(alone.map(roundId));
  return [
    ...alone.map((round) => automaticCycle(study, round)),
    ...any.filter((round) => !known.has(roundId(round))).flatMap((round) => retries(study, round)),
  ];
}

function automaticCycle(study: Study, round: readonly DeadStep[]): Finding {
  const start = (round[0] as DeadStep).from;
  const how = (queue: StudiedQueue): string =>
    study.diesAlone(queue) === 'maxlen' ? 'is pushed out of' : 'expires in';
  const steps = round.slice(1).map(({ from }) => `goes to '${from.name}', ${how(from)} that`);
  const way = [`${how(start)} '${start.name}'`, ...steps].join(', ');
  const details = `A message ${way}, and cannot come back to '${start.name}'.`;
  return finding('automatic-cycle', start, details, EXCHANGE_AT);
}

function retries(study: Study, round: readonly DeadStep[]): Finding[] {
  const rejecting = round.map(({ from }) => from).find((queue) => study.diesAlone(queue) === undefined);
  if (rejecting === undefined) return [];
  const way = [...round.map(({ from }) => from.name), round[0]?.from.name]
    .map((name) => `'${name}'`)
    .join(' -> ');
  const waits = round.some(({ from }) => {
    const { messageTtl } = from.queue.settings;
    return messageTtl !== Infinity && messageTtl > 0;
  });
  const check = waits ? 'endless-retries' : 'reject-loop-without-delay';
  const found = [finding(check, rejecting, `The way of what is rejected: ${way}.`, EXCHANGE_AT)];
  const others = round.filter(({ from }) => study.diesAlone(from) === undefined);
  const { deliveryLimit } = rejecting.queue.settings;
  if (deliveryLimit !== Infinity && others.length === 1) {
    const details = `Messages may be requeued ${deliveryLimit} times; the way of what was requeued more often: ${way}.`;
    found.push(finding('delivery-limit-cycle', rejecting, details, ['arguments']));
  }
  return found;
}

function roundId(round: readonly DeadStep[]): string {
  return JSON.stringify([round[0]?.from.vhost, ...round.map(({ from }) => from.name).sort()]);
}

/**
 * The ways round in the graph of dead letters, each once.
 * @param dies why a message dies in a queue; undefined where it stays
 */
function rounds(study: Study, dies: (queue: StudiedQueue) => DeathReason | undefined): DeadStep[][] {
  const found = new Map<string, DeadStep[]>();
  const seen = new Set<string>();
  const walk = (way: readonly DeadStep[], at: StudiedQueue, key: string | undefined): void => {
    const state = JSON.stringify([at.vhost, at.name, key]);
    const reason = seen.has(state) ? undefined : dies(at);
    if (reason === undefined) return;
    for (const step of study.deadSteps(at, reason, key)) {
      const longer = [...way, step];
      const from = longer.findIndex((one) => one.from === step.to);
      if (from < 0) walk(longer, step.to, step.key);
      else if (!found.has(roundId(longer.slice(from))))
        found.set(roundId(longer.slice(from)), longer.slice(from));
    }
    seen.add(state);
  };
  for (const queue of study.queues) walk([], queue, undefined);
  return smallest([...found.values()]);
}

/** Those in which there is no smaller one: whoever mends that sees what is left. */
function smallest(all: readonly DeadStep[][]): DeadStep[][] {
  const kept: { readonly round: DeadStep[]; readonly queues: ReadonlySet<StudiedQueue> }[] = [];
  for (const round of all.toSorted((a, b) => a.length - b.length)) {
    const queues = new Set(round.map(({ from }) => from));
    const hasSmaller = kept.some((one) => [...one.queues].every((queue) => queues.has(queue)));
    if (!hasSmaller) kept.push({ round, queues });
  }
  return kept.map(({ round }) => round);
}
