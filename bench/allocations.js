// Measures what one path allocates for each message, in a process of its own that bench/budget.js starts; prints JSON.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { startBroker } from '../dist/src/index.js';
import { PATHS, PER_ROUND } from './budget-paths.js';
import { InnerClient } from './inner-client.js';

/**
 * @typedef {object} Allocations bytes for each message
 * @property {number} heap objects
 * @property {number} buffers
 * @property {number} [kept] of both, that stay while it waits
 */

/** @typedef {{ heap: number, buffers: number }} Memory */

/** Long enough that whatever is hot has been compiled. */
const WARM_UP_ROUNDS = 150;
const SAMPLES = 9;
const ROUNDS_PER_SAMPLE = 20;
const KEPT_ROUNDS = 200;
/** What is kept in memory of bodies that are on disk as well: next to nothing. */
const MEMORY_LIMIT = 1024 * 1024;

const collections = new PerformanceObserver(() => {});
collections.observe({ entryTypes: ['gc'] });

process.stdout.write(JSON.stringify(await measure(process.argv[2] ?? '')));

/** @param {string} name */
async function measure(name) {
  const path = PATHS[name];
  if (path === undefined)
    throw new Error(`there is no path "${name}", only ${Object.keys(PATHS).join(', ')}`);
  const data = path.durable ? await mkdtemp(join(tmpdir(), 'leveret-budget-')) : undefined;
  const where = data === undefined ? {} : { data };
  const options = { port: false, clock: { mode: 'manual' }, logLevel: 'silent', memoryLimit: MEMORY_LIMIT };
  const broker = await startBroker({ ...options, ...where });
  const client = await InnerClient.open(broker.connect());
  try {
    const round = await path.open(client, broker);
    for (let n = 0; n < WARM_UP_ROUNDS; n++) await round();
    const allocated = await allocatedBy(round);
    return path.keeps === true ? { ...allocated, kept: await keptBy(round) } : allocated;
  } finally {
    client.close();
    await broker.stop();
    if (data !== undefined) await rm(data, { recursive: true, force: true });
  }
}

/**
 * The median of samples in which nothing was collected.
 * @param {() => Promise<void>} round
 * @returns {Promise<Allocations>}
 */
async function allocatedBy(round) {
  const samples = [];
  for (let left = 3 * SAMPLES; left > 0 && samples.length < SAMPLES; left--) {
    const sample = await oneSample(round);
    if (sample !== undefined) samples.push(sample);
  }
  if (samples.length === 0) throw new Error('garbage was collected in every sample');
  return { heap: median(samples.map(({ heap }) => heap)), buffers: median(samples.map((s) => s.buffers)) };
}

/** @param {() => Promise<void>} round */
async function oneSample(round) {
  for (let n = 0; n < 2; n++) globalThis.gc?.({ type: 'minor' }); // the second waits until the first has freed buffers
  await turn();
  collections.takeRecords();
  const before = memory();
  for (let n = 0; n < ROUNDS_PER_SAMPLE; n++) await round();
  const after = memory();
  await turn(); // collections are reported a turn later
  if (collections.takeRecords().length > 0) return undefined;
  return perMessage(before, after, ROUNDS_PER_SAMPLE);
}

/** @param {() => Promise<void>} round */
async function keptBy(round) {
  const before = await memoryInUse();
  for (let n = 0; n < KEPT_ROUNDS; n++) await round();
  const { heap, buffers } = perMessage(before, await memoryInUse(), KEPT_ROUNDS);
  return heap + buffers;
}

async function memoryInUse() {
  for (let n = 0; n < 3; n++) {
    await turn();
    globalThis.gc?.();
  }
  return memory();
}

/** @returns {Memory} */
function memory() {
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, buffers: external };
}

/**
 * @param {Memory} before
 * @param {Memory} after
 * @param {number} rounds
 */
function perMessage(before, after, rounds) {
  const messages = rounds * PER_ROUND;
  const each = (/** @type {keyof Memory} */ kind) => Math.round((after[kind] - before[kind]) / messages);
  return { heap: each('heap'), buffers: each('buffers') };
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
