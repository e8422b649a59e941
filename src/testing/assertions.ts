import { AssertionError } from 'node:assert';
import type { MessageView, Moment } from '../index.ts';
import type { DeadLetterSource, ExpectedDeadLetters, ReceivedMessage } from './dead-letters.ts';
import { matchers } from './matchers.ts';
import type { MatcherResult } from './matchers.ts';

/** What can be asserted of a queue or a message; `R` is what the runner's matchers return. */
export interface BrokerMatchers<R = void> {
  /** No messages, neither ready nor otherwise. A queue that does not exist is not empty. */
  readonly toBeEmpty: () => R;
  /** So many ready messages, or ready messages with these contents, in this order. */
  readonly toHaveMessages: (expected: number | readonly unknown[]) => R;
  /** Messages that died in this queue, vhost or broker were dead-lettered; or this message was. */
  readonly toHaveDeadLettered: (expected?: ExpectedDeadLetters) => R;
  /** The message, or that at the head of the queue, expires at this moment, or so much later than now: `30m`. */
  readonly toBeDelayedUntil: (when: Moment) => R;
}

export interface Assertion extends BrokerMatchers {
  /** The opposite. */
  readonly not: BrokerMatchers;
}

/** The matchers without a runner's `expect`: they throw an `AssertionError`, as `node:assert` does. */
export function assertThat(subject: DeadLetterSource | MessageView | ReceivedMessage | undefined): Assertion {
  return { ...assertions(subject, true), not: assertions(subject, false) };
}

function assertions(subject: unknown, wanted: boolean): BrokerMatchers {
  const check = (matcher: unknown, { pass, message }: MatcherResult): void => {
    if (pass !== wanted)
      throw new AssertionError({ message: message(), stackStartFn: matcher as () => void });
  };
  const all: BrokerMatchers = {
    toBeEmpty: () => check(all.toBeEmpty, matchers.toBeEmpty(subject)),
    toHaveMessages: (expected) => check(all.toHaveMessages, matchers.toHaveMessages(subject, expected)),
    toHaveDeadLettered: (expected) =>
      check(all.toHaveDeadLettered, matchers.toHaveDeadLettered(subject, expected)),
    toBeDelayedUntil: (when) => check(all.toBeDelayedUntil, matchers.toBeDelayedUntil(subject, when)),
  };
  return all;
}
