import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/leveret.js', import.meta.url));

const LONGEST_RUN = 20_000; // milliseconds; nothing is left running behind a test that fails

/** What a finished command line left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that runs on. */
export interface Running {
  readonly process: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Resolves when standard output and standard error together contain the text. */
  shows(text: string): Promise<void>;
}

/** Starts the program; `input` is its standard input. */
export function start(url: string, args: readonly string[], input = ''): Running {
  const environment = { ...process.env, LEVERET_URL: url, NO_COLOR: '1' };
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: environment, timeout: LONGEST_RUN });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const outcome = Promise.all([code, text(child.stdout), text(child.stderr)]).then(
    ([exit, stdout, stderr]) => ({
      code: exit,
      stdout,
      stderr,
    }),
  );
  outcome.catch(() => undefined); // a test may destroy an output and never ask for the outcome
  let seen = '';
  const shows = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (chunk: Buffer | string): void => {
        seen += String(chunk);
        if (seen.includes(wanted)) resolve();
      };
      look('');
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.on('close', () => reject(new Error(`it ended without showing '${wanted}': ${seen}`)));
    });
  return { process: child, outcome, shows };
}

/** Runs the program to its end. */
export function run(url: string, args: readonly string[], input = ''): Promise<Outcome> {
  return start(url, args, input).outcome;
}

/** The objects a `--json` run printed. */
export function objects(printed: string): Record<string, unknown>[] {
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A name that no other test uses, so that the tests may share a broker. */
export function unique(name: string): string {
  return `cli-${randomUUID().slice(0, 8)}-${name}`;
}

/** A way to a broker that can be cut. */
export interface Detour {
  readonly url: string;
  /** Destroys the connections there are; new ones are let through. */
  cut(): void;
  close(): void;
}

/** Starts a TCP relay before the broker. */
export async function startDetour(target: string): Promise<Detour> {
  const { port, hostname } = new URL(target);
  const sockets = new Set<Socket>();
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const near = new URL(target);
  near.port = String((server.address() as AddressInfo).port);
  const close = (): void => {
    cut();
    server.close();
  };
  return { url: near.href, cut, close };
}
