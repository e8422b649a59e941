/**
 * One way to state a measurement.
 * @typedef {object} Figure
 * @property {string} label
 * @property {number} decimals
 * @property {'median' | 'max' | 'min' | 'sum'} combine what becomes of repeated runs
 */

/** @satisfies {Record<string, Figure>} */
export const FIGURES = {
  rate: { label: 'msg/s', decimals: 0, combine: 'median' },
  firstTenth: { label: 'msg/s, first tenth', decimals: 0, combine: 'median' },
  lastTenth: { label: 'msg/s, last tenth', decimals: 0, combine: 'median' },
  lastToFirst: { label: 'last tenth to first tenth', decimals: 2, combine: 'min' },
  drainRate: { label: 'msg/s, taken out again', decimals: 0, combine: 'median' },
  toFew: { label: 'msg/s, to that with 10 bindings', decimals: 2, combine: 'median' },
  mebibytes: { label: 'MiB/s', decimals: 0, combine: 'median' },
  slowest: { label: 'slowest consumer to the median', decimals: 2, combine: 'min' },
  declareRate: { label: 'queues declared/s', decimals: 0, combine: 'median' },
  startedIn: { label: 'start to accepting connections, ms', decimals: 0, combine: 'median' },
  startedInMax: { label: 'the slowest start, ms', decimals: 0, combine: 'max' },
  recoveryRate: { label: 'messages recovered/s', decimals: 0, combine: 'median' },
  idleCpu: { label: 'CPU while idle, ms/s', decimals: 1, combine: 'median' },
  brokerCpu: { label: 'broker CPU, us/msg', decimals: 1, combine: 'median' },
  brokerUser: { label: 'of it user, us/msg', decimals: 1, combine: 'median' },
  brokerSystem: { label: 'of it system, us/msg', decimals: 1, combine: 'median' },
  generatorCpu: { label: 'generator CPU, us/msg', decimals: 1, combine: 'median' },
  rssPeak: { label: 'broker RSS at its peak, MiB', decimals: 0, combine: 'max' },
  rssGrowth: { label: 'above what it was before, MiB', decimals: 0, combine: 'max' },
  laterPeak: { label: 'peak later on, to that at first', decimals: 2, combine: 'max' },
  rssPerQueue: { label: 'RSS per queue, bytes', decimals: 0, combine: 'max' },
  rssPerQueueStarted: { label: 'RSS per queue after a start, bytes', decimals: 0, combine: 'max' },
  rssPerMessage: { label: 'RSS per waiting message, bytes', decimals: 0, combine: 'max' },
  diskPeak: { label: 'disk at its peak, MiB', decimals: 0, combine: 'max' },
  diskEnd: { label: 'disk in the end, MiB', decimals: 0, combine: 'max' },
  diskBeyond: { label: 'disk beyond 3 times what stays, MiB', decimals: 0, combine: 'max' },
  diskPerMessage: { label: 'disk per waiting message, bytes', decimals: 0, combine: 'max' },
  deliverP50: { label: 'publish to delivery p50, ms', decimals: 2, combine: 'median' },
  deliverP99: { label: 'publish to delivery p99, ms', decimals: 2, combine: 'median' },
  deliverMax: { label: 'publish to delivery max, ms', decimals: 2, combine: 'max' },
  confirmP50: { label: 'publish to confirm p50, ms', decimals: 2, combine: 'median' },
  confirmP99: { label: 'publish to confirm p99, ms', decimals: 2, combine: 'median' },
  confirmMax: { label: 'publish to confirm max, ms', decimals: 2, combine: 'max' },
  lateMin: { label: 'lateness min, ms', decimals: 2, combine: 'min' },
  lateP50: { label: 'lateness p50, ms', decimals: 2, combine: 'median' },
  lateP99: { label: 'lateness p99, ms', decimals: 2, combine: 'median' },
  lateMax: { label: 'lateness max, ms', decimals: 2, combine: 'max' },
  early: { label: 'early messages', decimals: 0, combine: 'sum' },
  stallP50: { label: 'other queue p50, ms', decimals: 2, combine: 'median' },
  stallP99: { label: 'other queue p99, ms', decimals: 2, combine: 'median' },
  stallMax: { label: 'other queue max, ms', decimals: 2, combine: 'max' },
  loopP99: { label: 'event loop delay p99, ms', decimals: 2, combine: 'median' },
  loopMax: { label: 'event loop delay max, ms', decimals: 2, combine: 'max' },
};

/** @typedef {keyof typeof FIGURES} FigureName */
/** @typedef {Partial<Record<FigureName, number>>} Figures */

export const FIGURE_NAMES = /** @type {FigureName[]} */ (Object.keys(FIGURES));

/**
 * @param {ArrayLike<number>} values
 * @returns {{ min: number, p50: number, p99: number, max: number }} of the values that are numbers
 */
export function spread(values) {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  /** @param {number} share */
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}

/**
 * Lateness of messages as figures. What is below zero came before its time, by the clock that wrote it down.
 * @param {Float64Array} lateness
 * @returns {Figures}
 */
export function lateFigures(lateness) {
  const { min, p50, p99, max } = spread(lateness);
  const early = lateness.reduce((count, late) => (late < 0 ? count + 1 : count), 0);
  return { lateMin: min, lateP50: p50, lateP99: p99, lateMax: max, early };
}

/**
 * One set of figures for several runs of the same thing.
 * @param {Figures[]} runs
 * @returns {Figures}
 */
export function combine(runs) {
  /** @type {Figures} */
  const combined = {};
  for (const name of FIGURE_NAMES) {
    const values = runs.map((run) => run[name]).filter((value) => value !== undefined);
    if (values.length > 0) combined[name] = combineValues(values, FIGURES[name].combine);
  }
  return combined;
}

/**
 * @param {number[]} values
 * @param {string} how
 */
function combineValues(values, how) {
  if (how === 'max') return Math.max(...values);
  if (how === 'min') return Math.min(...values);
  if (how === 'sum') return values.reduce((sum, value) => sum + value, 0);
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
