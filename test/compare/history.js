// What is done on both brokers before they are asked. Every request of it is compared, too.

export const VHOST = 'compare';
export const OTHER = 'compare/2'; // a name that must be encoded
export const USERS = ['compare-anna', 'compare-otto', 'compare-none'];

const v = (name) => `/${encodeURIComponent(name)}`;
export const at = (...parts) => parts.map((part) => v(part)).join('');

const message = (routing_key, payload, properties = {}) => ({
  routing_key,
  payload,
  properties,
  payload_encoding: 'string',
});

const queue = (name, body) => ['PUT', at('queues', VHOST, name), body];
const exchange = (name, body) => ['PUT', at('exchanges', VHOST, name), body];

/** @type {readonly (readonly [method: string, path: string, body?: unknown, login?: string])[]} */
export const history = [
  // vhosts and who may use them
  ['PUT', at('vhosts', VHOST), { description: 'compared', tags: 'one,two' }],
  ['PUT', at('vhosts', VHOST), { description: 'compared', tags: 'one,two' }],
  ['PUT', at('vhosts', OTHER)],
  ['PUT', at('users', 'compare-anna'), { password: 'anna', tags: 'management,own' }],
  [
    'PUT',
    at('users', 'compare-otto'),
    { password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', tags: ['monitoring'] },
  ],
  ['PUT', at('users', 'compare-none'), { tags: '' }],
  ['PUT', at('users', 'compare-none'), { tags: 'policymaker' }],
  ['PUT', at('permissions', VHOST, 'compare-anna'), { configure: '^a', write: '.*', read: '' }],
  ['PUT', at('permissions', VHOST, 'compare-anna'), { configure: '^a', write: '.*', read: '.*' }],
  ['PUT', at('permissions', OTHER, 'compare-otto'), { configure: '', write: '', read: '.*' }],
  ['PUT', at('topic-permissions', VHOST, 'compare-anna'), { exchange: 'amq.topic', write: '^a', read: '^b' }],
  ['PUT', at('vhost-limits', VHOST, 'max-queues'), { value: 50 }],
  ['PUT', at('vhost-limits', VHOST, 'max-connections'), { value: 20 }],
  ['PUT', at('user-limits', 'compare-anna', 'max-channels'), { value: 7 }],
  ['PUT', at('user-limits', 'compare-anna', 'max-connections'), { value: 5 }],
  // exchanges, queues, bindings
  exchange('direct', { durable: true }),
  exchange('direct', { durable: true }),
  exchange('topic', { type: 'topic', durable: true, arguments: { 'alternate-exchange': 'unrouted' } }),
  exchange('unrouted', { type: 'fanout', durable: true }),
  exchange('headers', { type: 'headers', durable: true, auto_delete: true }),
  exchange('inner', { type: 'fanout', durable: true, internal: true }),
  exchange('passing', { type: 'fanout', durable: false }),
  queue('work', {
    durable: true,
    arguments: {
      'x-message-ttl': 600_000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'late',
    },
  }),
  queue('work', {
    durable: true,
    arguments: {
      'x-message-ttl': 600_000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'late',
    },
  }),
  queue('late', { durable: true, auto_delete: false }),
  queue('quorum', { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 } }),
  queue('stream', { durable: true, arguments: { 'x-queue-type': 'stream', 'x-max-age': '1D' } }),
  queue('priority', {
    durable: true,
    arguments: { 'x-max-priority': 5, 'x-max-length': 10, 'x-overflow': 'reject-publish' },
  }),
  queue('a queue/with+odd%names', {
    durable: 'true',
    auto_delete: 'true',
    arguments: { 'x-expires': 3_600_000 },
  }),
  queue('doomed', { durable: true }),
  ['POST', at('bindings', VHOST, 'e', 'direct', 'q', 'work'), { routing_key: 'k' }],
  ['POST', at('bindings', VHOST, 'e', 'direct', 'q', 'work'), { routing_key: 'k' }],
  ['POST', at('bindings', VHOST, 'e', 'direct', 'q', 'doomed'), { routing_key: 'a b/c+d~e' }],
  ['POST', at('bindings', VHOST, 'e', 'topic', 'q', 'work'), { routing_key: 'a.*.#', arguments: {} }],
  ['POST', at('bindings', VHOST, 'e', 'topic', 'e', 'inner'), { routing_key: '#' }],
  ['POST', at('bindings', VHOST, 'e', 'unrouted', 'q', 'late'), {}],
  [
    'POST',
    at('bindings', VHOST, 'e', 'headers', 'q', 'late'),
    { arguments: { 'x-match': 'any', format: 'pdf' } },
  ],
  // policies and parameters
  [
    'PUT',
    at('policies', VHOST, 'short'),
    { pattern: '^(late|doomed)$', definition: { 'max-length': 100 }, 'apply-to': 'queues' },
  ],
  [
    'PUT',
    at('policies', VHOST, 'short'),
    { pattern: '^(late|doomed)$', definition: { 'max-length': 50 }, priority: 2, 'apply-to': 'queues' },
  ],
  [
    'PUT',
    at('policies', VHOST, 'alternate'),
    { pattern: '^direct$', definition: { 'alternate-exchange': 'unrouted' }, 'apply-to': 'exchanges' },
  ],
  [
    'PUT',
    at('operator-policies', VHOST, 'roof'),
    { pattern: '^late$', definition: { 'max-length': 40, expires: 7_200_000 }, 'apply-to': 'queues' },
  ],
  ['PUT', at('global-parameters', 'compare'), { value: { a: [1, 'two', null, true] } }],
  ['PUT', at('global-parameters', 'compare'), { value: 5 }],
  // messages
  [
    'POST',
    `${at('exchanges', VHOST, 'amq.default')}/publish`,
    message('work', 'hello', {
      content_type: 'text/plain',
      delivery_mode: 2,
      headers: { tenant: 'acme', n: 5 },
    }),
  ],
  [
    'POST',
    `${at('exchanges', VHOST, 'direct')}/publish`,
    message('k', 'second', { message_id: 'm2', priority: 3, expiration: '600000' }),
  ],
  ['POST', `${at('exchanges', VHOST, 'direct')}/publish`, message('nobody', 'to the alternate exchange')],
  ['POST', `${at('exchanges', VHOST, 'passing')}/publish`, message('x', 'to nobody')],
  [
    'POST',
    `${at('exchanges', VHOST, 'amq.default')}/publish`,
    { ...message('late', Buffer.from([0, 255]).toString('base64')), payload_encoding: 'base64' },
  ],
  ['POST', `${at('exchanges', VHOST, 'amq.default')}/publish`, message('quorum', 'kept')],
  ['POST', `${at('queues', VHOST, 'work')}/get`, { count: 2, ackmode: 'ack_requeue_true', encoding: 'auto' }],
  [
    'POST',
    `${at('queues', VHOST, 'work')}/get`,
    { count: 1, ackmode: 'reject_requeue_false', encoding: 'auto' },
  ],
  [
    'POST',
    `${at('queues', VHOST, 'late')}/get`,
    { count: 5, ackmode: 'ack_requeue_true', encoding: 'base64', truncate: 3 },
  ],
  ['POST', `${at('exchanges', VHOST, 'amq.default')}/publish`, message('doomed', 'x')],
  // and what is taken away again
  ['DELETE', `${at('queues', VHOST, 'doomed')}?if-empty=true`],
  ['DELETE', `${at('queues', VHOST, 'doomed')}/contents`],
  ['DELETE', `${at('queues', VHOST, 'doomed')}?if-empty=true`],
  ['DELETE', at('queues', VHOST, 'doomed')],
  ['DELETE', at('exchanges', VHOST, 'passing')],
  ['DELETE', `${at('exchanges', VHOST, 'direct')}?if-unused=true`],
  ['DELETE', at('user-limits', 'compare-anna', 'max-connections')],
];

/** What sets both brokers back to what they were. */
export const cleaning = [
  ...[VHOST, OTHER, 'compare-3'].map((name) => ['DELETE', at('vhosts', name)]),
  ...[...USERS, 'compare-new'].map((name) => ['DELETE', at('users', name)]),
  ...['compare', 'compare-2'].map((name) => ['DELETE', at('global-parameters', name)]),
];
