import type { CheckId } from '../../src/advice/checks.ts';
import type { Facts } from '../../src/advice/study.ts';

type Arguments = Record<string, unknown>;

/** A topology in the format of RabbitMQ's definitions, with what every entry must have. */
export interface Topology {
  readonly facts?: Facts;
  readonly [section: string]: unknown;
}

const place = { vhost: '/', durable: true, auto_delete: false };

export function queue(name: string, args: Arguments = {}, more: object = {}): object {
  return { ...place, name, arguments: args, ...more };
}

export function exchange(name: string, type = 'direct', args: Arguments = {}): object {
  return { ...place, name, type, internal: false, arguments: args };
}

export function binding(source: string, destination: string, key = '', to = 'queue'): object {
  return { source, destination, destination_type: to, routing_key: key, vhost: '/', arguments: {} };
}

/** Where dead letters go. */
export function dead(exchangeName: string, key?: string): Arguments {
  const own = key === undefined ? {} : { 'x-dead-letter-routing-key': key };
  return { 'x-dead-letter-exchange': exchangeName, ...own };
}

function policy(name: string, definition: object, priority = 0): object {
  return { vhost: '/', name, pattern: '^q', 'apply-to': 'queues', priority, definition };
}

const ttl = (ms: number): Arguments => ({ 'x-message-ttl': ms });
const quorum = { 'x-queue-type': 'quorum' };
const person = (name: string): object => ({ name, password: 'x', tags: '' });
const grant = (configure: string, write: string, read: string): object => ({
  user: 'app',
  vhost: '/',
  configure,
  write,
  read,
});
const facts = (name: string, consumers: number): Facts => ({
  queues: [{ vhost: '/', name, consumers }],
  channels: [],
});
const channel = (globalPrefetch: number): Facts => ({
  queues: [],
  channels: [{ vhost: '/', name: 'a -> b (1)', globalPrefetch }],
});

/** For each check a topology that has the flaw, with what it is found at, and one nearly the same that has not. */
export const fixtures: Readonly<
  Record<CheckId, { readonly flawed: Topology; readonly at: string; readonly sound: Topology }>
