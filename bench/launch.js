import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @typedef {import('node:stream').Readable} Readable */
/** @typedef {import('node:child_process').ChildProcessByStdio<null, Readable, Readable>} Child */

/**
 * Which broker is meant.
 * @typedef {{ kind: 'leveret', directory: string }
 *   | { kind: 'relay' | 'null' }
 *   | { kind: 'remote', url: string, pid?: number | undefined, data?: string | undefined }} Wanted
 */

/**
 * A process of ours that accepts connections.
 * @typedef {object} Running
 * @property {string} url
 * @property {number} pid
 * @property {number} startedIn milliseconds from the start of the process until it said where it listens
 * @property {(signal?: NodeJS.Signals) => Promise<void>} stop
 * @property {() => Promise<{ p99: number, max: number }>} [loopDelay] milliseconds, since it was last asked
 */

const START_PATIENCE = 120_000;
const STOP_PATIENCE = 15_000;
/** Larger than any body that is sent; the default is 16 MiB. */
const MAX_MESSAGE_SIZE = 128 * 2 ** 20;
const HERE = fileURLToPath(new URL('..', import.meta.url));

/** A broker that cannot be measured at all: one line for whoever named it. */
export class NoBroker extends Error {}

/** @returns {Wanted} Leveret of this directory */
export function leveretOfHere() {
  return { kind: 'leveret', directory: HERE };
}

/**
 * @param {string} directory of the package
 * @param {string} data where its store is, or will be
 * @param {{ probe: boolean }} how `probe`: its event loop is watched, which costs it some timers
 * @returns {Promise<Running>}
 */
export async function startLeveret(directory, data, { probe }) {
  const program = join(directory, 'bin/leveret.js');
  const serve = ['serve', '--port', '0', '--management-port', '0', '--data', data, '--json'];
  const options = ['--max-message-size', String(MAX_MESSAGE_SIZE)];
  const watch = probe ? ['--import', new URL('./loop-delay.js', import.meta.url).href] : [];
  const { child, ...running } = await startNode([...watch, program, ...serve, ...options]);
  if (!probe) return running;
  const loopDelay = async () => {
    child.send('loop-delay');
    const [delay] = await once(child, 'message', { signal: AbortSignal.timeout(START_PATIENCE) });
    return delay;
  };
  return { ...running, loopDelay };
}

/**
 * @param {'relay' | 'null'} kind
 * @returns {Promise<Running>}
 */
export async function startPeer(kind) {
  const { child: _, ...running } = await startNode([
    fileURLToPath(new URL('./relay/main.js', import.meta.url)),
    kind,
  ]);
  return running;
}

/** @param {string[]} command */
async function startNode(command) {
  const from = performance.now();
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // in a group of its own, so that an interrupt from the terminal does not stop it before its queues are deleted
    detached: true,
  });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  let stopping = false;
  /** @param {NodeJS.Signals} signal */
  const stop = async (signal = 'SIGTERM') => {
    stopping = true;
    await end(child, signal);
    process.off('exit', kill);
  };
  try {
    const { amqp, pid } = await greeting(child);
    const startedIn = performance.now() - from;
    child.once('exit', (code, signal) => {
      if (!stopping) process.stderr.write(`bench: a broker ended by itself (${signal ?? `code ${code}`})\n`);
    });
    return { child, url: amqp, pid: pid ?? child.pid ?? 0, startedIn, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * @param {Child} child
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

/**
 * @param {Child} child
 * @param {NodeJS.Signals} signal
 */
async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE);
  await exited;
  clearTimeout(timer);
}
