import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { cases, judge, topics } from '../../spec/index.ts';
import type { Case, Result, Verdict } from '../../spec/index.ts';
import { startTestBroker } from '../support/broker.ts';

/** The whole suite side by side, so a case may wait for its turn, in milliseconds. */
const TIMEOUT = 180_000;

/** The result of every case, as soon as there is one. */
class Results {
  readonly #known = new Map<Case, Result>();
  readonly #awaited = new Map<Case, (result: Result) => void>();

  add(result: Result): void {
    this.#known.set(result.case, result);
    this.#awaited.get(result.case)?.(result);
  }

  of(one: Case): Result | Promise<Result> {
    return this.#known.get(one) ?? new Promise((resolve) => this.#awaited.set(one, resolve));
  }
}

const results = new Results();
let verdict: Promise<Verdict>;
let stop = async (): Promise<void> => {};

beforeAll(async () => {
  const data = await mkdtemp(join(tmpdir(), 'leveret-conformance-'));
  let broker = await startTestBroker({ data, management: true });
  stop = async () => {
    await broker.stop();
    await rm(data, { recursive: true });
  };
  const { url, port, managementUrl: http = '' } = broker;
  const managementPort = Number(new URL(http).port);
  const restart = async (): Promise<void> => {
    await broker.stop();
    broker = await startTestBroker({ data, port, managementPort });
  };
  verdict = judge({ url, http, restart, cases, onResult: (result) => results.add(result) });
});

afterAll(async () => {
  await verdict;
  await stop();
}, TIMEOUT);

describe.each(topics)('$title', (topic) => {
  for (const one of topic.cases) {
    test(one.name, { timeout: TIMEOUT }, async ({ skip }) => {
      const { outcome, reason, error } = await Promise.race([results.of(one), refusal()]);
      if (outcome === 'skipped') skip(reason);
      if (outcome === 'failed') throw error ?? new Error('failed');
    });
  }
});

/** Rejects when the suite as a whole could not run. */
async function refusal(): Promise<never> {
  await verdict;
  return new Promise(() => {});
}
