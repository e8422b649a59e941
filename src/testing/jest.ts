import { expect } from '@jest/globals';
import type { BrokerMatchers } from './assertions.ts';
import { matchers } from './matchers.ts';

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends BrokerMatchers<R> {}
}

expect.extend(matchers);
