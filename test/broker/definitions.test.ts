import { describe, expect, test } from 'vitest';
import { readDefinitions } from '../../src/broker/definitions.ts';
import { importDefinitions } from '../../src/broker/import.ts';
import { hashPassword } from '../../src/broker/passwords.ts';
import { Core } from '../support/core.ts';
import { createHash } from 'node:crypto';

/** Of the password `geheim`, as RabbitMQ 4.3 takes them. */
const HASHES = {
  sha512: 'AQIDBNVX9N3wxUq3kDEG/rMyp3KyDMfef3prLFRqhCYaUiUXWl8fRKg91Kj9q/sWMXcyY1gTVIv+SaGXFgHpwbj12Zs=',
  md5: 'AQIDBMXz4KiYxW384IUXfaRUfFg=',
};

const secrets = {
  random: (bytes: number) => Buffer.alloc(bytes, 7),
  digest: (hashing: string, bytes: Buffer) => createHash(hashing).update(bytes).digest(),
};

/** As `rabbitmqctl export_definitions` of RabbitMQ 4 writes them, shortened. */
const exported = {
  rabbit_version: '4.3.6',
  rabbitmq_definition_format: 'cluster',
  original_cluster_name: 'rabbit@host',
  users: [
    {
      name: 'app',
      password_hash: hashPassword('secret', secrets),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['monitoring'],
      limits: { 'max-channels': 7 },
    },
    { name: 'old', password_hash: '', tags: 'management, policymaker', limits: [] },
  ],
  vhosts: [
    {
      name: 'shop',
      description: 'all of it',
      metadata: { description: 'all of it', tags: ['a'], default_queue_type: 'classic' },
    },
  ],
  permissions: [{ user: 'app', vhost: 'shop', configure: '^a', write: '^b', read: '.*' }],
  topic_permissions: [{ user: 'app', vhost: 'shop', exchange: 'amq.topic', write: '^w', read: '^r' }],
  parameters: [
    { component: 'vhost-limits', name: 'limits', vhost: 'shop', value: { 'max-queues': 10 } },
    { component: 'shovel', name: 's', vhost: 'shop', value: {} },
    {
      component: 'operator_policy',
      name: 'o',
      vhost: 'shop',
      value: { pattern: '^n', definition: { 'max-length': 5 }, priority: 1, 'apply-to': 'queues' },
    },
  ],
  global_parameters: [
    { name: 'internal_cluster_id', value: 'x' },
    { name: 'mqtt_default_vhosts', value: [] },
  ],
  policies: [
    {
      vhost: 'shop',
      name: 'p',
      pattern: '^n',
      definition: { 'max-length': 9, expires: 5 },
      priority: 3,
      'apply-to': 'all',
    },
    { vhost: 'shop', name: 'short', pattern: '^amq', definition: { 'dead-letter-exchange': '' } },
  ],
  exchanges: [
    { name: 'amq.rabbitmq.log', vhost: 'shop', type: 'topic', durable: true, auto_delete: false },
    { name: 'orders', vhost: 'shop', type: 'topic', durable: true, auto_delete: false, internal: false },
  ],
  queues: [
    {
      name: 'new',
      vhost: 'shop',
      durable: true,
      auto_delete: false,
      arguments: { 'x-message-ttl': 5000, 'x-dead-letter-exchange': '', 'x-queue-type': 'classic' },
    },
    { name: 'amq.gen-x', vhost: 'shop', durable: true, auto_delete: false, arguments: {} },
  ],
  bindings: [
    {
      source: 'orders',
      vhost: 'shop',
      destination: 'new',
      destination_type: 'queue',
      routing_key: 'new.#',
      arguments: { a: [1, 2.5, null, { b: true }] },
    },
    { source: '', vhost: 'shop', destination: 'new', routing_key: 'new' },
  ],
};

function imported(json: unknown, core = new Core()): { core: Core; warnings: readonly string[] } {
  return { core, warnings: importDefinitions(core.broker, readDefinitions(json)) };
}

