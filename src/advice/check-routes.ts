import type { Exchange } from '../broker/exchange.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import type { StudiedExchange, Study } from './study.ts';

/** Exchanges that lead nowhere, and queues nothing leads to. */
export function checkRoutes(study: Study): Finding[] {
  return [...study.exchanges.flatMap((subject) => exchangeRoutes(subject)), ...unboundQueues(study)];
}

const ALTERNATE_AT = ['arguments', 'alternate-exchange'];

function exchangeRoutes(subject: StudiedExchange): Finding[] {
  const { exchange } = subject;
  const { alternate } = exchange;
  if (alternate === undefined) {
    if (exchange.bindingCount > 0 || exchange.name.startsWith('amq.')) return [];
    return [finding('exchange-without-bindings', subject, 'Nothing is bound to it.')];
  }
  const { exchanges } = subject.in;
  if (!exchanges.has(alternate)) {
    const meant = nearest(
      alternate,
      [...exchanges.keys()].filter((name) => name !== ''),
    );
    const details = `Its alternate exchange '${alternate}' does not exist.`;
    const fix = meant === undefined ? undefined : `Probably '${meant}' was meant.`;
    return [finding('missing-alternate-exchange', subject, details, ALTERNATE_AT, fix)];
  }
  const chain = alternates(exchange, exchanges);
  if (chain.some((one) => one.isDefault || one.bindingCount > 0)) return [];
  const names = chain.map(({ name }) => `'${name}'`).join(' -> ');
  return [finding('dead-end-alternate-exchange', subject, `Its alternates: ${names}.`, ALTERNATE_AT)];
}

/** The alternate exchange, the alternate of that and so on, each once. */
function alternates(exchange: Exchange, exchanges: ReadonlyMap<string, Exchange>): Exchange[] {
  const chain: Exchange[] = [];
  let next = exchange.alternate === undefined ? undefined : exchanges.get(exchange.alternate);
  while (next !== undefined && next !== exchange && !chain.includes(next)) {
    chain.push(next);
    next = next.alternate === undefined ? undefined : exchanges.get(next.alternate);
  }
  return chain;
}

/** Those nothing but the default exchange reaches, and no dead letter by their name either. */
function unboundQueues({ queues }: Study): Finding[] {
  const named = new Set(
    queues.flatMap(({ vhost, queue: { settings } }) =>
      settings.deadLetterExchange === '' ? [JSON.stringify([vhost, settings.deadLetterRoutingKey])] : [],
    ),
  );
  return queues
    .filter(
      ({ queue, vhost, name }) => queue.incoming.size === 0 && !named.has(JSON.stringify([vhost, name])),
    )
    .map((subject) => finding('unbound-queue', subject, 'Nothing is bound to it.'));
}
