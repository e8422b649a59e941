import { createRequire } from 'node:module';
import type { Logger, pino } from 'pino';
import type { Log } from '../server/log.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * JSON lines on stderr: stdout belongs to what a person or a program asked for. What writes them is loaded with the first
 * line (20 ms), which most starts do without.
 */
export function createLog(level: LogLevel): Log {
  let logger: Logger | undefined;
  const line = (severity: Exclude<LogLevel, 'silent'>): Log[typeof severity] => {
    if (logLevels.indexOf(severity) < logLevels.indexOf(level)) return () => undefined;
    return (fields, event) => (logger ??= openLogger(level))[severity](fields, event);
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function openLogger(level: LogLevel): Logger {
  const { pino: create } = createRequire(import.meta.url)('pino') as { readonly pino: typeof pino };
  return create({ level, base: null }, create.destination({ dest: 2, sync: true }));
}
