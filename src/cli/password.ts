import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { Failure } from './failure.ts';

export interface PasswordOptions {
  readonly passwordFile?: string;
  /** False: without one. */
  readonly password?: string | false;
  readonly passwordHash?: string;
}

/** Adds the ways a password may be given. */
export function addPasswordOptions(command: Command): Command {
  return command
    .option(
      '--password <text>',
      'the password; other users of this machine may see it, and a shell remembers it',
    )
    .option(
      '--password-file <file>',
      'the first line of a file; - is standard input, which it is without any of these',
    )
    .option('--password-hash <text>', 'as definitions have it: base64 of salt and SHA-256')
    .option('--no-password', 'none: such a user can log in with a certificate only');
}

/**
 * What the management API is told of a password.
 * @throws {Failure} when it is said twice or empty
 */
export async function passwordFields(options: PasswordOptions): Promise<Readonly<Record<string, string>>> {
  const { password, passwordFile, passwordHash } = options;
  const given = [password, passwordFile, passwordHash].filter((one) => one !== undefined);
  if (given.length > 1)
    throw new Failure('usage', 'give one of --password, --password-file, --password-hash, --no-password');
  if (password === false) return { password_hash: '' };
  if (passwordHash !== undefined) return { password_hash: passwordHash };
  const said = typeof password === 'string' ? password : await readPassword(passwordFile ?? '-');
  if (said === '')
    throw new Failure('usage', 'the password is empty; --no-password makes a user without one');
  return { password: said };
}

async function readPassword(file: string): Promise<string> {
  if (file === '-' && process.stdin.isTTY) return askPassword();
  const text = file === '-' ? await readAll(process.stdin) : await readSecret(file);
  return (text.split('\n')[0] ?? '').replace(/\r$/, '');
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure('usage', `cannot read the password: ${(error as Error).message}`);
  }
}

/** On a terminal, without showing it. */
async function askPassword(): Promise<string> {
  process.stderr.write('password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const isOver = new AbortController(); // Ctrl-C, Ctrl-D
  terminal.once('SIGINT', () => isOver.abort()).once('close', () => isOver.abort());
  try {
    return await terminal.question('', { signal: isOver.signal });
  } catch {
    throw new Failure('interrupted', 'no password was given');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
