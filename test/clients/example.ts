import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { within } from './programs.ts';

/** How long a process may take to start and say something, on a machine with much else to do. */
const PATIENCE_MS = 20_000;

const PRELOAD = new URL('./port-5672.js', import.meta.url).href;

/** A program as its library's package brings it along, in a process of its own: it believes that the broker listens on 5672. */
export class Example {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exited: Promise<unknown[]>;
  #output = '';

  constructor(port: number, file: string, ...args: string[]) {
    this.#child = spawn(process.execPath, ['--import', PRELOAD, file, ...args], {
      env: { ...process.env, LEVERET_TEST_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  /** Resolves when the text was printed so often. */
  async prints(text: string, times = 1): Promise<this> {
    const printed = async (): Promise<void> => {
      while (this.#output.split(text).length <= times) await once(this.#child.stdout, 'data');
    };
    await within(printed(), `"${text}" in the output`, PATIENCE_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${this.#output}`);
    });
    return this;
  }

  /** Resolves with all that was printed when the example has ended by itself. */
  async ends(): Promise<string> {
    await within(this.#exited, 'the end', PATIENCE_MS);
    return this.#output;
  }

  /** Ctrl-C, which the examples answer with an orderly close. */
  async interrupt(): Promise<string> {
    this.#child.kill('SIGINT');
    return this.ends();
  }
}