> = {
  'invalid-definitions': {
    flawed: { queues: [{ name: 'q' }] },
    at: 'definitions',
    sound: { queues: [queue('q')] },
  },
  'refused-declaration': {
    flawed: { queues: [queue('q', { 'x-message-ttl': '60000' })] },
    at: 'q',
    sound: { queues: [queue('q', ttl(60_000))] },
  },
  'repeated-declaration': {
    flawed: { queues: [queue('q'), queue('q', ttl(5))] },
    at: 'q',
    sound: { queues: [queue('q'), queue('q')] },
  },
  'misspelled-argument': {
    flawed: { queues: [queue('q', { 'x-mesage-ttl': 5 })] },
    at: 'q',
    sound: { queues: [queue('q', ttl(5))] },
  },
  'unknown-argument': {
    flawed: { queues: [queue('q', { 'x-owner-of-this-queue': 'us' })] },
    at: 'q',
    sound: { queues: [queue('q', { 'x-max-length': 5 })] },
  },
  'missing-dead-letter-exchange': {
    flawed: { queues: [queue('q', dead('dlx'))] },
    at: 'q',
    sound: { queues: [queue('q', dead('amq.direct'))] },
  },
  'unroutable-dead-letters': {
    flawed: {
      queues: [queue('q', dead('amq.direct', 'late')), queue('late')],
      bindings: [binding('amq.direct', 'late', 'lat')],
    },
    at: 'q',
    sound: {
      queues: [queue('q', dead('amq.direct', 'late')), queue('late')],
      bindings: [binding('amq.direct', 'late', 'late')],
    },
  },
  'dead-letters-by-name': {
    flawed: { queues: [queue('q', dead(''))], bindings: [binding('amq.topic', 'q', 'order.*')] },
    at: 'q',
    sound: {
      queues: [queue('q', dead('', 'late')), queue('late')],
      bindings: [binding('amq.topic', 'q', 'order.*')],
    },
  },
  'automatic-cycle': {
    flawed: {
      queues: [queue('a', { ...ttl(5), ...dead('', 'b') }), queue('b', { ...ttl(5), ...dead('', 'a') })],
    },
    at: 'a',
    sound: { queues: [queue('a', { ...ttl(5), ...dead('', 'b') }), queue('b', dead('', 'a'))] },
  },
  'delivery-limit-cycle': {
    flawed: {
      queues: [
        queue('work', { ...quorum, ...dead('', 'wait') }),
        queue('wait', { ...ttl(5), ...dead('', 'work') }),
      ],
    },
    at: 'work',
    sound: {
      queues: [
        queue('work', { ...quorum, 'x-delivery-limit': -1, ...dead('', 'wait') }),
        queue('wait', { ...ttl(5), ...dead('', 'work') }),
      ],
    },
  },
  'reject-loop-without-delay': {
    flawed: { queues: [queue('work', dead('', 'work'))] },
    at: 'work',
    sound: { queues: [queue('work', dead('', 'late')), queue('late')] },
  },
  'endless-retries': {
    flawed: { queues: [queue('work', dead('', 'wait')), queue('wait', { ...ttl(5), ...dead('', 'work') })] },
    at: 'work',
    sound: {
      queues: [
        queue('work', dead('', 'wait')),
        queue('wait', { ...ttl(5), ...dead('', 'late') }),
        queue('late'),
      ],
    },
  },
  'expires-before-messages': {
    flawed: { queues: [queue('q', { ...ttl(60_000), 'x-expires': 60_000 })] },
    at: 'q',
    sound: { queues: [queue('q', { ...ttl(60_000), 'x-expires': 60_001 })] },
  },
  'expires-while-waiting': {
    flawed: {
      queues: [queue('retry.5s', { ...ttl(5_000), 'x-expires': 60_000, ...dead('', 'work') }), queue('work')],
    },
    at: 'retry.5s',
    sound: { queues: [queue('retry.5s', { ...ttl(5_000), ...dead('', 'work') }), queue('work')] },
  },
  'mixed-expirations': {
    flawed: { queues: [queue('delay', dead('', 'work')), queue('work')] },
    at: 'delay',
    sound: { queues: [queue('delay', { ...ttl(5), ...dead('', 'work') }), queue('work')] },
  },
  'consumed-waiting-queue': {
    flawed: {
      queues: [queue('delay', { ...ttl(5), ...dead('', 'work') }), queue('work')],
      facts: facts('delay', 1),
    },
    at: 'delay',
    sound: {
      queues: [queue('delay', { ...ttl(5), ...dead('', 'work') }), queue('work')],
      facts: facts('work', 1),
    },
  },
  'vanishing-dead-letters': {
    flawed: { queues: [queue('wait', ttl(5))] },
    at: 'wait',
    sound: { queues: [queue('wait', { ...ttl(5), ...dead('', 'work') }), queue('work')] },
  },
  'expires-silently': {
    flawed: { queues: [queue('q', ttl(5))] },
    at: 'q',
    sound: { queues: [queue('q', { ...ttl(5), ...dead('', 'late') }), queue('late')] },
  },
  'drops-oldest': {
    flawed: { queues: [queue('q', { 'x-max-length-bytes': 5 })] },
    at: 'q',
    sound: { queues: [queue('q', { 'x-max-length-bytes': 5, 'x-overflow': 'reject-publish' })] },
  },
  'zero-ttl': {
    flawed: { queues: [queue('q', ttl(0))] },
    at: 'q',
    sound: { queues: [queue('q', ttl(1))] },
  },
  'very-long-ttl': {
    flawed: { queues: [queue('q', ttl(2 ** 32))] },
    at: 'q',
    sound: { queues: [queue('q', ttl(2 ** 32 - 1))] },
  },
  'priority-holds-back': {
    flawed: { queues: [queue('q', { ...ttl(5), 'x-max-priority': 5 })] },
    at: 'q',
    sound: { queues: [queue('q', { 'x-max-priority': 5 })] },
  },
  'inactive-at-least-once': {
    flawed: {
      queues: [
        queue('q', { ...quorum, ...dead('', 'late'), 'x-dead-letter-strategy': 'at-least-once' }),
        queue('late'),
      ],
    },
    at: 'q',
    sound: {
      queues: [
        queue('q', {
          ...quorum,
          ...dead('', 'late'),
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        }),
        queue('late'),
      ],
    },
  },
  'unsupported-overflow': {
    flawed: { queues: [queue('q', { ...quorum, 'x-overflow': 'reject-publish-dlx' })] },
    at: 'q',
    sound: { queues: [queue('q', { 'x-overflow': 'reject-publish-dlx' })] },
  },
  'delivery-limit-loses': {
    flawed: { queues: [queue('q', quorum)] },
    at: 'q',
    sound: { queues: [queue('q', { ...quorum, 'x-delivery-limit': -1 })] },
  },
  'auto-delete-loses': {
    flawed: { queues: [queue('q', dead('amq.fanout'), { auto_delete: true })] },
    at: 'q',
    sound: { queues: [queue('q', dead('amq.fanout'))] },
  },
  'missing-alternate-exchange': {
    flawed: {
      exchanges: [exchange('x', 'direct', { 'alternate-exchange': 'unroutd' }), exchange('unrouted')],
    },
    at: 'x',
    sound: {
      exchanges: [exchange('x', 'direct', { 'alternate-exchange': 'unrouted' }), exchange('unrouted')],
    },
  },
  'dead-end-alternate-exchange': {
    flawed: { exchanges: [exchange('x', 'direct', { 'alternate-exchange': 'y' }), exchange('y')] },
    at: 'x',
    sound: {
      exchanges: [exchange('x', 'direct', { 'alternate-exchange': 'y' }), exchange('y')],
      queues: [queue('q')],
      bindings: [binding('y', 'q')],
    },
  },
  'exchange-without-bindings': {
    flawed: { exchanges: [exchange('x')] },
    at: 'x',
    sound: { exchanges: [exchange('x')], queues: [queue('q')], bindings: [binding('x', 'q')] },
  },
  'unbound-queue': {
    flawed: { queues: [queue('q')] },
    at: 'q',
    sound: { queues: [queue('q')], bindings: [binding('amq.direct', 'q', 'k')] },
  },
  'forbidden-dead-letter-exchange': {
    flawed: {
      users: [person('app')],
      permissions: [grant('^q', '^q', '.*')],
      vhosts: [{ name: '/' }],
      queues: [queue('q', dead('amq.fanout'))],
    },
    at: 'q',
    sound: {
      users: [person('app')],
      permissions: [grant('^q', '^(q|amq.fanout)', '.*')],
      vhosts: [{ name: '/' }],
      queues: [queue('q', dead('amq.fanout'))],
    },
  },
  'shadowed-policy': {
    flawed: {
      queues: [queue('q')],
      policies: [policy('high', { 'max-length': 5 }, 2), policy('low', { expires: 5 }, 1)],
    },
    at: 'low',
    sound: { queues: [queue('q')], policies: [policy('only', { 'max-length': 5, expires: 5 }, 2)] },
  },
  'unsupported-policy': {
    flawed: { queues: [queue('q')], policies: [policy('p', { 'message-ttl': 5, 'delivery-limit': 5 })] },
    at: 'p',
    sound: {
      queues: [queue('q', quorum)],
      policies: [policy('p', { 'message-ttl': 5, 'delivery-limit': 5 })],
    },
  },
  'unmatched-policy': {
    flawed: { policies: [policy('p', { 'message-ttl': 5 })] },
    at: 'p',
    sound: { queues: [queue('q')], policies: [policy('p', { 'message-ttl': 5 })] },
  },
  'inert-dead-letter-key': {
    flawed: { queues: [queue('q')], policies: [policy('p', { 'dead-letter-routing-key': 'k' })] },
    at: 'q',
    sound: {
      queues: [queue('q', dead('amq.direct'))],
      policies: [policy('p', { 'dead-letter-routing-key': 'k' })],
    },
  },
  'overruled-policy': {
    flawed: { queues: [queue('q', ttl(5))], policies: [policy('p', { 'message-ttl': 4 })] },
    at: 'q',
    sound: { queues: [queue('q', ttl(5))], policies: [policy('p', { 'message-ttl': 5 })] },
  },
  'mirrored-queues': {
    flawed: { queues: [queue('q')], policies: [policy('p', { 'ha-mode': 'all', 'max-length': 5 })] },
    at: 'p',
    sound: { queues: [queue('q')], policies: [policy('p', { 'max-length': 5 })] },
  },
  'transient-queue': {
    flawed: { queues: [queue('q', {}, { durable: false })] },
    at: 'q',
    sound: { queues: [queue('q')] },
  },
  'global-prefetch': { flawed: { facts: channel(5) }, at: 'a -> b (1)', sound: { facts: channel(0) } },
  'queue-mode': {
    flawed: { queues: [queue('q', { 'x-queue-mode': 'lazy' })] },
    at: 'q',
    sound: { queues: [queue('q')] },
  },
  'queue-version-1': {
    flawed: { queues: [queue('q', { 'x-queue-version': 1 })] },
    at: 'q',
    sound: { queues: [queue('q', { 'x-queue-version': 2 })] },
  },
  'queue-master-locator': {
    flawed: { queues: [queue('q', { 'x-queue-master-locator': 'min-masters' })] },
    at: 'q',
    sound: { queues: [queue('q', { 'x-queue-leader-locator': 'balanced' })] },
  },
  'many-wildcards': {
    flawed: { queues: [queue('q')], bindings: [binding('amq.topic', 'q', '#.a.#.b.#')] },
    at: 'amq.topic -> q',
    sound: { queues: [queue('q')], bindings: [binding('amq.topic', 'q', '#.a.#')] },
  },
  'delayed-message-plugin': {
    flawed: { exchanges: [exchange('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })] },
    at: 'x',
    sound: { exchanges: [exchange('x')] },
  },
};
