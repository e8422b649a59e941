import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Entry, Message } from '../../src/broker/message.ts';
import { Ready } from '../../src/broker/ready.ts';

const LANES = 4;

function anEntry(id: number, lane: number, size: number): Entry {
  const message = new Message(id, '', 'q', undefined, false, false, lane);
  message.bodyLength = size;
  return new Entry(message, Infinity, lane, false, 0);
}

const step = fc.oneof(
  fc.record({ op: fc.constant('push' as const), lane: fc.nat(LANES - 1), size: fc.nat(9) }),
  fc.record({ op: fc.constant('shift' as const) }),
  fc.record({ op: fc.constant('put back' as const), which: fc.infiniteStream(fc.boolean()) }),
  fc.record({ op: fc.constant('clear' as const) }),
);

/** The order in which messages leave: highest lane first, then by arrival. */
function sorted(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => b.lane - a.lane || a.message.id - b.message.id);
}

/** `Ready` beside an array that is sorted anew after every step. */
class Both {
  readonly ready = new Ready(LANES, false, undefined);
  model: Entry[] = [];
  #taken: Entry[] = [];
  #ids = 0;

  push(lane: number, size: number): void {
    const entry = anEntry(++this.#ids, lane, size);
    this.ready.push(entry);
    this.model.push(entry);
  }

  shift(): void {
    const wanted = this.model.shift();
    expect(this.ready.shift()).toBe(wanted);
    if (wanted !== undefined) this.#taken.push(wanted);
  }

  putBack(which: Iterator<boolean>): void {
    const back = this.#taken.filter(() => which.next().value === true);
    this.#taken = this.#taken.filter((entry) => !back.includes(entry));
    this.ready.putBack(back.reverse());
    this.model.push(...back);
  }

  clear(): void {
    expect(this.ready.clear()).toEqual(this.model);
    this.model = [];
  }

  compare(): void {
    this.model = sorted(this.model);
    expect(this.ready.length).toBe(this.model.length);
    expect(this.ready.bytes).toBe(this.model.reduce((sum, { message }) => sum + message.bodyLength, 0));
    expect(this.ready.peek()).toBe(this.model[0]);
  }
}

describe('ready', () => {
  test('messages leave as from a sorted array, those put back too [QUE-35, QUE-36, ACK-04]', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const both = new Both();
        for (const one of steps) {
          if (one.op === 'push') both.push(one.lane, one.size);
          else if (one.op === 'put back') both.putBack(one.which);
          else both[one.op]();
          both.compare();
        }
        both.clear();
      }),
    );
  });
});
