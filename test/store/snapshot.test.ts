import { describe, expect, test } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import type { Vhost } from '../../src/broker/vhost.ts';
import { readSnapshot, restoreSnapshot, takeSnapshot } from '../../src/store/snapshot.ts';
import { SnapshotJournal } from '../../src/store/snapshot-journal.ts';
import { long, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { deathLines } from '../support/deaths.ts';
import { aStream, StreamConsumer } from '../support/streams.ts';

/** A core of which snapshots can be taken. */
class SnapshotCore extends Core {
  readonly journal: SnapshotJournal;

  constructor(journal = new SnapshotJournal(), now?: number) {
    super(journal, undefined, now);
    this.journal = journal;
  }

  take(): Buffer {
    return takeSnapshot(this.broker, this.journal);
  }

  /** Takes the place of what there is; returns the vhost `/`, which is another one now. */
  async restore(bytes: Buffer): Promise<Vhost> {
    const snapshot = await readSnapshot(bytes);
    this.broker.clear();
    restoreSnapshot(this.broker, this.journal, snapshot);
    this.settle();
    return this.broker.vhosts.get('/') as Vhost;
  }
}

function queueIn(vhost: Vhost, name: string): Queue {
  return vhost.queues.get(name) as Queue;
}

/** Another broker with what a snapshot has, at the time it was. */
async function copyOf(core: SnapshotCore): Promise<{ readonly core: SnapshotCore; readonly vhost: Vhost }> {
  const copy = new SnapshotCore(undefined, core.clock.now());
  return { core: copy, vhost: await copy.restore(core.take()) };
}

describe('a snapshot has', () => {
  test('messages in their order, with what is transient, their deadlines and their deaths', async () => {
    const core = new SnapshotCore();
    core.queue('dead', {}, { durable: false });
    const args = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
    core.queue('wait', { ...args, 'x-message-ttl': long(5_000) });
    core.send('wait', 'first');
    core.advance(2_000);
    core.send('wait', 'second', { deliveryMode: 1, contentType: 'text/plain' });
    core.advance(3_000);
    const { core: copy, vhost } = await copyOf(core);
    expect(copy.look(queueIn(vhost, 'dead')).map((seen) => [seen.body, deathLines(seen)])).toEqual([
      ['first', ['wait expired 1']],
    ]);
    expect(copy.look(queueIn(vhost, 'wait'))[0]?.properties.contentType).toBe('text/plain');
    copy.advance(1_999);
    expect(copy.bodies(queueIn(vhost, 'dead'))).toEqual(['first']);
    copy.advance(1);
    expect(copy.bodies(queueIn(vhost, 'dead'))).toEqual(['first', 'second']);
  });

  test('messages that wait to be tried again, until when, and how often they failed [DLV-09]', async () => {
    const core = new SnapshotCore();
    const args = { 'x-delayed-retry-type': longstr('all'), 'x-delayed-retry-min': long(1_000) };
    const queue = core.queue('q', { 'x-queue-type': longstr('quorum'), ...args });
    core.send('q', 'a');
    for (const hasFailed of [false, true]) {
      core.advance(1_000);
      queue.requeue([core.get(queue)!.entry], hasFailed);
    }
    core.advance(400);
    const { core: copy, vhost } = await copyOf(core);
    copy.advance(599);
    expect(copy.bodies(queueIn(vhost, 'q'))).toEqual([]);
    copy.advance(1);
    const { entry } = copy.get(queueIn(vhost, 'q'))!;
    expect(queueIn(vhost, 'q').returnCounts(entry)).toEqual({ failures: 1, all: 2 });
  });

  test('a message in several queues, with its priority and the keys of its CC header', async () => {
    const core = new SnapshotCore();
    core.exchange('x', 'fanout', {}, { durable: false });
    core.queue('low');
    core.queue('high', { 'x-max-priority': long(9) });
    core.bind('x', 'low');
    core.bind('x', 'high');
    core.publish('x', '', 'plain', {});
    const headers = new Map([['CC', { tag: 'A', value: [longstr('more')] } as const]]);
    core.publish('x', 'key', 'urgent', { priority: 5, headers });
    const { core: copy, vhost } = await copyOf(core);
    expect(copy.bodies(queueIn(vhost, 'low'))).toEqual(['plain', 'urgent']);
    expect(copy.bodies(queueIn(vhost, 'high'))).toEqual(['urgent', 'plain']);
    expect(queueIn(vhost, 'high').ready.peek()?.message.routingKeys).toEqual(['key', 'more']);
    expect(vhost.exchanges.get('x')?.durable).toBe(false);
    expect(vhost.exchanges.get('x')?.bindingCount).toBe(2);
  });

  test('how often messages came back [DLV-02], and who was to be dead-lettered at least once [DLX-14]', async () => {
    const core = new SnapshotCore();
    const keeping = {
      'x-queue-type': longstr('quorum'),
      'x-dead-letter-exchange': longstr('later'),
      'x-dead-letter-strategy': longstr('at-least-once'),
      'x-overflow': longstr('reject-publish'),
    };
    const queue = core.queue('q', { ...keeping, 'x-delivery-limit': long(3) });
    core.send('q', 'back');
    core.send('q', 'dead');
    const [back, dead] = [core.get(queue)!.entry, core.get(queue)!.entry];
    queue.reject(dead);
    queue.requeue([back]);
    queue.requeue([core.get(queue)!.entry]);
    const { core: copy, vhost } = await copyOf(core);
    const restored = queueIn(vhost, 'q');
    expect([...restored.ready].map(({ returns }) => returns)).toEqual([2]);
    expect([...(restored.kept ?? [])].map(({ entry, reason }) => [copy.see(entry).body, reason])).toEqual([
      ['dead', 'rejected'],
    ]);
  });

  test('what a delayed exchange holds back, and what one keeps of the last messages [DLM-16, RTE-25]', async () => {
    const core = new SnapshotCore();
    core.exchange('later', 'x-delayed-message', { 'x-delayed-type': longstr('fanout') });
    core.exchange('history', 'x-recent-history');
    core.queue('q');
    core.bind('later', 'q');
    core.publish('later', '', 'delayed', { headers: new Map([['x-delay', long(1_000)]]) });
    core.publish('history', '', 'kept');
    const { core: copy, vhost } = await copyOf(core);
    expect([...(vhost.exchanges.get('history')?.kept() ?? [])]).toHaveLength(1);
    copy.advance(999);
    expect(copy.bodies(queueIn(vhost, 'q'))).toEqual([]);
    copy.advance(1);
    expect(copy.bodies(queueIn(vhost, 'q'))).toEqual(['delayed']);
  });

  test('streams with their offsets', async () => {
    const core = new SnapshotCore();
    aStream(core);
    for (const body of ['a', 'b', 'c']) core.send('s', body);
    const { core: copy, vhost } = await copyOf(core);
    const stream = vhost.queues.get('s')!;
    const consumer = new StreamConsumer(copy, stream, { 'x-stream-offset': long(1) });
    expect(consumer.seen).toEqual(['1 b', '2 c']);
  });

  test('users, permissions, policies and settings of vhosts', async () => {
    const core = new SnapshotCore();
    core.broker.addUser('mia', 'secret', ['monitoring']);
    core.broker.addVhost('other', { limits: { maxQueues: 3 } });
    core.broker.grant('mia', 'other', { configure: '^a', write: '^b', read: '^c' });
    core.vhost.policies.set('policy', 'ttl', {
      pattern: '^p',
      definition: { 'message-ttl': 7 },
      priority: 1,
      'apply-to': 'queues',
    });
    core.queue('p');
    const { core: copy, vhost } = await copyOf(core);
    expect(queueIn(vhost, 'p').settings.messageTtl).toBe(7);
    expect(copy.broker.users.authenticate('mia', 'secret')).toBeTruthy();
    expect(copy.broker.users.mayOpen('mia', 'other')).toBe(true);
    expect(copy.broker.vhosts.get('other')?.settings.limits).toEqual({ maxQueues: 3 });
  });

  test('the numbers of what comes next, so that what follows is the same every time', async () => {
    const core = new SnapshotCore();
    core.queue('q');
    core.send('q', 'a');
    core.drain(core.vhost.queues.get('q') as Queue);
    const { core: copy } = await copyOf(core);
    expect(copy.broker.nextNumbers).toEqual(core.broker.nextNumbers);
  });
});

test('a snapshot takes the place of everything there is, as often as one likes', async () => {
  const core = new SnapshotCore();
  core.queue('q');
  core.send('q', 'a');
  const before = core.take();
  core.queue('more');
  core.broker.addVhost('other');
  core.broker.addUser('mia', 'secret');
  core.broker.globalParameters.set('colour', 'blue');
  for (let times = 0; times < 2; times++) {
    const vhost = await core.restore(before);
    expect([...vhost.queues.keys()]).toEqual(['q']);
    expect([...core.broker.vhosts.keys()]).toEqual(['/']);
    expect([...core.broker.users.all.keys()]).toEqual(['guest']);
    expect(core.broker.globalParameters.has('colour')).toBe(false);
    expect(core.drain(queueIn(vhost, 'q')).map(({ body }) => body)).toEqual(['a']);
    expect(core.take()).not.toEqual(before);
  }
  await core.restore(before);
  expect(core.take()).toEqual(before);
});

test('nothing is defined any more when everything is cleared', () => {
  const core = new SnapshotCore();
  core.broker.addUser('mia', 'secret');
  core.broker.grant('mia', '/', { configure: '', write: '', read: '' });
  core.broker.users.topics.grant('mia', '/', 'amq.topic', { write: '', read: '' });
  core.vhost.policies.set('operator-policy', 'o', { pattern: '', definition: { expires: 9 }, priority: 0 });
  core.broker.globalParameters.set('colour', 'blue');
  core.broker.clear();
  expect([...core.journal.definitions]).toEqual([]);
});

test('what an exclusive queue has is left out, and nothing of it is left behind', async () => {
  const core = new SnapshotCore();
  core.exchange('x', 'fanout');
  core.queue('mine', {}, { exclusive: true });
  core.bind('x', 'mine');
  core.publish('x', '', 'a');
  const { vhost } = await copyOf(core);
  expect([...vhost.queues.keys()]).toEqual([]);
  expect(vhost.exchanges.get('x')?.bindingCount).toBe(0);
});

/** A snapshot in which something was written over this text. */
function scribbled(text: string): Buffer {
  const bytes = new SnapshotCore().take();
  bytes.fill('}', bytes.indexOf(text), bytes.indexOf(text) + text.length);
  return bytes;
}

test.each([
  ['something else', Buffer.from('{"queues":[]}'), 'this is no snapshot of a broker'],
  ['a part of one', new SnapshotCore().take().subarray(0, -3), 'the snapshot is cut off'],
  ['one with something else in it', scribbled('"kind":"vhost"'), 'the snapshot is damaged: SyntaxError'],
  ['one without records', Buffer.from('leveret snapshot\n'), 'the snapshot is damaged: 66 is missing'],
])('%s is refused in one sentence', async (_what, bytes, text) => {
  await expect(readSnapshot(bytes)).rejects.toThrow(text);
});
