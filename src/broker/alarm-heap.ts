import type { Timer } from './clock.ts';

/** One alarm in the heap; `index` is where it stands, -1 when it is not in it. */
class Alarm implements Timer {
  readonly time: number;
  readonly order: number;
  readonly task: () => void;
  readonly #heap: AlarmHeap;
  index = -1;

  constructor(heap: AlarmHeap, time: number, order: number, task: () => void) {
    this.#heap = heap;
    this.time = time;
    this.order = order;
    this.task = task;
  }

  cancel(): void {
    this.#heap.remove(this);
  }

  isBefore(other: Alarm): boolean {
    return this.time === other.time ? this.order < other.order : this.time < other.time;
  }
}

/** Alarms by time, equal times in the order they were set. A binary heap: setting and cancelling cost log n. */
export class AlarmHeap {
  readonly #heap: Alarm[] = [];
  #order = 0;

  add(time: number, task: () => void): Timer {
    const alarm = new Alarm(this, time, this.#order++, task);
    this.#heap.push(alarm);
    this.#rise(alarm, this.#heap.length - 1);
    return alarm;
  }

  /** When the first alarm falls due; Infinity when there is none. */
  next(): number {
    return this.#heap[0]?.time ?? Infinity;
  }

  /** Takes the first alarm out and runs it. */
  runOne(): void {
    const first = this.#heap[0];
    if (first === undefined) return;
    this.remove(first);
    first.task();
  }

  remove(alarm: Alarm): void {
    const { index } = alarm;
    if (index < 0) return;
    alarm.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === alarm) return;
    this.#rise(last, index);
    this.#sink(last, last.index);
  }

  #rise(alarm: Alarm, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !alarm.isBefore(parent)) break;
      this.#put(parent, index);
      index = above;
    }
    this.#put(alarm, index);
  }

  #sink(alarm: Alarm, from: number): void {
    let index = from;
    for (;;) {
      const left = this.#heap[index * 2 + 1];
      const right = this.#heap[index * 2 + 2];
      const child = right !== undefined && left !== undefined && right.isBefore(left) ? right : left;
      if (child === undefined || !child.isBefore(alarm)) break;
      const below = child.index;
      this.#put(child, index);
      index = below;
    }
    this.#put(alarm, index);
  }

  #put(alarm: Alarm, index: number): void {
    this.#heap[index] = alarm;
    alarm.index = index;
  }
}
