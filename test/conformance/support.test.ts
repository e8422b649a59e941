import { describe, expect, test } from 'vitest';
import { compareVersions } from '../../spec/support/broker.ts';
import { decodeTable, encodeTable, field, plain } from '../../spec/support/fields.ts';
import { Rendezvous } from '../../spec/support/rendezvous.ts';

describe('versions', () => {
  test.each([
    ['4.3.6', '4.3', 1],
    ['4.3.0', '4.3', 0],
    ['3.10.8', '3.12', -1],
    ['4.10', '4.9.9', 1],
    ['4.0.0-rc.1', '4.0', 0],
  ])('%s against %s', (one, other, sign) => {
    expect(Math.sign(compareVersions(one, other))).toBe(sign);
  });
});

describe('field tables', () => {
  test('every type comes back with its value, in the order in which it was written', () => {
    const table = {
      bool: field('t', true),
      octets: field('A', [field('b', -1), field('B', 255)]),
      shorts: field('A', [field('s', -2), field('u', 65_535)]),
      words: field('A', [field('I', -3), field('i', 4_294_967_295)]),
      longs: field('A', [field('l', -4), field('L', 4), field('T', 1_700_000_000)]),
      floats: field('A', [field('f', 0.5), field('d', 0.1)]),
      decimal: field('D', { scale: 2, digits: 314 }),
      texts: field('A', [field('S', 'é'), field('x', Buffer.from([0, 255]))]),
      nested: field('F', { nothing: field('V', null) }),
    };
    const decoded = decodeTable(encodeTable(table));
    expect(Object.keys(decoded)).toEqual(Object.keys(table));
    expect(decoded).toEqual(table);
  });

  test('plain values get the usual types', () => {
    const decoded = decodeTable(
      encodeTable({ a: 1, b: 2 ** 40, c: 0.5, d: 'x', e: null, f: [true], g: { h: 1 } }),
    );
    expect(Object.values(decoded).map(({ tag }) => tag)).toEqual(['I', 'l', 'd', 'S', 'V', 'A', 'F']);
    expect(plain(decoded)).toEqual({ a: 1, b: 2 ** 40, c: 0.5, d: 'x', e: null, f: [true], g: { h: 1 } });
  });
});

describe('a rendezvous', () => {
  test('acts once, when everybody who has not left is there', async () => {
    let acts = 0;
    const rendezvous = new Rendezvous(3, async () => {
      acts++;
    });
    const [one, two] = [rendezvous.meet(), rendezvous.meet()];
    expect(acts).toBe(0);
    rendezvous.leave();
    await Promise.all([one, two]);
    expect(acts).toBe(1);
  });

  test('tells everybody when the action fails', async () => {
    const rendezvous = new Rendezvous(2, () => Promise.reject(new Error('no')));
    const both = await Promise.allSettled([rendezvous.meet(), rendezvous.meet()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
