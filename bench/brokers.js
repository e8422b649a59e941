import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from './client.js';
import { NoBroker, startLeveret, startPeer } from './launch.js';
import { cpuOf } from './usage.js';

/** @typedef {import('./launch.js').Wanted} Wanted */

/**
 * One column of the report.
 * @typedef {object} Broker
 * @property {string} name short, for the head of the column
 * @property {'first' | 'against' | 'relay' | 'null'} role
 * @property {Wanted} wanted
 * @property {Record<string, string>} properties what it says about itself
 */

/**
 * A broker to put load on.
 * @typedef {object} Target
 * @property {string} url
 * @property {number | undefined} pid when its processor time and memory can be read
 * @property {string | undefined} data where its files are
 * @property {(signal?: NodeJS.Signals) => Promise<void>} stop what was started here; a broker of others goes on
 * @property {() => Promise<void>} clear stops it and removes its files, when they are ours
 * @property {() => Promise<{ p99: number, max: number }>} [loopDelay]
 * @property {number} [startedIn]
 */

/**
 * Starts a broker with an empty store of its own, or gives the address of one that runs.
 * @param {Wanted} wanted
 * @param {{ probe?: boolean, data?: string | undefined }} [how] `data`: a store to start with, which stays
 * @returns {Promise<Target>}
 */
export async function startBroker(wanted, { probe = true, data } = {}) {
  if (wanted.kind === 'remote') {
    const { url, pid } = wanted;
    return { url, pid, data: wanted.data, stop: async () => {}, clear: async () => {} };
  }
  if (wanted.kind !== 'leveret') {
    const running = await startPeer(wanted.kind);
    return { ...running, data: undefined, clear: running.stop };
  }
  const store = data ?? (await mkdtemp(join(tmpdir(), 'leveret-bench-')));
  const remove = async () => {
    if (data === undefined) await rm(store, { recursive: true, force: true });
  };
  try {
    const running = await startLeveret(wanted.directory, store, { probe });
    const clear = async () => {
      await running.stop('SIGKILL');
      await remove();
    };
    return { ...running, data: store, clear };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Looks at each broker once, so that what cannot be measured is known before anything is.
 * @param {{ role: Broker['role'], wanted: Wanted }[]} wishes
 * @returns {Promise<Broker[]>}
 */
export async function meetAll(wishes) {
  /** @type {Broker[]} */
  const brokers = [];
  for (const { role, wanted } of wishes) {
    const target = await startBroker(wanted);
    try {
      const properties = await meet(target);
      const name = role === 'null' ? 'nothing' : nameOf(properties);
      brokers.push({ name, role, wanted, properties });
    } finally {
      await target.clear();
    }
  }
  const names = brokers.map((broker) => broker.name);
  return brokers.map((broker, i) =>
    names.indexOf(broker.name) === names.lastIndexOf(broker.name)
      ? broker
      : { ...broker, name: `${broker.name} (${i + 1})` },
  );
}

/**
 * @param {Target} target
 * @returns {Promise<Record<string, string>>} what it says about itself
 */
async function meet({ url, pid }) {
  if (pid !== undefined && existsSync('/proc/self') && cpuOf(pid) === undefined) {
    throw new NoBroker(`there is no process ${pid} on this machine`);
  }
  try {
    const client = await Client.open(url);
    const properties = client.server;
    await client.close();
    return properties;
  } catch (error) {
    throw new NoBroker(
      `no broker answers at ${withoutPassword(url)}: ${/** @type {Error} */ (error).message}`,
    );
  }
}

/** Leveret gives RabbitMQ's name as its product, for clients that look at it, and its own as its platform. */
function nameOf(/** @type {Record<string, string>} */ { product = 'broker', version = '', platform = '' }) {
  return /Leveret[ /][\w.-]+/.exec(platform)?.[0] ?? `${product} ${version}`.trim();
}

/** @param {string} url */
export function withoutPassword(url) {
  const clean = new URL(url);
  clean.password = '';
  clean.username = '';
  return clean.href;
}
