import { allArguments } from '../broker/queue-type.ts';
import { textOf } from '../broker/term.ts';
import type { CheckId } from './checks.ts';
import { finding, parsePath } from './finding.ts';
import type { Finding, Subject } from './finding.ts';
import { nearest } from './nearest.ts';
import type { Refusal } from './scratch.ts';
import type { StudiedQueue, Study } from './study.ts';

/** Those of exchanges, of all types. */
const EXCHANGE_ARGUMENTS = [
  'alternate-exchange',
  'x-delayed-type',
  'hash-header',
  'hash-property',
  'x-recent-history-length',
  'x-recent-history-no-store',
];

/** What RabbitMQ's reasons mean, for who does not read Erlang. */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/routing_key_but_no_dlx_defined/, 'Set x-dead-letter-exchange as well; "" is the default exchange.'],
  [/expected integer, got longstr/, 'Write the number without quotes.'],
  [/expected integer, got double/, 'Write a whole number.'],
  [/value_too_large/, 'The most are 315360000000 milliseconds, which is ten years.'],
  [/value_zero/, 'The least is 1 millisecond; leave it out for "never".'],
  [/value_negative/, 'Leave it out for "never" or "no limit".'],
  [/of queue type rabbit_stream_queue/, 'Streams do not have it: their messages go by x-max-age and size.'],
  [
    /of queue type rabbit_quorum_queue/,
    'Quorum queues do not have it: leave it out, or use a classic queue.',
  ],
  [
    /of queue type rabbit_classic_queue/,
    'Classic queues do not have it: leave it out, or use a quorum queue.',
  ],
  [/invalid property/, 'Quorum queues and streams are durable, and neither exclusive nor auto-delete.'],
];

/** What the broker said when it was asked to make all this. */
export function checkRefusals(study: Study, refusals: readonly Refusal[]): Finding[] {
  return refusals.map(({ path, reason, what }) => {
    const argument = /arg '([^']+)'/.exec(reason)?.[1];
    const at = argument === undefined ? [] : ['arguments', argument];
    const text = `The broker says: ${reason.trim().replaceAll(/\s+/g, ' ')}.`;
    const fix = what === 'refused' ? EXPLAINED.find(([pattern]) => pattern.test(reason))?.[1] : undefined;
    return finding(CHECKS[what], subjectAt(study, path), text, at, fix);
  });
}

const CHECKS: Readonly<Record<Refusal['what'], CheckId>> = {
  refused: 'refused-declaration',
  repeated: 'repeated-declaration',
  changed: 'mirrored-queues',
};

const KINDS: Readonly<Record<string, Subject['kind']>> = {
  queues: 'queue',
  exchanges: 'exchange',
  bindings: 'binding',
  policies: 'policy',
  parameters: 'policy',
};

function subjectAt({ definitions }: Study, path: string): Subject {
  const way = parsePath(path);
  const [section = ''] = way;
  const all = Object.values(definitions).flat() as readonly { readonly path?: string }[];
  const asked = all.find((one) => one.path === path);
  const { value = {} } = (asked ?? {}) as { value?: { name?: string; vhost?: string; destination?: string } };
  return {
    kind: KINDS[section] ?? 'definitions',
    name: value.name ?? value.destination ?? path,
    vhost: value.vhost,
    path: way,
  };
}

/** Names of arguments: those nobody knows do nothing. */
export function checkArgumentNames({ definitions }: Study): Finding[] {
  const ofQueues = definitions.queues.flatMap(({ path, value }) => {
    const subject = { kind: 'queue', name: value.name, vhost: value.vhost, path: parsePath(path) } as const;
    return [...value.arguments.keys()].flatMap((name) => unknownArgument(subject, name, allArguments, true));
  });
  const ofExchanges = definitions.exchanges.flatMap(({ path, value }) => {
    const subject = {
      kind: 'exchange',
      name: value.name,
      vhost: value.vhost,
      path: parsePath(path),
    } as const;
    const known = new Set(EXCHANGE_ARGUMENTS);
    return [...value.arguments.keys()].flatMap((name) => unknownArgument(subject, name, known, false));
  });
  return [...ofQueues, ...ofExchanges];
}

