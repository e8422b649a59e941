import { describe, expect, it } from 'vitest';
import { JournalPage } from '../../src/store/pages.ts';
import { Settles } from '../../src/store/settles.ts';

function page(id: number): JournalPage {
  return new JournalPage(id, false, undefined, { liveBytes: 0 });
}

function drained(settles: Settles): [number, number, number][] {
  const all: [number, number, number][] = [];
  settles.drain((home, messageId, queueId) => all.push([home.id, messageId, queueId]));
  return all;
}

describe('settled places', () => {
  it('are given back in order, once', () => {
    const settles = new Settles();
    settles.add(page(1), 2 ** 40, 7);
    settles.add(page(2), 5, 2 ** 32 - 1);
    expect(drained(settles)).toEqual([
      [1, 2 ** 40, 7],
      [2, 5, 2 ** 32 - 1],
    ]);
    expect(drained(settles)).toEqual([]);
  });

  it('may be any number, also again after there were very many', () => {
    const settles = new Settles();
    const home = page(3);
    for (const count of [1500, 100_000, 3000]) {
      for (let n = 1; n <= count; n++) settles.add(home, n, 2 * n);
      const all = drained(settles);
      expect(all).toHaveLength(count);
      expect(
        all.every(
          ([id, messageId, queueId], i) => id === 3 && messageId === i + 1 && queueId === 2 * messageId,
        ),
      ).toBe(true);
    }
  });
});
