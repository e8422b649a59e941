import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from './client.js';
import { cpuOf } from './usage.js';

/** @typedef {import('node:stream').Readable} Readable */

/**
 * @typedef {object} Broker
 * @property {string} name short, for the head of a column
 * @property {string} url
 * @property {number | undefined} pid when its processor time and memory can be read
 * @property {Record<string, string>} properties what it says about itself
 * @property {() => Promise<void>} close
 * @property {() => Promise<{ p99: number, max: number }>} [loopDelay] ms, since it was last asked
 */

const START_PATIENCE = 20_000;
const STOP_PATIENCE = 15_000;

/** A broker that cannot be measured at all: one line for whoever named it. */
export class NoBroker extends Error {}

/**
 * @param {{ url: string, pid?: number | undefined }[]} wanted
 * @returns {Promise<Broker[]>}
 */
export async function openBrokers(wanted) {
  /** @type {Broker[]} */
  const brokers = [];
  try {
    for (const { url, pid } of wanted) {
      brokers.push(url === 'leveret' ? await startLeveret() : await meet(url, pid, async () => {}));
    }
  } catch (error) {
    await closeBrokers(brokers);
    throw error;
  }
  const names = brokers.map((broker) => broker.name);
  return brokers.map((broker, i) =>
    names.indexOf(broker.name) === names.lastIndexOf(broker.name)
      ? broker
      : { ...broker, name: `${broker.name} (${i + 1})` },
  );
}

/** @param {Broker[]} brokers */
export async function closeBrokers(brokers) {
  await Promise.all(brokers.map((broker) => broker.close()));
}

/** Leveret of this directory, with an empty store that is removed afterwards. */
async function startLeveret() {
  const program = fileURLToPath(new URL('../bin/leveret.js', import.meta.url));
  const data = await mkdtemp(join(tmpdir(), 'leveret-bench-'));
  const probe = new URL('./loop-delay.js', import.meta.url).href;
  const command = ['--import', probe, program, 'serve', '--port', '0', '--data', data, '--json'];
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // in a group of its own, so that an interrupt from the terminal does not stop it before its queues are deleted
    detached: true,
  });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const close = async () => {
    await stop(child);
    process.off('exit', kill);
    await rm(data, { recursive: true, force: true });
  };
  try {
    const { amqp, pid } = await greeting(child);
    child.once('exit', (code, signal) => {
      if (!child.killed)
        process.stderr.write(`bench: leveret ended by itself (${signal ?? `code ${code}`})\n`);
    });
    const loopDelay = async () => {
      child.send('loop-delay');
      const [delay] = await once(child, 'message', { signal: AbortSignal.timeout(START_PATIENCE) });
      return delay;
    };
    return { ...(await meet(amqp, pid ?? child.pid, close)), loopDelay };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * @param {import('node:child_process').ChildProcessByStdio<null, Readable, Readable>} child
 * @returns {Promise<{ amqp: string, pid?: number }>} its first line
 */
async function greeting(child) {
  let complaint = '';
  child.stderr.on('data', (text) => (complaint = (complaint + String(text)).slice(0, 4000)));
  const lines = createInterface({ input: child.stdout });
  const signal = AbortSignal.timeout(START_PATIENCE);
  const exited = once(child, 'exit', { signal }).then(() => []);
  const [line] = await Promise.race([once(lines, 'line', { signal }), exited]).catch(() => []);
  try {
    return JSON.parse(String(line));
  } catch {
    throw new NoBroker(`leveret did not start (npm run build builds it): ${reasonIn(complaint)}`);
  }
}

/**
 * The line that says why, of what a program wrote before it gave up.
 * @param {string} complaint
 */
function reasonIn(complaint) {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((text) => /error/i.test(text)) ?? lines[0] ?? 'it says nothing';
  return /"message":"(?<message>[^"]*)"/.exec(line)?.groups?.['message'] ?? line;
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE);
  await exited;
  clearTimeout(timer);
}

/**
 * @param {string} url
 * @param {number | undefined} pid
 * @param {() => Promise<void>} close
 * @returns {Promise<Broker>}
 */
async function meet(url, pid, close) {
  if (pid !== undefined && existsSync('/proc/self') && cpuOf(pid) === undefined) {
    throw new NoBroker(`there is no process ${pid} on this machine`);
  }
  try {
    const client = await Client.open(url);
    const properties = client.server;
    await client.close();
    return { name: nameOf(properties), url, pid, properties, close };
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
