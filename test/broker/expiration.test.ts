import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LONGEST_TTL, parseExpiration } from '../../src/broker/expiration.ts';
import { refusal } from '../support/refusal.ts';

const accepted: readonly [string, number][] = [
  ['0', 0],
  ['1000', 1000],
  ['01000', 1000],
  ['+1000', 1000],
  ['-0', 0],
  ['+0', 0],
  ['315360000000', 315_360_000_000],
];

const refused: readonly [string, string][] = [
  ['', 'no_integer'],
  ['  ', 'no_integer'],
  ['abc', 'no_integer'],
  ['NaN', 'no_integer'],
  ['-', 'no_integer'],
  ['+-1', 'no_integer'],
  [' 1000', 'no_integer'],
  ['\t5', 'no_integer'],
  ['\uff11\uff12', 'no_integer'],
  ['10abc', '{leftover_string,"abc"}'],
  ['1.5', '{leftover_string,".5"}'],
  ['1000.0', '{leftover_string,".0"}'],
  ['1000 ', '{leftover_string," "}'],
  ['10\n', '{leftover_string,"\\n"}'],
  ['1e3', '{leftover_string,"e3"}'],
  ['0x10', '{leftover_string,"x10"}'],
  ['-1', '{value_negative,-1}'],
  ['315360000001', '{value_too_large,315360000001}'],
];

describe('expiration', () => {
  test.each(accepted)('%j is a number of milliseconds [TTL-04]', (text, milliseconds) => {
    expect(parseExpiration(text)).toBe(milliseconds);
  });

  test.each(refused)('%j is refused in these words [TTL-05, TTL-08, PUB-10]', (text, reason) => {
    const wanted = `406 PRECONDITION_FAILED - invalid expiration '${text}': ${reason}`;
    expect(refusal(() => parseExpiration(text))).toBe(wanted);
  });

  test('every number of milliseconds up to ten years is taken as it is written [TTL-04]', () => {
    fc.assert(
      fc.property(fc.nat(LONGEST_TTL), (milliseconds) => {
        expect(parseExpiration(String(milliseconds))).toBe(milliseconds);
        expect(parseExpiration(`+00${milliseconds}`)).toBe(milliseconds);
      }),
    );
  });
});
