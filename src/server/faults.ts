import type { FaultKind, FaultSetting, Moment, SettingOf } from './fault-kinds.ts';

/** What a fault can be narrowed down by, as far as it is known when it could happen. */
export interface FaultSubject {
  readonly connection?: readonly (string | undefined)[];
  readonly user?: string | undefined;
  readonly vhost?: string | undefined;
  readonly exchange?: string | undefined;
  readonly routingKey?: string | undefined;
  readonly queue?: string | readonly string[] | undefined;
  readonly consumerTag?: string | undefined;
}

/** A connection, as faults see it. */
export interface FaultTarget {
  /** Faults that are to happen at once look for what they can happen to. */
  happenNow(fault: Fault): void;
}

const FILTERS = ['connection', 'user', 'vhost', 'exchange', 'routingKey', 'queue', 'consumerTag'] as const;

/** One thing that is to go wrong: what, to whom, when, how often; and how often it did. */
export class Fault<K extends FaultKind = FaultKind> {
  readonly id: number;
  readonly setting: SettingOf<K>;
  /** How often it has happened. */
  count = 0;
  readonly #filters: readonly Filter[];
  readonly #owner: Faults;
  #seen = 0;
  readonly #seenByConnection = new WeakMap<object, number>();
  #random: () => number;
  #isRemoved = false;
  /** Its only moment has passed. */
  #isPast = false;
  /** What is held back until the fault is removed. */
  readonly #undo = new Set<() => void>();
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(id: number, setting: FaultSetting, owner: Faults, random: () => number) {
    this.id = id;
    this.setting = setting as SettingOf<K>;
    this.#owner = owner;
    this.#random = random;
    this.#filters = filtersOf(setting);
  }

  get kind(): K {
    return this.setting.kind;
  }

  /** When it can happen, for kinds that leave the choice. */
  get on(): Moment | undefined {
    return (this.setting as { readonly on?: Moment }).on;
  }

  /** It does not happen any more: as often as it was to, or removed. */
  get isOver(): boolean {
    return this.#isRemoved || this.#isPast || this.count >= this.setting.times;
  }

  /** It was to happen at once. */
  pass(): void {
    this.#isPast = true;
    this.#owner.disarm();
  }

  /** It does not happen any more, and what it keeps waiting goes on. */
  remove(): void {
    this.#isRemoved = true;
    this.#owner.forget(this);
    for (const undo of this.#undo) undo();
    this.#undo.clear();
  }

  /** Resolves when it has happened so many times. */
  happened(count = 1): Promise<void> {
    if (this.count >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
    });
  }

  /** Calls `undo` when the fault is removed, unless what is returned was called before. */
  onRemove(undo: () => void): () => void {
    this.#undo.add(undo);
    return () => this.#undo.delete(undo);
  }

  matches(subject: FaultSubject): boolean {
    return this.#filters.every((filter) => filter(subject));
  }

  /** It could happen now: counts, and says whether it does. */
  takes(connection: object | undefined): boolean {
    const { after, probability, per } = this.setting;
    const seen = this.#see(per === 'connection' ? connection : undefined, 1);
    if (seen <= after) return false;
    return this.#happens(probability);
  }

  /** So many octets came: how many of them still count as received, and whether it happens then. */
  takesBytes(connection: object, octets: number): { readonly before: number; readonly happens: boolean } {
    const { after, probability } = this.setting;
    const seen = this.#see(connection, octets);
    if (seen < after) return { before: octets, happens: false };
    return { before: Math.max(0, octets - (seen - after)), happens: this.#happens(probability) };
  }

  reseed(random: () => number): void {
    this.#random = random;
  }

  #see(connection: object | undefined, more: number): number {
    if (connection === undefined) return (this.#seen += more);
    const seen = (this.#seenByConnection.get(connection) ?? 0) + more;
    this.#seenByConnection.set(connection, seen);
    return seen;
  }

  #happens(probability: number): boolean {
    if (probability < 1 && this.#random() >= probability) return false;
    this.count++;
    if (this.isOver) this.#owner.disarm();
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ count }) => count > this.count);
    for (const { count, resolve } of waiting) if (count <= this.count) resolve();
    return true;
  }
}

