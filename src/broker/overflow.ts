import type { KeptDeadLetters } from './kept-dead.ts';
import type { QueueSettings } from './queue-settings.ts';
import type { Ready } from './ready.ts';

/** Over the limit means strictly greater; only ready messages and bodies count (LEN-02, LEN-03, LEN-04). */
export function isOver(limits: QueueSettings, ready: Ready): boolean {
  return ready.length > limits.maxLength || ready.bytes > limits.maxLengthBytes;
}

/**
 * Whether one more message would be too much (LEN-10).
 * @param kept dead letters that nobody took yet: they count, too (DLX-14)
 */
export function wouldBeOver(
  limits: QueueSettings,
  ready: Ready,
  bodyLength: number,
  kept: KeptDeadLetters | undefined,
): boolean {
  const length = ready.length + 1 + (kept?.length ?? 0);
  const bytes = ready.bytes + bodyLength + (kept?.bytes ?? 0);
  return length > limits.maxLength || bytes > limits.maxLengthBytes;
}
