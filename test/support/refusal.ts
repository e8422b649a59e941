import { AmqpError } from '../../src/wire/errors.ts';

/** What a client would be told: `406 PRECONDITION_FAILED - ...`; undefined when nothing was refused. */
export function refusal(task: () => unknown): string | undefined {
  try {
    task();
  } catch (error) {
    if (error instanceof AmqpError) return `${error.code} ${error.message}`;
    throw error;
  }
  return undefined;
}
