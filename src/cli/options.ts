import { InvalidArgumentError, Option, type Command } from 'commander';
import { Failure } from './failure.ts';
import { addField, FIELD_HELP, type FieldTable } from './fields.ts';
import { parseDuration, parseSize } from './units.ts';

/** What every command that speaks to a broker is given. */
export interface ConnectionOptions {
  readonly url: string;
  readonly timeout: number;
  /** A file with who signs the certificate of an amqps:// broker. */
  readonly ca?: string;
  readonly insecure?: true;
  readonly json?: true;
}

/** Adds `--url`, `--ca`, `--insecure`, `--timeout` and `--json`. */
export function addConnectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--url <amqp-url>', 'the broker: amqp://user:password@host:port/vhost')
        .env('LEVERET_URL')
        .default('amqp://localhost'),
    )
    .option('--ca <file>', 'who signs the certificate of an amqps:// broker, PEM')
    .option('--insecure', 'take any certificate of an amqps:// broker')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the connection')
        .argParser(positiveDuration)
        .default(10_000, '10s'),
    )
    .option('--json', 'print one JSON object per line');
}

/** Adds `--argument`, which may be given several times. */
export function addArgumentOption(command: Command, example: string): Command {
  return command.option(
    '--argument <name=value>',
    `an argument for the broker, for example ${example}; may be repeated (${FIELD_HELP})`,
    field,
  );
}

/** Parsers for `command.option()`: a value that is wrong is reported with the option it was given to. */
export const duration = parser(parseDuration);
export const size = parser(parseSize);
export const count = parser((text) => whole(text, 1, Number.MAX_SAFE_INTEGER));
export const octet = parser((text) => whole(text, 0, 255));
export const prefetch = parser((text) => whole(text, 1, 65_535));
export const limit = parser((text) => whole(text, 0, Number.MAX_SAFE_INTEGER));
export const field = (text: string, previous?: FieldTable): FieldTable =>
  parser((value) => addField(value, previous))(text);

const positiveDuration = parser((text) => {
  const milliseconds = parseDuration(text);
  if (milliseconds > 0) return milliseconds;
  throw new Failure('usage', `'${text}' is too short a time: write for example 10s`);
});

/** Adds a value to those given before: for an option that may be repeated. */
export function collect(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

function whole(text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  throw new Failure('usage', `'${text}' is not a whole number ${range}`);
}

/** Makes a parser for `command.option()` and `command.argument()` of one that throws a `Failure`. */
export function parser<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof Failure) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}
