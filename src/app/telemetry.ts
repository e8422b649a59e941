import type { ManagementHost } from '../management/host.ts';
import type { MeterProvider } from '../metrics/telemetry.ts';
import { OptionError } from './options.ts';

/**
 * Gives OpenTelemetry metrics, if that is asked for.
 * @returns what ends it
 * @throws {OptionError} when its package is not there
 */
export async function startTelemetry(
  asked: boolean | MeterProvider,
  host: ManagementHost,
): Promise<() => void> {
  if (asked === false) return () => undefined;
  const provider = asked === true ? await globalProvider() : asked;
  const { observe } = await import('../metrics/telemetry.ts'); // loaded here: few have use for it
  return observe(provider, host);
}

/** The one that the program has set before. */
async function globalProvider(): Promise<MeterProvider> {
  try {
    const { metrics } = await import('@opentelemetry/api');
    return metrics.getMeterProvider();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new OptionError('"telemetry" needs @opentelemetry/api: npm install @opentelemetry/api');
  }
}
