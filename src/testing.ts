export { assertThat } from './testing/assertions.ts';
export type { Assertion, BrokerMatchers } from './testing/assertions.ts';
export type { Leftover, LeftoverKind } from './testing/leftovers.ts';
export { matchers } from './testing/matchers.ts';
export type {
  DeadLetter,
  DeadLetterSource,
  ExpectedDeadLetters,
  ReceivedMessage,
} from './testing/dead-letters.ts';
export type { MatcherResult } from './testing/matchers.ts';
export { testBroker } from './testing/test-broker.ts';
export type { Hook, TestBroker, TestBrokerOptions } from './testing/test-broker.ts';
export type { QueueState, TestQueue, WaitOptions } from './testing/test-queue.ts';
export type { LeftoverOptions, TestVhost } from './testing/test-vhost.ts';
