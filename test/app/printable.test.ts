import { expect, test } from 'vitest';
import { printable } from '../../src/app/printable.ts';

test.each([
  ['orders \u00e9\u{1f600}', 'orders \u00e9\u{1f600}'],
  ['a\tb\r\nc', 'a\\tb\\r\\nc'],
  ['\u001b[2J\u007f', '\\u001b[2J\\u007f'],
  ['\u009b2J\u0085', '\\u009b2J\\u0085'],
  ['a\u202egpj\u2066', 'a\\u202egpj\\u2066'],
  ['a\u2028b', 'a\\u2028b'],
])('a terminal only shows %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});
