import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Processor time of all threads of a process so far, in microseconds; undefined where /proc does not tell. */
export function cpuOf(/** @type {number | undefined} */ pid) {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // the command's name may hold anything, so count from the parenthesis that ends it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond();
}

/** Resident memory of a process in octets. */
export function rssOf(/** @type {number | undefined} */ pid) {
  const kilobytes = readProc(pid, 'status')?.match(/^VmRSS:\s+(\d+) kB/m)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Processor time of this process so far, in microseconds. */
export function ownCpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * @param {number | undefined} pid
 * @param {string} file
 */
function readProc(pid, file) {
  if (pid === undefined) return undefined;
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** @type {number | undefined} */
let ticks;

function ticksPerSecond() {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks;
}
