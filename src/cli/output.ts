import { OutputClosed } from './failure.ts';

/**
 * Where a command writes. Results go to standard output, for people or as one JSON object per line; what a person
 * should know beside them goes to standard error.
 */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** Writes one result and waits until it is out: what was not shown must not be acknowledged. */
  async result(text: string, record: object): Promise<void> {
    await write(this.json ? JSON.stringify(record) : text);
  }

  /** Writes a remark to standard error. */
  note(text: string): void {
    process.stderr.write(`${this.json ? JSON.stringify({ note: text }) : text}\n`);
  }
}

function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(isClosed(error) ? new OutputClosed() : error);
    });
  });
}

function isClosed(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';
}

/** Dims text on a terminal that wants colour (https://no-color.org), and leaves it alone elsewhere. */
export function dim(text: string): string {
  const { NO_COLOR, TERM } = process.env as { NO_COLOR?: string; TERM?: string };
  const plain = !process.stdout.isTTY || (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
  return plain ? text : `\u001b[2m${text}\u001b[22m`;
}

/** `1 message`, `2 messages`. */
export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
