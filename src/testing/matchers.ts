import { isDeepStrictEqual } from 'node:util';
import type { MessageView, Moment } from '../index.ts';
import { countDeaths, deathsOf, describeExpected, matching } from './dead-letters.ts';
import type { DeadLetterSource, ExpectedDeadLetters } from './dead-letters.ts';
import { momentFrom } from './moments.ts';
import { checkNames } from './names.ts';
import { TestBroker } from './test-broker.ts';
import { TestQueue } from './test-queue.ts';
import { TestVhost } from './test-vhost.ts';

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What vitest and jest call a matcher on: theirs also knows `expect.objectContaining` and the like. */
interface MatcherContext {
  readonly equals?: (a: unknown, b: unknown) => boolean;
}

/**
 * What can be expected of the queues of a test broker: `expect.extend(matchers)` for vitest and jest. Where something
 * else is the case they tell what happened to the messages.
 */
export const matchers = {
  /** No messages, neither ready nor otherwise. A queue that does not exist is not empty. */
  toBeEmpty(subject: unknown): MatcherResult {
    const queue = queueOf(subject, 'toBeEmpty');
    const pass = queue.view !== undefined && queue.messages().length === 0;
    return result(queue, pass, 'be empty');
  },

  /** So many ready messages, or ready messages with these contents, in this order. */
  toHaveMessages(subject: unknown, expected: number | readonly unknown[]): MatcherResult {
    const queue = queueOf(subject, 'toHaveMessages');
    if (typeof expected === 'number') {
      const pass = queue.view !== undefined && queue.messageCount === expected;
      return result(queue, pass, `have ${expected} ready messages`);
    }
    const equals = (this as MatcherContext | undefined)?.equals ?? isDeepStrictEqual;
    const ready = queue.messages().filter(({ state }) => state === 'ready');
    const contents = ready.map(({ content }) => content);
    const pass = contents.length === expected.length && contents.every((one, i) => equals(one, expected[i]));
    return result(queue, pass, `have ${shown(expected)} ready`, `it has ${shown(contents)}`);
  },

  /**
   * Messages that died in this queue, this vhost or this broker were dead-lettered; or this message, received by a
   * client or looked at in a queue, was.
   */
  toHaveDeadLettered(subject: unknown, expected: ExpectedDeadLetters = {}): MatcherResult {
    checkNames(expected, ['queue', 'reason', 'to', 'count'], 'toHaveDeadLettered');
    if (!isSource(subject)) return messageDeadLettered(subject, expected);
    const { count } = expected;
    const found = matching(subject.deadLetters(), expected).length;
    const what = `have dead-lettered ${count ?? 'any'} ${count === 1 ? 'message' : 'messages'}`;
    const actual = `it dead-lettered ${found} like that`;
    return result(subject, isEnough(found, count), `${what}${describeExpected(expected)}`, actual);
  },

  /** The message, or that at the head of the queue, expires at this moment, or so much later than now. */
  toBeDelayedUntil(subject: unknown, when: Moment): MatcherResult {
    if (!(subject instanceof TestQueue)) return messageDelayedUntil(subject, when);
    const moment = momentFrom(when, subject.now());
    const { nextDeadline } = subject;
    const text = nextDeadline === undefined ? 'it is never' : `it is at ${subject.elapsed(nextDeadline)}`;
    const what = `have a head that expires at ${subject.elapsed(moment)}`;
    return result(subject, nextDeadline === moment, what, text);
  },
};

function isSource(subject: unknown): subject is DeadLetterSource {
  return [TestQueue, TestVhost, TestBroker].some((kind) => subject instanceof kind);
}

function messageDeadLettered(subject: unknown, expected: ExpectedDeadLetters): MatcherResult {
  const deaths = deathsOf(subject);
  if (deaths === undefined) {
    throw new TypeError('toHaveDeadLettered is for a queue, a vhost, a test broker, or a message');
  }
  if (expected.to !== undefined) {
    throw new TypeError('a message does not know who got it: expect `to` of the queue where it died');
  }
  const found = countDeaths(deaths, expected);
  const pass = isEnough(found, expected.count);
  const times = expected.count === undefined ? '' : ` ${expected.count} times`;
  const history = deaths.map(({ queue, reason, count }) => `  ${queue}: ${reason}, ${count} times`);
  const what = `expected a message ${pass ? 'not ' : ''}to have died${times}${describeExpected(expected)}`;
  return { pass, message: () => [`${what}; it did ${found} times`, ...history].join('\n') };
}

function isEnough(found: number, wanted: number | undefined): boolean {
  return wanted === undefined ? found > 0 : found === wanted;
}

function messageDelayedUntil(subject: unknown, when: Moment): MatcherResult {
  const message = subject as Partial<MessageView> | null | undefined;
  if (typeof message !== 'object' || message === null || !('expiresAt' in message)) {
    throw new TypeError('toBeDelayedUntil is for a queue of a test broker, or one of its messages()');
  }
  const moment = momentFrom(when, NaN);
  if (Number.isNaN(moment)) {
    throw new TypeError(
      `'${String(when)}' is counted from now, and a message does not know when that is: use its queue`,
    );
  }
  const { expiresAt } = message;
  const actual =
    expiresAt === undefined ? 'it never does' : `it does at ${new Date(expiresAt).toISOString()}`;
  return {
    pass: expiresAt === moment,
    message: () => `expected a message that expires at ${new Date(moment).toISOString()}: ${actual}`,
  };
}

function queueOf(subject: unknown, matcher: string): TestQueue {
  if (subject instanceof TestQueue) return subject;
  throw new TypeError(
    `${matcher} is for a queue of a test broker: expect(broker.queue('name')).${matcher}(...)`,
  );
}

function result(source: DeadLetterSource, pass: boolean, what: string, actual?: string): MatcherResult {
  const but = actual === undefined ? '' : `: ${actual}`;
  return {
    pass,
    message: () =>
      `expected ${source.label} ${pass ? 'not ' : ''}to ${what}${pass ? '' : but}\n\n${source.account()}`,
  };
}

function shown(contents: readonly unknown[]): string {
  return JSON.stringify(contents.map((one) => (Buffer.isBuffer(one) ? `(${one.length} bytes)` : one)));
}
