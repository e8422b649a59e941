import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Processor time so far, in microseconds, of all threads of a process and of the children it has.
 * @param {number | undefined} pid
 * @returns {{ user: number, system: number } | undefined} undefined where /proc does not tell
 */
export function cpuOf(pid) {
  const all = processesOf(pid).map((id) => ownCpuOf(id));
  if (all[0] === undefined) return undefined;
  return {
    user: all.reduce((sum, cpu) => sum + (cpu?.user ?? 0), 0),
    system: all.reduce((sum, cpu) => sum + (cpu?.system ?? 0), 0),
  };
}

/**
 * Resident memory of a process and its children, in octets.
 * @param {number | undefined} pid
 */
export function rssOf(pid) {
  const all = processesOf(pid).map((id) => readProc(id, 'status')?.match(/^VmRSS:\s+(\d+) kB/m)?.[1]);
  if (all[0] === undefined) return undefined;
  return all.reduce((sum, kilobytes) => sum + Number(kilobytes ?? 0) * 1024, 0);
}

/** Processor time of this process so far, in microseconds. */
export function ownCpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * What a directory takes on its disk, in octets; files that come and go meanwhile do not matter.
 * @param {string} directory
 * @returns {number}
 */
export function diskOf(directory) {
  let octets = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    try {
      if (entry.isDirectory()) octets += diskOf(path);
      else if (entry.isFile()) octets += statSync(path).blocks * 512;
    } catch {
      // deleted since the directory was read
    }
  }
  return octets;
}

/** @param {number} pid */
function ownCpuOf(pid) {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // the command's name may hold anything, so count from the parenthesis that ends it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const microseconds = 1e6 / ticksPerSecond();
  return { user: Number(fields[11]) * microseconds, system: Number(fields[12]) * microseconds };
}

/**
 * @param {number | undefined} pid
 * @returns {number[]} it and all below it
 */
function processesOf(pid) {
  if (pid === undefined) return [];
  const children = readProc(pid, `task/${pid}/children`)?.trim().split(' ') ?? [];
  return [pid, ...children.filter((id) => id !== '').flatMap((id) => processesOf(Number(id)))];
}

/**
 * @param {number} pid
 * @param {string} file
 */
function readProc(pid, file) {
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
