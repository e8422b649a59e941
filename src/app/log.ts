import { createRequire } from 'node:module';
import type { Logger, pino } from 'pino';
import type { Log } from '../server/log.ts';
import { textLine } from './text-log.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `auto`: text on a terminal, else JSON. */
export const logFormats = ['auto', 'text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

/**
 * Lines on stderr: stdout belongs to what a person or a program asked for. What writes JSON is loaded with the first line
 * (20 ms), which most starts do without.
 */
export function createLog(level: LogLevel, format: LogFormat): Log {
  const isText = format === 'text' || (format === 'auto' && process.stderr.isTTY);
  let logger: Logger | undefined;
  const line = (severity: Exclude<LogLevel, 'silent'>): Log[typeof severity] => {
    if (logLevels.indexOf(severity) < logLevels.indexOf(level)) return () => undefined;
    if (isText)
      return (fields, event) => void process.stderr.write(textLine(new Date(), severity, fields, event));
    return (fields, event) => (logger ??= openLogger(level))[severity](fields, event);
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function openLogger(level: LogLevel): Logger {
  const { pino: create } = createRequire(import.meta.url)('pino') as { readonly pino: typeof pino };
  return create({ level, base: null }, create.destination({ dest: 2, sync: true }));
}
