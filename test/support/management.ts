import { afterAll, beforeAll } from 'vitest';
import { Admin } from '../../spec/support/admin.ts';
import type { Answer } from '../../spec/support/admin.ts';
import type { BrokerOptions, RunningBroker } from '../../src/index.ts';
import { startTestBroker } from './broker.ts';

const GUEST = { user: 'guest', password: 'guest' };

/** The management API of a broker in this process. */
export function adminOf(broker: RunningBroker, login = GUEST): Admin {
  return new Admin(broker.managementUrl ?? '', login);
}

/** A broker with its management API for all tests of a file. */
export interface ManagedBroker {
  broker: RunningBroker;
  admin: Admin;
}

/** Starts it before the tests and stops it after them. */
export function useManagement(options: Partial<BrokerOptions> = {}): ManagedBroker {
  const managed = {} as ManagedBroker;
  beforeAll(async () => {
    managed.broker = await startTestBroker({ management: true, ...options });
    managed.admin = adminOf(managed.broker);
  });
  afterAll(() => managed.broker.stop());
  return managed;
}

/** Status and body. */
export function said({ status, text, json }: Answer): readonly [number, unknown] {
  return [status, json ?? text];
}
