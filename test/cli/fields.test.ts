import { describe, expect, test } from 'vitest';
import { addField, mergeFields } from '../../src/cli/fields.ts';

describe('name=value', () => {
  test.each([
    ['n=5', 5],
    ['n=-5', -5],
    ['n=0', 0],
    ['n=9999999999', 9_999_999_999],
    ['n=9223372036854775807', { '!': 'long', value: 9_223_372_036_854_775_807n }],
    ['n=true', true],
    ['n=false', false],
    ['n=[1,2.5,null,"x"]', [1, 2.5, null, 'x']],
    ['n={"a":{"b":[]}}', { a: { b: [] } }],
    ['n="5"', '5'],
    ['n=text', 'text'],
    ['n=', ''],
    ['n=a=b', 'a=b'],
    ['n=2.5', '2.5'],
    ['n=007', '007'],
    ['n=-0', '-0'],
    ['n=True', 'True'],
  ])('%s has the value that was meant', (text, value) => {
    expect(addField(text)).toEqual({ n: value });
  });

  test('a number beyond 64 bits is refused, and the way to send it as text is shown', () => {
    expect(() => addField('n=9223372036854775808')).toThrow(
      'as text it would be \'n="9223372036854775808"\'',
    );
  });

  test.each(['n', '=5', ''])("'%s' is refused for want of a name or a value", (text) => {
    expect(() => addField(text)).toThrow('must be written name=value');
  });

  test.each(['n=[1', 'n={a:1}', 'n="open'])(
    '%s begins like JSON and is refused because it is not',
    (text) => {
      expect(() => addField(text)).toThrow("the value of 'n' begins like JSON but is not");
    },
  );

  test.each(['n=[9007199254740993]', 'n={"!":"timestamp","value":1}'])(
    '%s is refused because something else would be sent',
    (text) => {
      expect(() => addField(text)).toThrow("the value of 'n' has a number too large for JSON, or a name '!'");
    },
  );

  test('a name that does not fit a short string is refused', () => {
    expect(() => addField(`${'n'.repeat(256)}=1`)).toThrow('longer than 255 bytes');
  });

  test('several fields make one table, and a name that comes twice is a mistake', () => {
    expect(addField('b=2', addField('a=1'))).toEqual({ a: 1, b: 2 });
    expect(() => mergeFields({ 'x-message-ttl': 1 }, { 'x-message-ttl': 2 })).toThrow(
      "'x-message-ttl' is given twice",
    );
  });
});
