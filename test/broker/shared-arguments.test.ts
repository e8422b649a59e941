import { expect, test } from 'vitest';
import { NOTHING_RECOVERED } from '../../src/broker/journal.ts';
import type { Definition } from '../../src/broker/journal.ts';
import { Queue } from '../../src/broker/queue.ts';
import { SharedArguments } from '../../src/broker/shared-arguments.ts';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';

/** What takes room in an empty queue. */
function partsOf(queue: unknown): object[] {
  if (!(queue instanceof Queue)) throw new Error('not a queue');
  return [queue.identity.table, queue.arguments, queue.settings, queue.policies];
}

test('queues that are declared alike share what was declared, and what policies make of it', () => {
  const core = new Core();
  const [a, b] = ['a', 'b'].map((name) => core.queue(name, { 'x-message-ttl': byte(9) }));
  const other = core.queue('c', { 'x-message-ttl': byte(8) });
  core.policy('p', { 'max-length': 3 }, { pattern: '' });
  for (const [index, part] of partsOf(a).entries()) expect(partsOf(b)[index]).toBe(part);
  expect([other.arguments.messageTtl, other.settings.maxLength]).toEqual([8, 3]);
  expect([a?.settings.messageTtl, a?.settings.maxLength]).toEqual([9, 3]);
});

test('so do queues that come back after a restart', () => {
  const { broker } = new Core();
  const args = fieldTable({ 'x-message-ttl': byte(9), 'x-queue-type': longstr('classic') });
  const definitions = [1, 2].map((id): Definition => {
    const table = new Map(args); // as read from disk: a table for each
    return { kind: 'queue', vhost: '/', name: `back-${id}`, id, autoDelete: false, arguments: table };
  });
  broker.recover({ ...NOTHING_RECOVERED, definitions });
  const queues = broker.vhosts.get('/')?.queues;
  const second = partsOf(queues?.get('back-2'));
  for (const [index, part] of partsOf(queues?.get('back-1')).entries()) expect(second[index]).toBe(part);
});

test('what was known for long is forgotten, and read again', () => {
  const shared = new SharedArguments();
  const { arguments: args } = new Core().queue('q');
  let reads = 0;
  const read = (ttl: number): void => {
    const table = fieldTable({ 'x-message-ttl': byte(ttl % 128), 'x-expires': byte(Math.floor(ttl / 128)) });
    shared.of(table, () => {
      reads++;
      return { arguments: args, table };
    });
  };
  for (const ttl of [0, 0, 0]) read(ttl);
  expect(reads).toBe(1);
  for (let ttl = 1; ttl < 300; ttl++) read(ttl);
  read(299);
  expect(reads).toBe(300);
  read(0);
  expect(reads).toBe(301);
});
