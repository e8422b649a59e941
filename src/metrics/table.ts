import { Breather } from '../management/breather.ts';
import type { ManagementHost } from '../management/host.ts';
import { channelKind, connectionKind } from './client-families.ts';
import { exchangeKind } from './exchange-families.ts';
import type { Cell, Column, Kind, Sums } from './family.ts';
import { figure, headText, labelText, numberText } from './figure.ts';
import type { Figure, Labels } from './figure.ts';
import { queueKind } from './queue-families.ts';

/** Things that are told of, or added up, before others may get their turn: less than a millisecond. */
const AT_ONCE = 256;

/** Which metrics of which things are wanted. */
export interface Choice {
  isFamily(name: string): boolean;
  isVhost(name: string): boolean;
  /** What stands between `rabbitmq_` or `leveret_` and the rest of a name. */
  readonly infix: string;
}

/** Things of one kind with their metrics. */
interface Table {
  /** Metrics of all of them together. */
  totals(host: ManagementHost, sums: Sums): Promise<Figure[]>;
  /** Those of each: as text, in pieces. */
  texts(host: ManagementHost, choice: Choice): Generator<string>;
}

export const tables: readonly Table[] = [
  tableOf(queueKind),
  tableOf(channelKind),
  tableOf(connectionKind),
  tableOf(exchangeKind),
];

function tableOf<T>(kind: Kind<T>): Table {
  return {
    totals: (host, sums) => totals(kind, host, sums),
    texts: (host, choice) => texts(kind, host, choice),
  };
}

async function totals<T>(kind: Kind<T>, host: ManagementHost, sums: Sums): Promise<Figure[]> {
  const families = kind.families.filter(({ isPart = false }) => !isPart);
  const added = families.filter(({ whole }) => whole === undefined).flatMap(({ columns }) => columns);
  const values = await addUp(
    added.flatMap(({ cells }) => cells),
    kind.subjects(host, () => true),
  );
  const counted = families.flatMap(({ columns, whole }) =>
    whole === undefined ? [] : figuresOf(columns, whole(sums)),
  );
  return [...figuresOf(added, values), ...counted];
}

/** The value of each cell, of all things together. */
async function addUp<T>(cells: readonly Cell<T>[], subjects: readonly T[]): Promise<readonly number[]> {
  const sums = cells.map(() => 0);
  const breather = new Breather();
  for (const [n, subject] of subjects.entries()) {
    for (const [at, cell] of cells.entries()) sums[at] = (sums[at] as number) + (cell.of(subject) || 0);
    if (n % AT_ONCE === 0 && breather.isDue) await breather.rest();
  }
  return sums;
}

/** @param values of the cells of all columns, one after the other */
function figuresOf<T>(columns: readonly Column<T>[], values: readonly number[]): Figure[] {
  let at = 0;
  return columns.flatMap(({ owner, name, type, help, cells, isAlone }) => {
    const samples = cells.map(({ labels }) => ({
      labels: typeof labels === 'function' ? {} : labels,
      value: values[at++] || 0,
    }));
    return isAlone ? [] : [figure(`${owner}_${name}`, type, help, samples)];
  });
}

function* texts<T>(kind: Kind<T>, host: ManagementHost, choice: Choice): Generator<string> {
  const families = kind.families.filter(({ name }) => choice.isFamily(name));
  if (families.length === 0) return;
  const all: Labelled<T>[] = [];
  for (const subject of kind.subjects(host, (vhost) => choice.isVhost(vhost))) {
    all.push({ subject, labels: kind.labels(subject) });
    if (all.length % AT_ONCE === 0) yield '';
  }
  const told = new Set<string>();
  for (const { columns, has } of families) {
    const those = has === undefined ? all : all.filter(({ subject }) => has(subject));
    for (const column of columns) {
      if (told.has(column.name)) continue;
      told.add(column.name);
      yield* columnTexts(column, choice, those);
    }
  }
}

/** A thing, and what stands between the braces of all its lines. */
interface Labelled<T> {
  readonly subject: T;
  readonly labels: string;
}

/** A metric of each thing, some of them at a time. */
function* columnTexts<T>(
  { owner, name: rest, type, help, cells }: Column<T>,
  { infix }: Choice,
  all: readonly Labelled<T>[],
): Generator<string> {
  const name = `${owner}_${infix}${rest}`;
  yield headText({ name, type, help });
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const some = all.slice(from, from + AT_ONCE);
    for (const cell of cells) yield cellText(name, cell, some);
  }
}

/**
 * A line for each thing. Neighbours mostly have the same value, and then their lines differ only in what is between the
 * braces: to join those takes a third of the time of putting every line together by itself.
 */
function cellText<T>(name: string, cell: Cell<T>, all: readonly Labelled<T>[]): string {
  const { labels: more } = cell;
  let text = '';
  let run: string[] = [];
  let runLabels: Labels = NO_LABELS;
  let runValue = NaN;
  for (const { subject, labels } of all) {
    const value = cell.of(subject);
    const also = typeof more === 'function' ? more(subject) : more;
    if (value !== runValue || also !== runLabels) {
      text += runText(name, run, runLabels, runValue);
      run = [];
      runLabels = also;
      runValue = value;
    }
    if (!Number.isNaN(value)) run.push(labels);
  }
  return text + runText(name, run, runLabels, runValue);
}

const NO_LABELS: Labels = {};

function runText(name: string, run: readonly string[], labels: Labels, value: number): string {
  if (run.length === 0) return '';
  const more = labelText(labels);
  const end = `${more === '' ? '' : `,${more}`}} ${numberText(value)}\n`;
  return `${name}{${run.join(`${end}${name}{`)}${end}`;
}
