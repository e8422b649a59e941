import { expect, test } from 'vitest';
import type { Definition } from '../../src/broker/journal.ts';
import { DefinitionReader, encodeDefinition } from '../../src/store/definitions.ts';
import { EMPTY_TABLE, fieldTable, longstr } from '../../src/wire/table.ts';

test('a definition is read as it was written, and its arguments are shared with its equals', () => {
  const args = fieldTable({ 'x-queue-mode': longstr('lazy') });
  const queue = (name: string): Definition => {
    return { kind: 'queue', vhost: '/', name, id: 1, autoDelete: false, arguments: new Map(args) };
  };
  const written: Definition[] = [
    queue('a'),
    queue('b'),
    { ...queue('c'), arguments: EMPTY_TABLE } as Definition,
    { kind: 'vhost', name: 'v' },
  ];
  const reader = new DefinitionReader();
  const read = written.map((definition) => reader.read(encodeDefinition(definition)));
  expect(read).toEqual(written);
  const [a, b] = read.map((definition) => ('arguments' in definition ? definition.arguments : undefined));
  expect(a).toBe(b);
});
