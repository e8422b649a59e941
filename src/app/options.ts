import { totalmem } from 'node:os';
import { logFormats, logLevels } from './log.ts';
import { ClockError, momentOf } from './moments.ts';
import type { LogFormat, LogLevel } from './log.ts';
import type { FirstFaults } from './fault-file.ts';

/** A mistake in the options, in one sentence for the person who made it. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

const clockModes = ['real', 'manual'] as const;
export type ClockMode = (typeof clockModes)[number];

/** How a broker is run. */
export interface BrokerOptions {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 picks a free one, false is none. */
  readonly port: number | false;
  /** Data directory; undefined keeps everything in memory. */
  readonly data: string | undefined;
  readonly logLevel: LogLevel;
  /** How its lines are written on stderr: `auto` is text on a terminal and JSON elsewhere. */
  readonly logFormat: LogFormat;
  /** Bytes of messages on disk that are also kept in memory. */
  readonly memoryLimit: number;
  /** The largest message, in bytes. */
  readonly maxMessageSize: number;
  /** How long a delivery may stay unacked, in milliseconds; Infinity: as long as its channel is open. */
  readonly consumerTimeout: number;
  /** Bytes of memory of the process from which on publishers are blocked; Infinity: never. */
  readonly memoryHigh: number;
  /** Bytes free on the disk of `data` below which publishers are blocked; 0: never. */
  readonly diskFreeLimit: number;
  /** Connections open at a time. */
  readonly maxConnections: number;
  /** Channels of a connection. */
  readonly maxChannels: number;
  readonly maxConsumersPerChannel: number;
  /** Queues of all vhosts together. */
  readonly maxQueues: number;
  /** `real` goes as the host's clock does, `manual` stands still until it is moved. */
  readonly clock: ClockMode;
  /** What time it is when the broker starts, in milliseconds since the epoch; undefined: what the host's clock says. */
  readonly now?: number | undefined;
  /** Serve the management HTTP API. */
  readonly management: boolean;
  /** Port of the management HTTP API; 0 picks a free one, undefined is 10000 above `port`, as 15672 is above 5672. */
  readonly managementPort?: number | undefined;
  /** Address the management HTTP API listens on; undefined: `host`. */
  readonly managementHost?: string | undefined;
  /** Serve the management HTTP API with TLS only, with the certificate of `tlsCert`. */
  readonly managementTls: boolean;
  /** Port on which anybody may read metrics in Prometheus' format; 0 picks a free one, undefined is none. */
  readonly metricsPort?: number | undefined;
  /** Address to listen on for those who read metrics; undefined: `host`. */
  readonly metricsHost?: string | undefined;
  /** A file in RabbitMQ's format that is imported at every start, or what would be in it. */
  readonly definitions?: string | object | undefined;
  /**
   * What the broker does wrong from the start, or a JSON file with it, or `allow`; with any of them faults may be asked for
   * over HTTP.
   */
  readonly faults?: string | FirstFaults | undefined;
  /** Port to listen on with TLS; 0 picks a free one, undefined is none. */
  readonly tlsPort?: number | undefined;
  /** Address to listen on with TLS; undefined: `host`. */
  readonly tlsHost?: string | undefined;
  /** Files in PEM: certificate, private key, and who signs the certificates of clients. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsCa?: string | undefined;
  /** Refuse clients without a certificate. */
  readonly tlsRequireCert?: boolean | undefined;
}

type Value = string | number | boolean;

/** One option, declared once: file, environment and flags follow from it. */
export interface OptionRow {
  /** As in a file; `--kebab-case` as a flag, `LEVERET_UPPER_CASE` in the environment. */
  readonly name: string;
  /** What stands for its value in help; undefined for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly fallback?: Value;
  /** A switch that is on unless it is turned off: `--no-kebab-case` as a flag. */
  readonly isOn?: boolean;
  /** Turns text or JSON into the value. @throws {OptionError} */
  read(value: Value, label: string): Value;
}