/** @param isClosed whoever is not known does nothing; exchanges of plugins may have more */
function unknownArgument(
  subject: Subject,
  name: string,
  known: ReadonlySet<string>,
  isClosed: boolean,
): Finding[] {
  if (known.has(name)) return [];
  const at = ['arguments', name];
  const meant = nearest(name, known);
  if (meant !== undefined) {
    const details = `There is no argument ${name}; probably ${meant} was meant.`;
    return [finding('misspelled-argument', subject, details, at, `Write ${meant}.`)];
  }
  return isClosed ? [finding('unknown-argument', subject, `No queue has an argument ${name}.`, at)] : [];
}

/** What newer versions of RabbitMQ refuse or ignore. */
export function checkVersions(study: Study): Finding[] {
  return [
    ...study.definitions.queues.flatMap(({ path, value }) => {
      if (value.durable) return [];
      const { name, vhost } = value;
      const subject = { kind: 'queue', name, vhost, path: parsePath(path) } as const;
      return [finding('transient-queue', subject, 'It is neither durable nor exclusive.', ['durable'])];
    }),
    ...study.queues.flatMap(oldArguments),
    ...manyWildcards(study),
    ...globalPrefetches(study),
    ...study.exchanges
      .filter(({ exchange }) => exchange.identity.type === 'x-delayed-message')
      .map((subject) => finding('delayed-message-plugin', subject, 'It delays messages.', ['type'])),
  ];
}

function oldArguments(subject: StudiedQueue): Finding[] {
  const { table } = subject.queue.identity;
  const found: Finding[] = [];
  const mode = textOf(table.get('x-queue-mode'));
  if (mode !== undefined) found.push(finding('queue-mode', subject, `It is ${mode}.`, at('x-queue-mode')));
  if (Number(table.get('x-queue-version')?.value) === 1) {
    found.push(finding('queue-version-1', subject, 'It asks for version 1.', at('x-queue-version')));
  }
  if (table.has('x-queue-master-locator')) {
    const details = 'It says where a mirrored queue leads.';
    found.push(finding('queue-master-locator', subject, details, at('x-queue-master-locator')));
  }
  return found;
}

function at(argument: string): readonly string[] {
  return ['arguments', argument];
}

function manyWildcards({ broker, definitions }: Study): Finding[] {
  return definitions.bindings.flatMap(({ path, value: { vhost, source, destination, bindingKey } }) => {
    const type = broker.vhosts.get(vhost)?.exchanges.get(source)?.identity.type;
    const count = bindingKey.split('.').filter((word) => word === '#').length;
    if (type !== 'topic' || count <= 2) return [];
    const subject = {
      kind: 'binding',
      name: `${source} -> ${destination}`,
      vhost,
      path: parsePath(path),
    } as const;
    const details = `Its key ${JSON.stringify(bindingKey)} has ${count} of them.`;
    return [finding('many-wildcards', subject, details, ['routing_key'])];
  });
}

function globalPrefetches({ channels }: Study): Finding[] {
  return channels
    .filter(({ globalPrefetch }) => globalPrefetch > 0)
    .map(({ name, vhost, globalPrefetch }) => {
      const subject = { kind: 'channel', name, vhost, path: [] } as const;
      return finding('global-prefetch', subject, `Its consumers share a prefetch of ${globalPrefetch}.`);
    });
}

/** TTLs that are probably not what was meant. */
export function checkTtls({ queues }: Study): Finding[] {
  return queues.flatMap((subject) => {
    const { messageTtl } = subject.queue.settings;
    const way = at('x-message-ttl');
    if (messageTtl === 0) return [finding('zero-ttl', subject, 'Its message TTL is 0.', way)];
    if (messageTtl === Infinity || messageTtl < 2 ** 32) return [];
    const days = Math.floor(messageTtl / 86_400_000);
    return [finding('very-long-ttl', subject, `Its message TTL is ${messageTtl} ms: ${days} days.`, way)];
  });
}
