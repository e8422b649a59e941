import type { ManagementHost } from '../management/host.ts';
import { figure } from './figure.ts';
import type { Distribution, Figure, Labels } from './figure.ts';
import { distributions } from './own-figures.ts';
import { totalFigures } from './scrape.ts';

/** What is observed: opaque. */
type Instrument = object;

interface Observations {
  observe(instrument: Instrument, value: number, attributes?: Labels): void;
}

/** As much of OpenTelemetry's as is needed here: its package need not be there. */
interface Meter {
  createObservableCounter(name: string, options: { readonly description: string }): Instrument;
  createObservableGauge(name: string, options: { readonly description: string }): Instrument;
  addBatchObservableCallback(
    callback: (observations: Observations) => Promise<void>,
    instruments: Instrument[],
  ): void;
  removeBatchObservableCallback(
    callback: (observations: Observations) => Promise<void>,
    instruments: Instrument[],
  ): void;
}

/** A `MeterProvider` of OpenTelemetry. */
export interface MeterProvider {
  getMeter(name: string): Meter;
}

/**
 * Lets a provider read the figures of a broker whenever it collects metrics, by the names Prometheus has for them.
 * @returns what ends it
 */
export async function observe(provider: MeterProvider, host: ManagementHost): Promise<() => void> {
  const meter = provider.getMeter('leveret');
  const instruments = new Map<string, Instrument>();
  for (const { name, type, help: description } of await figuresOf(host)) {
    const instrument =
      type === 'counter'
        ? meter.createObservableCounter(name, { description })
        : meter.createObservableGauge(name, { description });
    instruments.set(name, instrument);
  }
  const collect = async (observations: Observations): Promise<void> => {
    for (const { name, samples } of await figuresOf(host)) {
      const instrument = instruments.get(name);
      if (instrument === undefined) continue;
      for (const { labels, value } of samples) observations.observe(instrument, value, labels);
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(collect, all);
  return () => meter.removeBatchObservableCallback(collect, all);
}

/** Of distributions what can be observed from outside: how many there were, and their sum. */
async function figuresOf(host: ManagementHost): Promise<Figure[]> {
  return [...(await totalFigures(host)), ...distributions(host).flatMap(sumAndCount)];
}

function sumAndCount({ name, help, histogram, scale }: Distribution): Figure[] {
  const count = histogram.counts.reduce((sum, one) => sum + one, 0);
  return [
    figure(`${name}_sum`, 'counter', `${help}: the sum`, histogram.sum * scale),
    figure(`${name}_count`, 'counter', `${help}: how many`, count),
  ];
}
