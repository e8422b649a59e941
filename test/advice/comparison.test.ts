import { expect, test } from 'vitest';
import { compareDefinitions } from '../../src/advice/comparison.ts';

const queue = { name: 'q', vhost: '/', durable: true, auto_delete: false };

test('what is in one only and what is changed are told, each with its fields', () => {
  const before = {
    queues: [queue, { ...queue, name: 'old' }],
    policies: [
      { vhost: '/', name: 'p', pattern: '.*', definition: { 'max-length': 5, overflow: 'drop-head' } },
    ],
  };
  const after = {
    queues: [
      { ...queue, arguments: { 'x-max-length': 5 } },
      { ...queue, name: 'new' },
    ],
    policies: [{ vhost: '/', name: 'p', pattern: '.*', definition: { 'max-length': 6 }, priority: 1 }],
  };
  expect(compareDefinitions(before, after)).toEqual([
    {
      kind: 'changed',
      section: 'policies',
      subject: "policy 'p' in vhost '/'",
      fields: [
        { field: 'priority', from: 0, to: 1 },
        { field: 'definition.max-length', from: 5, to: 6 },
        { field: 'definition.overflow', from: 'drop-head', to: undefined },
      ],
    },
    { kind: 'removed', section: 'queues', subject: "queue 'old' in vhost '/'", fields: [] },
    { kind: 'added', section: 'queues', subject: "queue 'new' in vhost '/'", fields: [] },
    {
      kind: 'changed',
      section: 'queues',
      subject: "queue 'q' in vhost '/'",
      fields: [{ field: 'arguments.x-max-length', from: undefined, to: 5 }],
    },
  ]);
});

test('bindings are the same only with the same key and arguments', () => {
  const binding = {
    vhost: '/',
    source: 'x',
    destination: 'q',
    destination_type: 'queue',
    routing_key: 'k',
    arguments: {},
  };
  const found = compareDefinitions(
    { bindings: [binding] },
    { bindings: [{ ...binding, arguments: { a: 1 } }] },
  );
  expect(found.map(({ kind, subject }) => [kind, subject])).toEqual([
    ['removed', "binding of queue 'q' to exchange 'x' with key 'k' in vhost '/'"],
    ['added', "binding of queue 'q' to exchange 'x' with key 'k' in vhost '/'"],
  ]);
});

test('what versions of RabbitMQ write differently is no difference (API-14, API-54)', () => {
  const older = {
    rabbit_version: '3.10.8',
    vhosts: [{ name: '/' }],
    users: [
      { name: 'u', password_hash: 'h', hashing_algorithm: 'rabbit_password_hashing_sha256', tags: 'b,a' },
    ],
    parameters: [{ vhost: '/', component: 'vhost-limits', name: 'limits', value: { 'max-queues': 5 } }],
    global_parameters: [{ name: 'internal_cluster_id', value: 'rabbitmq-cluster-id-1' }],
    queues: [{ ...queue, arguments: [] }],
    exchanges: [{ name: 'x', vhost: '/', type: 'topic', durable: true, internal: false, arguments: {} }],
    policies: [
      { vhost: '/', name: 'p', pattern: '', definition: { 'max-length': 5 }, priority: 0, 'apply-to': 'all' },
    ],
  };
  const newer = {
    rabbit_version: '4.3.0',
    vhosts: [
      {
        name: '/',
        description: '',
        tags: [],
        limits: { 'max-queues': 5 },
        metadata: { description: '', tags: [], default_queue_type: 'classic' },
      },
    ],
    users: [{ name: 'u', password_hash: 'h', tags: ['a', 'b'], limits: {} }],
    global_parameters: [{ name: 'internal_cluster_id', value: 'rabbitmq-cluster-id-2' }],
    queues: [{ ...queue, type: 'classic', arguments: { 'x-queue-type': 'classic' } }],
    exchanges: [{ name: 'x', vhost: '/', type: 'topic', auto_delete: false }],
    policies: [{ vhost: '/', name: 'p', pattern: '', definition: { 'max-length': 5 } }],
  };
  expect(compareDefinitions(older, newer)).toEqual([]);
});

test('of one vhost only what is in it is compared, also with an export of that vhost (API-55)', () => {
  const whole = {
    vhosts: [{ name: 'a' }, { name: 'b' }],
    users: [{ name: 'u', tags: [] }],
    queues: [
      { ...queue, vhost: 'a' },
      { ...queue, vhost: 'b', name: 'other' },
    ],
  };
  const { vhost: _vhost, ...unnamed } = queue;
  const exported = { original_vhost_name: 'a', queues: [unnamed] };
  expect(compareDefinitions(whole, exported, 'a')).toEqual([]);
  expect(compareDefinitions(whole, exported, 'b').map(({ subject }) => subject)).toEqual([
    "queue 'other' in vhost 'b'",
  ]);
  expect(compareDefinitions(whole, exported).length).toBe(3);
});
