import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A broker in a process of its own, from `dist`. */
export interface BrokerProcess {
  readonly url: string;
  readonly port: number;
  /** The management API; empty without it. */
  readonly http: string;
  readonly pid: number;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Sends a signal and resolves with the exit code, or the signal that ended it. */
  kill(signal: NodeJS.Signals): Promise<number | string>;
}

interface Announcement {
  readonly amqp: string;
  readonly management?: string;
  readonly pid: number;
}

const BIN = fileURLToPath(new URL('../../bin/leveret.js', import.meta.url));

/** Starts `leveret serve` with these arguments and resolves when it accepts connections. */
export async function spawnBroker(...args: string[]): Promise<BrokerProcess> {
  const child = spawn(process.execPath, [BIN, 'serve', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line') as Promise<[string]>, exited]);
  if (typeof first[0] !== 'string') throw new Error(`the broker ended with ${String(first[0])}`);
  const { amqp: url, management: http = '', pid } = JSON.parse(first[0]) as Announcement;
  const ended = exited.then(([code, by]) => code ?? by ?? 0);
  const kill = (signal: NodeJS.Signals): Promise<number | string> => {
    child.kill(signal);
    return ended;
  };
  return { url, port: Number(new URL(url).port), http, pid, ended, kill };
}
