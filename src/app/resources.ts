import { statfs } from 'node:fs/promises';
import type { Clock, Timer } from '../broker/clock.ts';
import type { Alarms, Resource } from '../server/alarms.ts';
import type { Log } from '../server/log.ts';

/** How often memory is looked at (ms). */
const MEMORY_INTERVAL = 1_000;
/** The disk is looked at the more often the less is free: before it could be full at this rate (bytes per ms). */
const FASTEST_WRITES = 125_000;
const SHORTEST_DISK_INTERVAL = 100;
const LONGEST_DISK_INTERVAL = 10_000;

/** Where what is measured comes from. */
export interface Gauges {
  /** Memory the process needs, in bytes. `isLow`: it was too much at the last look, and somebody waits for it to fall. */
  memory(isLow: boolean): number;
  /** The same for bytes that may still be written to the disk of the data; undefined when there is no data directory. */
  disk: ((isLow: boolean) => Promise<number>) | undefined;
}

export interface ResourceLimits {
  /** Bytes beyond which memory is low; Infinity: never. */
  readonly memoryHigh: number;
  /** Bytes below which the disk is low; 0: never. */
  readonly diskFreeLimit: number;
}

/** Looks at memory and disk, and raises the alarms that block publishers (CON-58). */
export class ResourceWatch {
  readonly #clock: Clock;
  readonly #alarms: Alarms;
  readonly #log: Log;
  readonly #limits: ResourceLimits;
  readonly #gauges: Gauges;
  readonly #timers = new Map<Resource, Timer>();
  readonly #low = new Set<Resource>();
  #isStopped = false;

  constructor(clock: Clock, alarms: Alarms, log: Log, limits: ResourceLimits, gauges: Gauges) {
    this.#clock = clock;
    this.#alarms = alarms;
    this.#log = log;
    this.#limits = limits;
    this.#gauges = gauges;
  }

  /** Resolves after the first look at everything: a broker that starts on a full disk takes no publish. */
  async start(): Promise<void> {
    this.#lookAtMemory();
    await this.#lookAtDisk();
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #lookAtMemory(): void {
    const { memoryHigh: limit } = this.#limits;
    if (limit === Infinity) return;
    const used = this.#gauges.memory(this.#low.has('memory'));
    this.#report('memory', used > limit, { used, limit });
    this.#lookAgain('memory', MEMORY_INTERVAL, () => this.#lookAtMemory());
  }

  async #lookAtDisk(): Promise<void> {
    const { diskFreeLimit: limit } = this.#limits;
    if (limit === 0 || this.#gauges.disk === undefined) return;
    const interval = await this.#diskInterval(this.#gauges.disk, limit);
    this.#lookAgain('disk', interval, () => void this.#lookAtDisk());
  }

  /** When to look again, in milliseconds. What cannot be measured raises no alarm. */
  async #diskInterval(gauge: (isLow: boolean) => Promise<number>, limit: number): Promise<number> {
    try {
      const free = await gauge(this.#low.has('disk'));
      this.#report('disk', free < limit, { free, limit });
      const ideal = (free - limit) / FASTEST_WRITES;
      return Math.min(Math.max(ideal, SHORTEST_DISK_INTERVAL), LONGEST_DISK_INTERVAL);
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'cannot tell how much of the disk is free');
      return LONGEST_DISK_INTERVAL;
    }
  }

  #lookAgain(resource: Resource, interval: number, look: () => void): void {
    if (!this.#isStopped) this.#timers.set(resource, this.#clock.at(this.#clock.now() + interval, look));
  }

  #report(resource: Resource, isLow: boolean, measured: Record<string, number>): void {
    if (isLow === this.#low.has(resource) || this.#isStopped) return;
    if (isLow) this.#low.add(resource);
    else this.#low.delete(resource);
    this.#log.warn({ resource, ...measured }, isLow ? 'low: publishers are blocked' : 'no longer low');
    this.#alarms.set(resource, isLow);
  }
}

/** Bytes that this process may still write where `directory` is. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