const FIRST_SEED = 1;

/**
 * What is to go wrong on request. While nothing is, all it costs is a look at `isArmed`. Chance comes from a seed: the
 * same faults and the same actions of clients, in the same order, give the same again.
 */
export class Faults {
  /** There are faults that can still happen. */
  isArmed = false;
  readonly #connections = new Set<FaultTarget>();
  #all: Fault[] = [];
  #armed: readonly Fault[] = [];
  #seed = FIRST_SEED;
  #nextId = 1;
  /** How many were added since the seed was set: each has a chance of its own. */
  #sinceSeed = 0;

  /** Those that were not removed, in the order in which they were added. */
  get all(): readonly Fault[] {
    return this.#all;
  }

  /** From now on chance is as it is after every call with this number. */
  seed(seed: number): void {
    this.#seed = seed;
    this.#sinceSeed = 0;
    for (const fault of this.#all) fault.reseed(this.#chance());
  }

  add<K extends FaultKind>(setting: SettingOf<K>): Fault<K> {
    const fault = new Fault<K>(this.#nextId++, setting, this, this.#chance());
    this.#all.push(fault);
    this.disarm();
    if (fault.on !== 'now') return fault;
    for (const one of this.#connections) if (!fault.isOver) one.happenNow(fault);
    fault.pass();
    return fault;
  }

  /** Removes all, and begins anew with chance. */
  clear(): void {
    for (const fault of this.#all) fault.remove();
    this.seed(this.#seed);
  }

  forget(fault: object): void {
    this.#all = this.#all.filter((one) => one !== fault);
    this.disarm();
  }

  /** Those that are over are not looked at any more. */
  disarm(): void {
    this.#armed = this.#all.filter((fault) => !fault.isOver);
    this.isArmed = this.#armed.length > 0;
  }

  opened(connection: FaultTarget): void {
    this.#connections.add(connection);
  }

  closed(connection: FaultTarget): void {
    this.#connections.delete(connection);
  }

  /**
   * The first fault of these kinds that happens now.
   * @param subject asked for only when there is one to be compared
   * @param moment for kinds that leave the choice
   */
  find<K extends FaultKind>(
    kinds: readonly K[],
    subject: () => FaultSubject,
    connection: object | undefined,
    moment?: Moment,
  ): Fault<K> | undefined {
    let known: FaultSubject | undefined;
    for (const fault of this.#armed) {
      if (fault.on !== undefined && fault.on !== moment) continue;
      if (!(kinds as readonly FaultKind[]).includes(fault.kind)) continue;
      known ??= subject();
      if (fault.matches(known) && fault.takes(connection)) return fault as unknown as Fault<K>;
    }
    return undefined;
  }

  /** Those that look at single octets. */
  *ofBytes(): Iterable<Fault> {
    for (const fault of this.#armed) if (fault.on === 'bytes') yield fault;
  }

  #chance(): () => number {
    return chance(this.#seed, this.#sinceSeed++);
  }
}

type Filter = (subject: FaultSubject) => boolean;

function filtersOf(setting: FaultSetting): readonly Filter[] {
  const values: Readonly<Record<string, unknown>> = setting;
  return FILTERS.flatMap((name): Filter[] => {
    const wanted = values[name];
    if (typeof wanted !== 'string') return [];
    const isWanted = matcher(wanted);
    return [
      (subject) => {
        const actual = subject[name];
        return Array.isArray(actual) ? actual.some(isWanted) : isWanted(actual);
      },
    ];
  });
}

/** `*` stands for anything. */
function matcher(wanted: string): (actual: unknown) => boolean {
  if (!wanted.includes('*')) return (actual) => actual === wanted;
  const escaped = wanted.replace(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll('*', '.*');
  const expression = new RegExp(`^${escaped}$`, 's');
  return (actual) => typeof actual === 'string' && expression.test(actual);
}

/** Numbers from 0 to 1, the same for the same seed and turn (mulberry32). */
function chance(seed: number, turn: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(turn + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
