import { expect, test } from 'vitest';
import type { Definition, Journal } from '../../src/broker/journal.ts';
import { readDefinitions } from '../../src/broker/definitions.ts';
import { importWhole } from '../../src/broker/rehearsal.ts';
import { atOnce } from '../../src/broker/steps.ts';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';

/** A broker that finds what another version, or a newer Node, has put in its store beside its own vhost. */
async function found(define: (journal: Journal) => void): Promise<Core> {
  const directory = await temporaryDirectory();
  const before = await openTestStore(directory);
  const core = new Core(before.journal, before.recovered);
  core.queue('kept');
  core.send('kept', 'm');
  define(before.journal);
  await before.close();
  const after = await openTestStore(directory);
  const next = new Core(after.journal, after.recovered);
  await after.close();
  return next;
}

function queueOf(name: string, args: Readonly<Record<string, FieldValue>>): Definition {
  return { kind: 'queue', vhost: '/', name, id: 99, autoDelete: false, arguments: fieldTable(args) };
}

test('of a queue that is there an argument that is refused today counts as absent, and the others hold', async () => {
  const args = {
    'x-delayed-retry-type': longstr('all'),
    'x-max-length': byte(2),
    'x-overflow': longstr('drop-tail'),
  };
  const core = await found((journal) => journal.define(queueOf('old', args)));
  const queue = core.vhost.queues.get('old');
  expect(queue?.arguments).toMatchObject({ maxLength: 2, overflow: undefined, type: { name: 'classic' } });
  expect(queue?.identity.table).toEqual(fieldTable(args));
  expect(core.vhost.queues.get('kept')?.messageCount).toBe(1);
  expect(atOnce(importWhole(core.broker, readDefinitions({ queues: [] })))).toEqual([]);
});

test('a type of queues or exchanges that nobody knows is named', async () => {
  const args = { 'x-queue-type': longstr('later') };
  const text = `invalid arg 'x-queue-type' for queue 'new' in vhost '/': "unsupported queue type 'later'"`;
  await expect(found((journal) => journal.define(queueOf('new', args)))).rejects.toThrow(text);
  const flags = { autoDelete: false, internal: false, arguments: fieldTable({}) };
  await expect(
    found((journal) =>
      journal.define({ kind: 'exchange', vhost: '/', name: 'new', id: 99, type: 'later', ...flags }),
    ),
  ).rejects.toThrow("exchange 'new' in vhost '/' is of type 'later', which this version does not have");
});

test.each(['policy', 'operator-policy'] as const)(
  'a %s with a pattern that this Node does not know applies to nothing',
  async (kind) => {
    const rest = { vhost: '/', applyTo: 'all', definition: { 'max-length': 1 }, priority: 9 } as const;
    const core = await found((journal) => {
      journal.define({ kind, name: 'new', pattern: '(?<=', ...rest });
      journal.define({ kind, name: 'old', pattern: 'kept', ...rest, priority: 1 });
    });
    expect(core.vhost.policies.list(kind).map(({ name }) => name)).toEqual(['new', 'old']);
    const { policy, operatorPolicy } = core.vhost.queues.get('kept')?.policies ?? {};
    expect((kind === 'policy' ? policy : operatorPolicy)?.name).toBe('old');
  },
);
