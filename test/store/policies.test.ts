import { expect, test } from 'vitest';
import { longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';
import type { Queue } from '../../src/broker/queue.ts';

const QUORUM = { 'x-queue-type': longstr('quorum') };
const AT_LEAST_ONCE = {
  'dead-letter-exchange': 'later',
  'dead-letter-strategy': 'at-least-once',
  overflow: 'reject-publish',
};

/** Does something with the broker of a directory, and stops it in order. */
async function live<T>(directory: string, use: (core: Core) => T): Promise<T> {
  const store = await openTestStore(directory);
  const result = use(new Core(store.journal, store.recovered));
  await store.close();
  return result;
}

test('policies come back as they were last, and apply before anything else happens', async () => {
  const directory = await temporaryDirectory();
  await live(directory, (core) => {
    core.queue('q');
    core.exchange('q.x');
    core.policy('p', { 'max-length': 9 });
    core.policy('p', { 'max-length': 2, 'alternate-exchange': 'amq.fanout' }, { priority: 3 });
    core.policy('gone', { 'max-length': 1 }, { priority: 9 });
    core.policy('o', { 'message-ttl': 50 }, { kind: 'operator-policy', 'apply-to': 'queues' });
    core.vhost.policies.remove('policy', 'gone');
  });
  await live(directory, ({ vhost }) => {
    const definition = { 'alternate-exchange': 'amq.fanout', 'max-length': 2 };
    const policy = { name: 'p', pattern: '^q', applyTo: 'all', definition, priority: 3 };
    expect(vhost.policies.list('policy')).toEqual([policy]);
    expect(vhost.policies.get('operator-policy', 'o')).toMatchObject({ applyTo: 'queues', priority: 0 });
    expect((vhost.queues.get('q') as Queue).settings).toMatchObject({ maxLength: 2, messageTtl: 50 });
    expect(vhost.exchanges.get('q.x')?.alternate).toBe('amq.fanout');
  });
});

test('the policies of a vhost that is deleted do not come back with one of the same name', async () => {
  const directory = await temporaryDirectory();
  await live(directory, ({ broker, vhost }) => {
    vhost.policies.set('policy', 'p', { pattern: '', definition: { 'max-length': 1 }, priority: 0 });
    broker.deleteVhost('/');
    broker.addVhost('/');
  });
  expect(await live(directory, ({ vhost }) => vhost.policies.list('policy'))).toEqual([]);
});

test('messages keep the deadline a policy gave them [TTL-11]', async () => {
  const directory = await temporaryDirectory();
  await live(directory, (core) => {
    core.queue('q');
    core.policy('p', { 'message-ttl': 100 });
    core.send('q', 'a');
    core.policy('p', { 'message-ttl': 100_000 });
  });
  await live(directory, (core) => {
    core.advance(99);
    expect(core.vhost.queues.get('q')?.messageCount).toBe(1);
    core.advance(1);
    expect(core.vhost.queues.get('q')?.messageCount).toBe(0);
  });
});

test('dead letters that a policy has kept are kept over a restart, too [DLX-14]', async () => {
  const directory = await temporaryDirectory();
  await live(directory, (core) => {
    core.queue('q', { ...QUORUM, 'x-message-ttl': byte(100) });
    core.policy('p', AT_LEAST_ONCE);
    core.send('q', 'a');
    core.advance(100);
  });
  await live(directory, (core) => {
    expect((core.vhost.queues.get('q') as Queue).kept?.length).toBe(1);
    core.exchange('later', 'fanout');
    const dead = core.queue('dead');
    core.bind('later', 'dead');
    core.advance(10_000);
    expect(core.bodies(dead)).toEqual(['a']);
  });
});

test('those that a change of the policy dropped do not come back', async () => {
  const directory = await temporaryDirectory();
  await live(directory, (core) => {
    core.queue('q', { ...QUORUM, 'x-message-ttl': byte(100) });
    core.policy('p', AT_LEAST_ONCE);
    core.send('q', 'a');
    core.advance(100);
    core.vhost.policies.remove('policy', 'p');
  });
  await live(directory, (core) => {
    const queue = core.vhost.queues.get('q') as Queue;
    expect([queue.messageCount, queue.kept]).toEqual([0, undefined]);
  });
});
