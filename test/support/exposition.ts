/** A sample of Prometheus' text format. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What was scraped, as Prometheus would understand it. */
export class Scraped {
  readonly samples: readonly ScrapedSample[];
  /** By the names of metrics. */
  readonly types: ReadonlyMap<string, string>;

  /** @throws {Error} naming the line that is not as the format wants it, or is there twice */
  constructor(text: string) {
    const samples: ScrapedSample[] = [];
    const types = new Map<string, string>();
    const seen = new Set<string>();
    let current = '';
    if (!text.endsWith('\n')) throw new Error('the last line has no end');
    for (const line of text.split('\n').slice(0, -1)) {
      const head = /^# (TYPE|HELP) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
      if (head?.[1] === 'TYPE') {
        current = head[2] as string;
        if (types.has(current)) throw new Error(`a second time: ${line}`);
        types.set(current, head[3] as string);
      }
      if (head !== null) continue;
      const sample = parse(line);
      if (!sample.name.startsWith(current)) throw new Error(`not of ${current}: ${line}`);
      const key = line.slice(0, line.lastIndexOf(' '));
      if (seen.has(key)) throw new Error(`a second time: ${line}`);
      seen.add(key);
      samples.push(sample);
    }
    this.samples = samples;
    this.types = types;
  }

  /** The value of the one sample with this name and, among others, these labels. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    if (found.length > 1) throw new Error(`${found.length} samples of ${name} are meant`);
    return found[0]?.value;
  }

  /** The names of labels of the samples with this name; undefined when there is none. */
  labelsOf(name: string): string[] | undefined {
    const sample = this.samples.find((one) => one.name === name);
    return sample && Object.keys(sample.labels);
  }
}

function parse(line: string): ScrapedSample {
  const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  const value = parts?.[3]?.replace('Inf', 'Infinity');
  if (
    parts === null ||
    value === undefined ||
    value === '' ||
    (value !== 'NaN' && Number.isNaN(Number(value)))
  ) {
    throw new Error(`no sample: ${line}`);
  }
  return { name: parts[1] as string, labels: parseLabels(parts[2] ?? ''), value: Number(value) };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const pair = /([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y;
  while (pair.lastIndex < text.length) {
    const found = pair.exec(text);
    if (found === null) throw new Error(`no labels: ${text}`);
    labels[found[1] as string] = (found[2] as string).replace(/\\(.)/g, (_, c: string) =>
      c === 'n' ? '\n' : c,
    );
  }
  return labels;
}
