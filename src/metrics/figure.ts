import type { Histogram } from '../broker/histogram.ts';

/** Names and values of labels. */
export type Labels = Readonly<Record<string, string>>;

/** What a metric is called, and what it means. */
export interface MetricName {
  /** Whole: `rabbitmq_queue_messages_ready`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary' | 'untyped';
  /** One sentence. */
  readonly help: string;
}

/** A number, and what of it is told. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A metric as it is at this moment. */
export interface Figure extends MetricName {
  readonly samples: readonly Sample[];
}

/** The same of what is counted by how large it is. */
export interface Distribution {
  readonly name: string;
  readonly type: 'histogram';
  readonly help: string;
  readonly histogram: Histogram;
  /** What its numbers are multiplied with to become those of the metric: 0.001 makes seconds of milliseconds. */
  readonly scale: number;
}

export function figure(
  name: string,
  type: MetricName['type'],
  help: string,
  samples: number | readonly Sample[],
): Figure {
  return { name, type, help, samples: typeof samples === 'number' ? [sample(samples)] : samples };
}

export function sample(value: number, labels: Labels = {}): Sample {
  return { labels, value };
}

/** As they stand between braces: `vhost="/",queue="orders"`. */
export function labelText(labels: Labels): string {
  let text = '';
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escaped(labels[name] as string)}"`;
  return text;
}

function escaped(value: string): string {
  return /["\\\n]/.test(value)
    ? value.replace(/["\\]/g, (character) => `\\${character}`).replaceAll('\n', '\\n')
    : value;
}

/** What stands above the samples of a metric. */
export function headText({ name, type, help }: MetricName | Distribution): string {
  return `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n`;
}

/** A sample, as a line. @param labels as `labelText` has them */
export function lineText(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`;
}

/** As the format writes it. */
export function numberText(value: number): string {
  if (Math.abs(value) === Infinity) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

/** A metric in Prometheus' text format. */
export function figureText(figure: Figure): string {
  const lines = figure.samples.map(({ labels, value }) => lineText(figure.name, labelText(labels), value));
  return headText(figure) + lines.join('');
}

/** Buckets hold what is in those before, too. */
export function distributionText(distribution: Distribution): string {
  const { name, scale, histogram } = distribution;
  let below = 0;
  let text = headText(distribution);
  for (const [at, count] of histogram.counts.entries()) {
    below += count;
    const bound = histogram.bounds[at];
    const le = bound === undefined ? '+Inf' : String(bound * scale);
    text += lineText(`${name}_bucket`, `le="${le}"`, below);
  }
  return text + lineText(`${name}_sum`, '', histogram.sum * scale) + lineText(`${name}_count`, '', below);
}
