import type { Result, Verdict } from './judge.ts';

type Outcome = Result['outcome'];
export type Counts = Readonly<Record<Outcome, number>>;

export interface CaseReport {
  readonly topic: string;
  readonly name: string;
  readonly rules: readonly string[];
  readonly outcome: Outcome;
  /** Why it was skipped, or how it failed. */
  readonly reason?: string;
  readonly ms: number;
}

/** What a run found, as it is written to a file. */
export interface Report {
  /** `RabbitMQ 4.3.6`; `Leveret 0.1.0 (as RabbitMQ 4.2.0)`. */
  readonly broker: string;
  readonly product: string;
  readonly version: string;
  readonly platform: string;
  readonly seconds: number;
  readonly counts: Counts;
  readonly cases: readonly CaseReport[];
}

/** A report from a verdict, its cases in the order in which the suite has them. */
export function reportOf({ broker, results, ms }: Verdict, order: readonly Result['case'][]): Report {
  const { title, product, version, platform } = broker;
  const place = new Map(order.map((one, index) => [one, index]));
  const sorted = [...results].sort((a, b) => (place.get(a.case) ?? 0) - (place.get(b.case) ?? 0));
  const cases = sorted.map(caseReport);
  const seconds = Math.round(ms / 100) / 10;
  return { broker: title, product, version, platform, seconds, counts: count(cases), cases };
}

/** One result as it is written to a file. */
export function caseReport(result: Result): CaseReport {
  const { topic, name, rules } = result.case;
  const reason = result.reason ?? result.error?.message;
  const ms = Math.round(result.ms);
  return { topic, name, rules, outcome: result.outcome, ...(reason === undefined ? {} : { reason }), ms };
}

/** How many cases passed, failed and were skipped. */
export function count(cases: readonly Pick<CaseReport, 'outcome'>[]): Counts {
  const counts: Record<Outcome, number> = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of cases) counts[outcome]++;
  return counts;
}

/** The names of skipped cases by the reason. */
export function skipsByReason(cases: readonly CaseReport[]): ReadonlyMap<string, readonly CaseReport[]> {
  const byReason = new Map<string, CaseReport[]>();
  for (const one of cases) {
    if (one.outcome !== 'skipped') continue;
    const reason = one.reason ?? '';
    byReason.set(reason, [...(byReason.get(reason) ?? []), one]);
  }
  return byReason;
}
