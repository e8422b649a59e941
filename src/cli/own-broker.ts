import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Failure } from './failure.ts';
import { Management } from './management.ts';

/** A broker of this package in a process of its own, with a data directory that is gone after it. */
export interface OwnBroker {
  readonly url: string;
  /** Its management HTTP API. */
  readonly http: string;
  /** Stops it as a signal does and starts it again at the same ports. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a broker on free ports of 127.0.0.1. */
export async function spawnOwnBroker(): Promise<OwnBroker> {
  const data = await mkdtemp(join(tmpdir(), 'leveret-'));
  let running = await spawnServe(data, '--port', '0', '--management-port', '0');
  const { url, http } = running;
  const stop = async (): Promise<void> => {
    running.child.kill('SIGTERM');
    await running.ended;
  };
  return {
    url,
    http,
    restart: async () => {
      const { now } = await new Management(http).get<{ readonly now: string }>(['clock']);
      await stop();
      const ports = ['--port', new URL(url).port, '--management-port', new URL(http).port];
      running = await spawnServe(data, ...ports, '--now', now);
    },
    stop: async () => {
      await stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

interface Serving {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly url: string;
  readonly http: string;
}

/** Its clock stands still until somebody lets it go. */
async function spawnServe(data: string, ...others: readonly string[]): Promise<Serving> {
  const program = process.argv[1] ?? '';
  const flags = [
    'serve',
    '--json',
    '--host',
    '127.0.0.1',
    '--clock',
    'manual',
    ...others,
    '--data',
    data,
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended,
  ])) as unknown[];
  if (typeof line !== 'string') throw new Failure('cannot-start', 'the broker to be judged did not start');
  const { amqp: url, management: http } = JSON.parse(line) as { amqp: string; management: string };
  return { child, ended, url, http };
}

/** Runs a shell command that restarts a broker; rejects when it ends with anything but 0. */
export function shellRestart(command: string): () => Promise<void> {
  return async () => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`'${command}' ended with ${String(code)}`);
  };
}
