import { expect } from 'vitest';
import type { BrokerMatchers } from './assertions.ts';
import { matchers } from './matchers.ts';

declare module 'vitest' {
  // oxlint-disable-next-line typescript/no-explicit-any -- as vitest declares it, or they would not be one
  interface Matchers<T = any> extends BrokerMatchers {}
}

expect.extend(matchers);