/** What is wrong with definitions, in words. */
function mistake(json: unknown): string {
  try {
    imported(json);
  } catch (error) {
    return String(error);
  }
  return 'nothing';
}

describe('an import', () => {
  test('makes everything there is in a file', () => {
    const { broker } = imported(exported).core;
    const shop = broker.vhosts.get('shop');
    expect(shop?.settings).toEqual({
      description: 'all of it',
      tags: ['a'],
      defaultQueueType: 'classic',
      limits: { maxQueues: 10 },
    });
    expect(broker.globalParameters.has('mqtt_default_vhosts')).toBe(true);
    expect(broker.users.authenticate('app', 'secret')).toBe(true);
    expect(broker.users.get('app')).toMatchObject({ tags: ['monitoring'], limits: { maxChannels: 7 } });
    expect(broker.users.get('old')).toMatchObject({ tags: ['management', 'policymaker'], passwordHash: '' });
    expect(() => broker.users.check('app', 'shop', 'write', 'queue', 'a')).toThrow('ACCESS_REFUSED');
    expect(broker.users.topics.find('app', 'shop', 'amq.topic')).toMatchObject({ write: '^w', read: '^r' });
    expect([...(shop?.queues.keys() ?? [])]).toEqual(['new', 'amq.gen-x']);
    expect(shop?.queues.get('new')?.incoming.size).toBe(1);
    expect(shop?.exchanges.has('amq.rabbitmq.log')).toBe(true);
    expect(shop?.exchanges.get('orders')?.identity).toMatchObject({ type: 'topic', durable: true });
    const policy = { name: 'p', pattern: '^n', applyTo: 'all', priority: 3 };
    expect(shop?.queues.get('new')?.policies).toMatchObject({
      policy,
      operatorPolicy: { name: 'o', applyTo: 'queues', priority: 1 },
      definition: { 'max-length': 5, expires: 5 },
    });
    expect(shop?.policies.get('policy', 'short')).toMatchObject({ applyTo: 'all', priority: 0 });
  });

  test('takes policies of versions that mirrored queues without what is about mirrors', () => {
    const policies = [
      {
        vhost: '/',
        name: 'mirrors',
        pattern: '',
        definition: { 'ha-mode': 'all', 'ha-sync-mode': 'automatic' },
      },
      { vhost: '/', name: 'both', pattern: '', definition: { 'ha-mode': 'all', 'max-length': 5 } },
    ];
    const { core, warnings } = imported({ policies });
    expect(core.vhost.policies.list('policy')).toMatchObject([
      { name: 'both', definition: { 'max-length': 5 } },
    ]);
    const text = 'keys about mirrors of queues were left out of the definition';
    expect(warnings).toEqual([`policies[0]: ${text}`, `policies[1]: ${text}`]);
  });

  test('says what it leaves out', () => {
    expect(imported(exported).warnings).toEqual(['not supported and left out: parameters of shovel']);
    expect(imported({ federation: {}, policies: [] }).warnings).toEqual([
      'not supported and left out: federation',
    ]);
  });

  test('may be repeated, and deletes nothing', () => {
    const { core } = imported(exported);
    core.broker.addUser('carol', 'secret');
    const { queues } = core.broker.vhosts.get('shop') ?? core.vhost;
    const before = [...queues.values()];
    const { version } = core.broker.users;
    imported(exported, core);
    expect([...queues.values()]).toEqual(before);
    expect(core.broker.users.version).toBe(version);
    expect(core.broker.users.get('carol')).toBeDefined();
  });

  test('keeps the hash of a password that is the same, and changes one that is not', () => {
    const { core } = imported({ users: [{ name: 'bob', password: 'secret', tags: [] }] });
    const hash = core.broker.users.get('bob')?.passwordHash;
    imported({ users: [{ name: 'bob', password: 'secret', tags: ['own'] }] }, core);
    expect(core.broker.users.get('bob')).toMatchObject({ passwordHash: hash, tags: ['own'] });
    imported({ users: [{ name: 'bob', password: 'other', tags: ['own'] }] }, core);
    expect(core.broker.users.authenticate('bob', 'other')).toBe(true);
    imported({ users: [{ name: 'bob' }] }, core);
    expect(core.broker.users.authenticate('bob', 'other')).toBe(true);
  });

  test.each(['sha512', 'md5'] as const)('lets users in whose passwords were hashed with %s', (hashing) => {
    const user = {
      name: 'bob',
      password_hash: HASHES[hashing],
      hashing_algorithm: `rabbit_password_hashing_${hashing}`,
      tags: [],
    };
    const { core } = imported({ users: [user] });
    const { users } = core.broker;
    expect([users.authenticate('bob', 'geheim'), users.authenticate('bob', 'Geheim')]).toEqual([true, false]);
    imported({ users: [{ name: 'bob', tags: ['a'] }] }, core);
    expect(users.authenticate('bob', 'geheim')).toBe(true);
    core.broker.addUser('bob', 'new');
    expect(users.get('bob')?.hashing).toBeUndefined();
    expect([users.authenticate('bob', 'geheim'), users.authenticate('bob', 'new')]).toEqual([false, true]);
  });

  test('keeps of a vhost what the file does not say', () => {
    const core = new Core();
    core.broker.addVhost('/', { description: 'mine', limits: { maxQueues: 3 } });
    imported({ vhosts: [{ name: '/', tags: ['b'], default_queue_type: 'undefined' }] }, core);
    expect(core.vhost.settings).toEqual({ description: 'mine', tags: ['b'], limits: { maxQueues: 3 } });
    imported({ vhosts: [{ name: '/', limits: { 'max-connections': -1 } }] }, core);
    expect(core.vhost.settings.limits).toEqual({ maxConnections: -1 });
  });

  test('leaves a queue and an exchange that differ as they are, and says so', () => {
    const core = new Core();
    core.queue('q');
    core.exchange('x', 'direct');
    const of = { vhost: '/', durable: true };
    const json = {
      exchanges: [{ ...of, name: 'x', type: 'fanout' }],
      queues: [{ ...of, name: 'q', arguments: { 'x-max-length': 1 } }],
      bindings: [{ vhost: '/', source: 'x', destination: 'q' }],
    };
    const { warnings } = imported(json, core);
    const inequivalent = 'was left out: PRECONDITION_FAILED - inequivalent arg';
    expect(warnings).toEqual([
      `exchanges[0] ${inequivalent} 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'`,
      `queues[0] ${inequivalent} 'x-max-length' for queue 'q' in vhost '/': received the value '1' of type 'long' but current is none`,
    ]);
    expect(core.vhost.queues.get('q')?.incoming.size).toBe(1);
  });
});