export const optionRows: readonly OptionRow[] = [
  { name: 'host', value: 'ADDRESS', help: 'address to listen on', fallback: '127.0.0.1', read: readText },
  {
    name: 'port',
    value: 'PORT',
    help: 'port to listen on, 0 for a free one',
    fallback: 5672,
    read: integer(0, 65_535),
  },
  {
    name: 'data',
    value: 'DIR',
    help: 'keep durable things in this directory',
    fallback: 'leveret-data',
    read: readText,
  },
  {
    name: 'memory',
    help: 'keep everything in memory and forget it at the end',
    fallback: false,
    read: readSwitch,
  },
  { name: 'json', help: 'print one line of JSON when ready', fallback: false, read: readSwitch },
  {
    name: 'logLevel',
    value: 'LEVEL',
    help: `how much to log on stderr: ${logLevels.join(', ')}`,
    fallback: 'warn',
    read: oneOf(logLevels),
  },
  {
    name: 'logFormat',
    value: 'FORMAT',
    help: 'how log lines are written: text, json, or auto, which is text on a terminal',
    fallback: 'auto',
    read: oneOf(logFormats),
  },
  {
    name: 'memoryLimit',
    value: 'BYTES',
    help: 'bytes of messages on disk that are also kept in memory',
    fallback: 64 * 1024 * 1024,
    read: integer(0, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'maxMessageSize',
    value: 'BYTES',
    help: 'the largest message that is accepted, in bytes',
    fallback: 16 * 1024 * 1024,
    read: integer(1, 536_870_912),
  },
  {
    name: 'consumerTimeout',
    value: 'MS',
    help: 'how long a delivery may stay unacked before its channel is closed, in milliseconds, or off',
    fallback: 1_800_000,
    read: orOff(integer(1, Number.MAX_SAFE_INTEGER)),
  },
  {
    name: 'memoryHigh',
    value: 'BYTES',
    help: 'memory of the process from which on publishers are blocked: bytes, a share of what the system has, or off',
    fallback: '60%',
    read: orOff(readShareOfMemory),
  },
  {
    name: 'diskFreeLimit',
    value: 'BYTES',
    help: 'bytes free on the disk of the data below which publishers are blocked, 0 for never',
    fallback: 50_000_000,
    read: integer(0, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'maxConnections',
    value: 'N',
    help: 'connections that may be open at a time, or off',
    fallback: 'off',
    read: orOff(integer(1, Number.MAX_SAFE_INTEGER)),
  },
  {
    name: 'maxChannels',
    value: 'N',
    help: 'channels a connection may have',
    fallback: 2047,
    read: integer(1, 65_535),
  },
  {
    name: 'maxConsumersPerChannel',
    value: 'N',
    help: 'consumers a channel may have, or off',
    fallback: 'off',
    read: orOff(integer(1, Number.MAX_SAFE_INTEGER)),
  },
  {
    name: 'maxQueues',
    value: 'N',
    help: 'queues there may be in all vhosts together, or off',
    fallback: 'off',
    read: orOff(integer(1, Number.MAX_SAFE_INTEGER)),
  },
  {
    name: 'clock',
    value: 'MODE',
    help: 'real, or manual: stands still until it is moved, with `leveret clock` or over HTTP',
    fallback: 'real',
    read: oneOf(clockModes),
  },
  {
    name: 'now',
    value: 'TIME',
    help: "what time it is at the start, as in 2026-05-01T10:00:00Z, if not what the host's clock says",
    read: readMoment,
  },
  {
    name: 'management',
    isOn: true,
    help: 'do without the management HTTP API',
    fallback: true,
    read: readSwitch,
  },
  {
    name: 'managementPort',
    value: 'PORT',
    help: 'port of the management HTTP API, 0 for a free one; usual is 15672, and 10000 above any other --port',
    read: integer(0, 65_535),
  },
  {
    name: 'managementHost',
    value: 'ADDRESS',
    help: 'address the management HTTP API listens on, if not that of --host',
    read: readText,
  },
  {
    name: 'managementTls',
    help: 'serve the management HTTP API with TLS only, with the certificate of --tls-cert',
    fallback: false,
    read: readSwitch,
  },
  {
    name: 'metricsPort',
    value: 'PORT',
    help: 'port on which anybody may read metrics for Prometheus, 0 for a free one; usual is 15692',
    read: integer(0, 65_535),
  },
  {
    name: 'metricsHost',
    value: 'ADDRESS',
    help: 'address the port of metrics listens on, if not that of --host',
    read: readText,
  },
  {
    name: 'definitions',
    value: 'FILE',
    help: 'import users, vhosts, queues ... from a JSON file as RabbitMQ exports it',
    read: readText,
  },
  {
    name: 'faults',
    value: 'FILE|allow',
    help: 'let it be asked over HTTP to misbehave (docs/faults.md), from the start as a JSON file says, or allow',
    read: readText,
  },
  {
    name: 'tlsPort',
    value: 'PORT',
    help: 'port to listen on with TLS, 0 for a free one; usual is 5671',
    read: integer(0, 65_535),
  },
  {
    name: 'tlsHost',
    value: 'ADDRESS',
    help: 'address to listen on with TLS, if not that of --host',
    read: readText,
  },
  { name: 'tlsCert', value: 'FILE', help: "the server's certificate and its chain, PEM", read: readText },
  { name: 'tlsKey', value: 'FILE', help: 'the private key of the certificate, PEM', read: readText },
  {
    name: 'tlsCa',
    value: 'FILE',
    help: 'who signs the certificates of clients, PEM; without it clients are not asked for one',
    read: readText,
  },
  {
    name: 'tlsRequireCert',
    help: 'refuse TLS clients without a certificate',
    fallback: false,
    read: readSwitch,
  },
];

function readText(value: Value, label: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new OptionError(`${label} needs a text, got ${JSON.stringify(value)}`);
}

function readSwitch(value: Value, label: string): boolean {
  const known: Record<string, boolean> = { true: true, false: false, '1': true, '0': false };
  const read = known[String(value)];
  if (read !== undefined) return read;
  throw new OptionError(`${label} is true or false, got ${JSON.stringify(value)}`);
}

function integer(least: number, most: number): OptionRow['read'] {
  return (value, label) => {
    const number = typeof value === 'number' ? value : /^\d+$/.test(String(value)) ? Number(value) : NaN;
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new OptionError(
      `${label} is a whole number from ${least} to ${most}, got ${JSON.stringify(value)}`,
    );
  };
}

/** `off` and 0 are no limit, which is Infinity. */
function orOff(read: OptionRow['read']): OptionRow['read'] {
  return (value, label) => (['off', '0', 'Infinity'].includes(String(value)) ? Infinity : read(value, label));
}

/** Bytes, or so many hundredths of what the system, or the container, has. */
function readShareOfMemory(value: Value, label: string): number {
  const share = /^(\d+)%$/.exec(String(value))?.[1];
  if (share !== undefined && Number(share) >= 1 && Number(share) <= 100) {
    return Math.floor((systemMemory() * Number(share)) / 100);
  }
  const bytes = Number(value);
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw new OptionError(
    `${label} is a number of bytes, a share of memory from 1% to 100%, or off, got ${JSON.stringify(value)}`,
  );
}

function systemMemory(): number {
  const constrained = process.constrainedMemory() ?? 0;
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

function oneOf(values: readonly string[]): OptionRow['read'] {
  return (value, label) => {
    if (values.some((one) => one === value)) return value;
    throw new OptionError(`${label} is one of ${values.join(', ')}, got ${JSON.stringify(value)}`);
  };
}

function readMoment(value: Value, label: string): number {
  try {
    return momentOf(typeof value === 'boolean' ? String(value) : value);
  } catch (error) {
    if (error instanceof ClockError) throw new OptionError(`${label}: ${error.message}`);
    throw error;
  }
}

/** `logLevel` as `--log-level`, a switch that is on as `--no-...`. */
export function flagOf({ name, isOn = false }: OptionRow): string {
  return `--${isOn ? 'no-' : ''}${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `logLevel` as `LEVERET_LOG_LEVEL`. */
export function variableOf({ name }: OptionRow): string {
  return `LEVERET_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

export type OptionValues = Record<string, Value>;

/** Where the value of an option is from, the nearest first. */
const sources = ['flag', 'environment', 'file', 'default'] as const;
export type OptionSource = (typeof sources)[number];

/** All options, and where each is from. */
export interface ResolvedOptions {
  readonly values: OptionValues;
  readonly sources: ReadonlyMap<string, OptionSource>;
}

/**
 * Puts the sources together: a flag beats the environment, the environment beats the file, the file beats the default.
 * @throws {OptionError} naming the option and where it came from
 */
export function resolveOptions(
  flags: OptionValues,
  environment: NodeJS.ProcessEnv,
  file: OptionValues,
): ResolvedOptions {
  const merged: OptionValues = {};
  const nearest = new Map<string, OptionSource>();
  for (const row of optionRows) {
    const said = {
      flag: { value: flags[row.name], label: flagOf(row) },
      environment: { value: environment[variableOf(row)], label: variableOf(row) },
      file: { value: file[row.name], label: `"${row.name}" in the configuration` },
      default: { value: row.fallback, label: 'the default' },
    };
    const source = sources.find((one) => said[one].value !== undefined);
    if (source === undefined) continue;
    const { value, label } = said[source];
    if (value === undefined) continue;
    merged[row.name] = row.read(value, label);
    nearest.set(row.name, source);
  }
  return { values: chooseStore(merged, nearest), sources: nearest };
}

/** The same, for who only wants to know what they are. */
export function mergeOptions(...parts: Parameters<typeof resolveOptions>): OptionValues {
  return resolveOptions(...parts).values;
}

/** `--memory` and `--data` exclude each other where they are said in the same place; else the nearer one wins. */
function chooseStore(merged: OptionValues, nearest: ReadonlyMap<string, OptionSource>): OptionValues {
  if (merged['memory'] !== true) return merged;
  const [memory, data] = ['memory', 'data'].map((name) => sources.indexOf(nearest.get(name) ?? 'flag'));
  if (memory === data) throw new OptionError('--memory and --data exclude each other: choose one');
  if (Number(data) < Number(memory)) return { ...merged, memory: false };
  const { data: _dropped, ...rest } = merged;
  return rest;
}
