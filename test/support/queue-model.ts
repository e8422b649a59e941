/** How the queue `q` is declared; undefined is absent. */
export interface ModelSettings {
  readonly ttl: number | undefined;
  readonly maxLength: number | undefined;
  readonly maxBytes: number | undefined;
  readonly overflow: 'drop-head' | 'reject-publish' | 'reject-publish-dlx';
  readonly maxPriority: number;
  /** Where its dead letters go: to the queue `dead`, whose own go back to `q`; to itself; or nowhere. */
  readonly deadLetterTo: 'dead' | 'q' | undefined;
}

interface Item {
  readonly size: number;
  readonly priority: number;
  /** The order of arrival in its queue. */
  readonly place: number;
  readonly deadline: number;
  readonly redelivered: boolean;
  /** `queue reason` and how often, newest first. */
  readonly deaths: readonly (readonly [string, number])[];
}

/**
 * What a classic queue does, written down as naively as it goes: plain arrays, sorted and counted anew at every step,
 * time in steps of a millisecond.
 */
export class QueueModel {
  readonly #settings: ModelSettings;
  #now = 0;
  #places = 0;
  #ready: Item[] = [];
  #held: Item[] = [];
  #dead: Item[] = [];
  /** What the consumer still takes; undefined when there is none. */
  #credit: number | undefined;

  constructor(settings: ModelSettings) {
    this.#settings = settings;
  }

  /** Whether it was accepted. */
  publish(size: number, priority: number, expiration: number | undefined): boolean {
    const ttl = Math.min(expiration ?? Infinity, this.#settings.ttl ?? Infinity);
    const accepted = this.#arrive({ size, priority, deaths: [] }, ttl);
    this.#settle();
    return accepted;
  }

  get(): boolean {
    const head = this.#ready.shift();
    if (head !== undefined) this.#held.push(head);
    this.#settle();
    return head !== undefined;
  }

  ack(n: number): void {
    this.#held.splice(n, 1);
  }

  reject(n: number): void {
    const [item] = this.#held.splice(n, 1);
    if (item !== undefined) this.#die(item, 'rejected');
    this.#settle();
  }

  requeue(which: readonly number[]): void {
    const back = which.flatMap((n) => this.#held[n] ?? []);
    this.#held = this.#held.filter((item) => !back.includes(item));
    this.#ready.push(...back.map((item) => ({ ...item, redelivered: true })));
    this.#dropSurplus();
    this.#settle();
  }

  consume(credit: number): void {
    this.#credit = (this.#credit ?? 0) + credit;
    this.#settle();
  }

  cancel(): void {
    this.#credit = undefined;
  }

  purge(): number {
    return this.#ready.splice(0).length;
  }

  /** Rejects the head of `dead`, whose dead letters go to `q`. */
  revive(): void {
    const head = this.#dead.shift();
    if (head === undefined) return;
    this.#arrive({ ...head, deaths: died(head, 'dead', 'rejected') }, this.#settings.ttl ?? Infinity);
    this.#settle();
  }

  advance(milliseconds: number): void {
    for (let n = 0; n < milliseconds; n++) {
      this.#now++;
      this.#settle();
    }
  }

  snapshot(): object {
    const line = ({ size, redelivered, deaths }: Item): string =>
      [size, redelivered, ...deaths.map(([death, count]) => `${death} ${count}`)].join();
    return {
      ready: this.#ready.map(line),
      held: this.#held.map(line),
      dead: this.#dead.map(line),
      bytes: this.#bytes(),
      unacked: this.#held.length,
      load: this.#load(),
    };
  }

  /** Everything is persistent. */
  #load(): object {
    const bytes = (items: readonly Item[]): number => items.reduce((sum, { size }) => sum + size, 0);
    const all = [...this.#ready, ...this.#held];
    return { unackedBytes: bytes(this.#held), recordedCount: all.length, recordedBytes: bytes(all) };
  }

  #arrive({ size, priority, deaths }: Pick<Item, 'size' | 'priority' | 'deaths'>, ttl: number): boolean {
    const deadline = this.#now + ttl;
    const item = { size, priority, deaths, deadline, place: this.#places++, redelivered: false };
    if (this.#settings.overflow !== 'drop-head' && this.#isOver(1, size)) {
      if (this.#settings.overflow === 'reject-publish-dlx') this.#die(item, 'maxlen');
      return false;
    }
    if ((this.#credit ?? 0) > 0) {
      this.#deliver(item); // nothing is ready when a consumer waits
      return true;
    }
    this.#ready.push(item);
    this.#dropSurplus();
    return true;
  }

  #dropSurplus(): void {
    this.#sort();
    if (this.#settings.overflow !== 'drop-head') return;
    for (let head = this.#ready[0]; head !== undefined && this.#isOver(0, 0); head = this.#ready[0]) {
      this.#ready.shift();
      this.#die(head, 'maxlen');
    }
  }

  /** Lets the head expire and hands out, until nothing changes. */
  #settle(): void {
    for (;;) {
      this.#sort();
      const head = this.#ready[0];
      if (head === undefined) return;
      if (head.deadline <= this.#now) {
        this.#ready.shift();
        this.#die(head, 'expired');
      } else if ((this.#credit ?? 0) > 0) {
        this.#ready.shift();
        this.#deliver(head);
      } else return;
    }
  }

  #deliver(item: Item): void {
    this.#credit = (this.#credit ?? 0) - 1;
    this.#held.push(item);
  }

  #die(item: Item, reason: string): void {
    const deaths = died(item, 'q', reason);
    if (this.#settings.deadLetterTo === 'dead') {
      this.#dead.push({ ...item, deaths, redelivered: false, deadline: Infinity });
    } else if (this.#settings.deadLetterTo === 'q' && reason === 'rejected') {
      this.#arrive({ ...item, deaths }, this.#settings.ttl ?? Infinity); // for any other reason it is a cycle
    }
  }

  #sort(): void {
    const lane = ({ priority }: Item): number => Math.min(priority, this.#settings.maxPriority);
    this.#ready.sort((a, b) => lane(b) - lane(a) || a.place - b.place);
  }

  #bytes(): number {
    return this.#ready.reduce((sum, { size }) => sum + size, 0);
  }

  #isOver(more: number, moreBytes: number): boolean {
    const { maxLength = Infinity, maxBytes = Infinity } = this.#settings;
    return this.#ready.length + more > maxLength || this.#bytes() + moreBytes > maxBytes;
  }
}

function died({ deaths }: Item, queue: string, reason: string): Item['deaths'] {
  const name = `${queue} ${reason}`;
  const before = deaths.find(([death]) => death === name)?.[1] ?? 0;
  return [[name, before + 1], ...deaths.filter(([death]) => death !== name)];
}