describe('a mistake is named with its place', () => {
  const queue = { name: 'q', vhost: '/' };
  const policy = { vhost: '/', name: 'p', pattern: '^q', definition: { 'max-length': 1 } };
  const policyOfUsers = { pattern: '^q', definition: { 'queue-mode': 'lazy' } };
  const permission = { user: 'guest', vhost: '/', configure: '', write: '', read: '' };
  test.each([
    [[], 'the file is [], and should be an object with "users", "vhosts", "queues" and so on'],
    [
      { name: 'shop', main: 'x.js' },
      'the file is {"name":"shop","main":"x.js"}, and should be an object with "users", "vhosts", "queues" and so on',
    ],
    [{ queues: {} }, 'queues is {}, and should be a list'],
    [{ queues: ['q'] }, 'queues[0] is "q", and should be an object'],
    [{ queues: [queue, { vhost: '/' }] }, 'queues[1].name is missing, and should be a text'],
    [{ queues: [{ ...queue, name: '' }] }, 'queues[0].name is "", and should be a name'],
    [{ queues: [{ ...queue, durable: 'yes' }] }, 'queues[0].durable is "yes", and should be true or false'],
    [{ queues: [{ ...queue, arguments: [1] }] }, 'queues[0].arguments is [1], and should be an object'],
    [{ queues: [{ ...queue, vhost: 'none' }] }, "queues[0]: there is no vhost 'none'"],
    [
      { queues: [{ ...queue, arguments: { 'x-max-length': -1 } }] },
      "queues[0]: PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'q' in vhost '/': {value_negative,-1}",
    ],
    [
      { exchanges: [{ name: 'x', vhost: '/', type: 'nonsense' }] },
      "exchanges[0]: PRECONDITION_FAILED - unknown exchange type 'nonsense'",
    ],
    [
      { bindings: [{ vhost: '/', source: 'none', destination: 'q' }] },
      "bindings[0]: NOT_FOUND - no exchange 'none' in vhost '/'",
    ],
    [
      { bindings: [{ vhost: '/', source: 'a', destination: 'q', destination_type: 'stream' }] },
      'bindings[0].destination_type is "stream", and should be "queue" or "exchange"',
    ],
    [
      { users: [{ name: 'a', password: 'p', password_hash: 'h' }] },
      'users[0].password is "p", and should be absent where there is a password_hash',
    ],
    [
      { users: [{ name: 'a', password_hash: 'AAAA' }] },
      'users[0].password_hash is "AAAA", and should be base64 of 4 bytes of salt and a sha256 digest, or empty',
    ],
    [
      { users: [{ name: 'a', hashing_algorithm: 'own_hashing' }] },
      'users[0].hashing_algorithm is "own_hashing", and should be one of rabbit_password_hashing_sha256, ' +
        'rabbit_password_hashing_sha512, rabbit_password_hashing_md5',
    ],
    [
      {
        users: [{ name: 'a', password_hash: 'AAAA', hashing_algorithm: 'rabbit_password_hashing_md5' }],
      },
      `users[0].password_hash is "AAAA", and should be base64 of 4 bytes of salt and a md5 digest, or empty`,
    ],
    [
      { users: [{ name: 'a', limits: { 'max-queues': 1 } }] },
      'users[0].limits is {"max-queues":1}, and should be limits named max-connections or max-channels',
    ],
    [
      { users: [{ name: 'a', limits: { constructor: 1 } }] },
      'users[0].limits is {"constructor":1}, and should be limits named max-connections or max-channels',
    ],
    [
      { vhosts: [{ name: 'v', limits: { 'max-queues': '1' } }] },
      'vhosts[0].limits.max-queues is "1", and should be a whole number',
    ],
    [{ permissions: [{ ...permission, user: 'nobody' }] }, "permissions[0]: there is no user 'nobody'"],
    [
      { permissions: [{ ...permission, read: '(' }] },
      'permissions[0].read is "(", and should be a regular expression',
    ],
    [
      { topic_permissions: [{ ...permission, exchange: 'x', vhost: 'v' }] },
      "topic_permissions[0]: there is no vhost 'v'",
    ],
    [
      { policies: [policy, { ...policy, definition: { 'max-length': -1 } }] },
      'policies[1]: -1 is not a valid maximum length',
    ],
    [
      { policies: [{ ...policy, pattern: '(' }] },
      'policies[0]: pattern should be regular expression but is invalid: {"missing closing parenthesis", 1}',
    ],
    [{ policies: [{ ...policy, name: 5 }] }, 'policies[0].name is 5, and should be a text'],
    [{ policies: [{ ...policy, vhost: 'v' }] }, "policies[0]: there is no vhost 'v'"],
    [
      { parameters: [{ component: 'operator_policy', vhost: '/', name: 'o', value: policyOfUsers }] },
      'parameters[0]: [{<<"queue-mode">>,<<"lazy">>}] are not recognised policy settings',
    ],
    [
      { parameters: [{ component: 'operator_policy', vhost: '/', name: 'o', value: 3 }] },
      'parameters[0].value is 3, and should be an object',
    ],
    [
      { parameters: [{ component: 'vhost-limits', vhost: '/', value: 3 }] },
      'parameters[0].value is 3, and should be an object',
    ],
  ])('%j', (json, text) => {
    expect(mistake(json)).toBe(`DefinitionsError: ${text}`);
  });

  test('and cut when it is long', () => {
    expect(mistake({ queues: 'q'.repeat(100) })).toContain(`${'q'.repeat(59)}..., and should be a list`);
  });
});
