import { expect, test } from 'vitest';
import { textLine } from '../../src/app/text-log.ts';

const AT = new Date(2026, 4, 1, 9, 8, 7, 65);

test('a line says when, how bad, what, and about what', () => {
  const fields = {
    queue: 'orders',
    vhost: '/',
    reason: 'expired',
    cause: 'no route',
    tries: 3,
    old: undefined,
  };
  expect(textLine(AT, 'warn', fields, 'dead letters are lost')).toBe(
    '09:08:07.065 WARN  dead letters are lost  queue=orders vhost=/ reason=expired cause="no route" tries=3\n',
  );
  expect(textLine(AT, 'error', {}, 'the store failed')).toBe('09:08:07.065 ERROR the store failed\n');
});

test('a stack has lines of its own', () => {
  expect(textLine(AT, 'error', { connection: 'c', stack: 'Error: a\n  at b' }, 'a bug')).toBe(
    '09:08:07.065 ERROR a bug  connection=c\n    Error: a\n      at b\n',
  );
  expect(textLine(AT, 'error', { stack: 'Error: \u001b[2J' }, 'a bug')).toBe(
    '09:08:07.065 ERROR a bug\n    Error: \\u001b[2J\n',
  );
});

test('names that clients chose cannot write to the terminal', () => {
  const queue = 'a\u001b[2J\u009b31m\n=';
  expect(textLine(AT, 'info', { queue }, 'x')).toBe(
    '09:08:07.065 INFO  x  queue="a\\u001b[2J\\u009b31m\\n="\n',
  );
});
