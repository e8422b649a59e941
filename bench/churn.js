// Stress, not speed: thousands of connections, half of which open and close at random, in every way a client can go.
// Prints what the broker holds before, meanwhile and after: `npm run churn -- --help`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ChurnPeer } from './churn-peer.js';

const HELP = `Usage: npm run churn -- [options]

  --connections N   how many, half of which come and go (default 2000)
  --channels N      of each connection, each with a queue and a consumer (default 10)
  --seconds N       how long they come and go (default 60)
  --rounds N        open all, come and go, close all: so many times (default 2)
`;

/** Connections that are opened at once: as many as a backlog takes. */
const TOGETHER = 50;
const COLUMNS = /** @type {const} */ (['handles', 'rss', 'used', 'queues', 'consumers', 'unacked']);

/** @typedef {Record<typeof COLUMNS[number], number>} Counts */

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '2000' },
    channels: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '2' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) process.stdout.write(HELP);
else await churn(Number(values.connections), Number(values.channels), Number(values.seconds));

/**
 * @param {number} connections
 * @param {number} channels
 * @param {number} seconds
 */
async function churn(connections, channels, seconds) {
  const { child, url } = await startBroker();
  const count = async () => {
    await pause(2_000); // what was closed last is gone
    child.send('count');
    return /** @type {Counts} */ ((await once(child, 'message'))[0]);
  };
  show('', undefined);
  show('before', await count());
  for (let round = 1; round <= Number(values.rounds); round++) {
    const peers = Array.from({ length: connections }, (_, n) => new ChurnPeer(url, n, channels));
    await inParts(peers, (peer) => peer.open());
    show(`round ${round}: all open`, await count());
    const until = Date.now() + seconds * 1_000;
    const half = peers.slice(0, Math.ceil(connections / 2));
    await Promise.all(half.map((peer) => peer.comeAndGo(until)));
    const gone = half.reduce((sum, peer) => sum + peer.departures, 0);
    show(`round ${round}: after ${gone} departures`, await count());
    await inParts(peers, (peer) => peer.close());
    show(`round ${round}: all closed`, await count());
  }
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await exited;
  process.stdout.write(`stopped with ${code}\n`);
}

async function startBroker() {
  const program = fileURLToPath(new URL('churn-probe.js', import.meta.url));
  const command = ['--expose-gc', program, 'serve', '--memory', '--port', '0', '--json'];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  process.on('exit', () => child.kill('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: /** @type {string} */ (JSON.parse(line).amqp) };
}

/**
 * @param {ChurnPeer[]} peers
 * @param {(peer: ChurnPeer) => Promise<void>} task
 */
async function inParts(peers, task) {
  for (let at = 0; at < peers.length; at += TOGETHER) {
    await Promise.all(peers.slice(at, at + TOGETHER).map(task));
  }
}

/**
 * One line of a table in Markdown; the head of it without counts.
 * @param {string} when
 * @param {Counts | undefined} counts
 */
function show(when, counts) {
  const heads = { rss: 'RSS, MiB', used: 'heap and buffers, MiB' };
  const cells = COLUMNS.map((name) => {
    if (counts === undefined) return heads[name] ?? name;
    return name === 'rss' || name === 'used' ? (counts[name] / 2 ** 20).toFixed(1) : String(counts[name]);
  });
  process.stdout.write(`| ${[when, ...cells].join(' | ')} |\n`);
  if (counts === undefined) process.stdout.write(`| --- |${' ---: |'.repeat(COLUMNS.length)}\n`);
}
