import { expect, test } from 'vitest';
import { readFault } from '../../src/app/fault-options.ts';

test('what is not said is as the table of kinds says', () => {
  expect(readFault({ kind: 'nack-confirm', queue: 'q' })).toEqual({
    kind: 'nack-confirm',
    stored: false,
    queue: 'q',
    times: 1,
    after: 0,
    probability: 1,
    per: 'broker',
  });
});

test('at once means to all that are there', () => {
  expect(readFault({ kind: 'drop-connection' })).toMatchObject({ on: 'now', times: Infinity });
  expect(readFault({ kind: 'drop-connection', times: 1 })).toMatchObject({ on: 'now', times: 1 });
  expect(readFault({ kind: 'drop-connection', on: 'confirm' })).toMatchObject({ times: 1 });
});

test('values may be texts, as from a command line', () => {
  const texts = { kind: 'nack-confirm', times: 'always', after: '3', probability: '0.25', stored: 'true' };
  expect(readFault(texts)).toMatchObject({ times: Infinity, after: 3, probability: 0.25, stored: true });
});

test.each<[unknown, string | RegExp]>([
  [undefined, /^a fault is an object with a "kind": drop-connection, /],
  [[], /^a fault is an object with a "kind"/],
  [{}, /^a fault needs a "kind"; known are drop-connection, /],
  [{ kind: 'drop-conection' }, '"drop-conection" is no kind of fault; did you mean "drop-connection"?'],
  [{ kind: 'nack-confirm', ques: 'q' }, '"ques" is not an option of nack-confirm; did you mean "queue"?'],
  [{ kind: 'nack-confirm', toString: 'q' }, '"toString" is not an option of nack-confirm; known are '],
  [
    { kind: 'nack-confirm', times: 0 },
    '"times" of nack-confirm is a whole number of 1 or more, or always, got 0',
  ],
  [{ kind: 'nack-confirm', probability: 2 }, '"probability" of nack-confirm is a number from 0 to 1, got 2'],
  [{ kind: 'nack-confirm', after: -1 }, '"after" of nack-confirm is a whole number of 0 or more, got -1'],
  [
    { kind: 'nack-confirm', queue: 7 },
    '"queue" of nack-confirm is a name, in which * stands for anything, got 7',
  ],
  [
    { kind: 'close-channel', on: 'basic.publsh' },
    '"on" of close-channel cannot be "basic.publsh"; did you mean "basic.publish"?',
  ],
  [
    { kind: 'close-channel', code: 320 },
    '"code" of close-channel is one of 311, 312, 313, 403, 404, 405, 406, got 320',
  ],
  [
    { kind: 'close-channel', on: 'basic.publish', queue: 'q' },
    'close-channel on basic.publish cannot be narrowed down by "queue": what is known is exchange, routingKey',
  ],
  [
    { kind: 'drop-connection', on: 'connect', exchange: 'x' },
    'drop-connection on connect cannot be narrowed down by "exchange": what is known is nothing but the connection',
  ],
])('%j is refused', (asked, text) => {
  expect(() => readFault(asked)).toThrow(text);
});
