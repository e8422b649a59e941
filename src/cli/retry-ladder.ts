import type { ConfirmChannel } from 'amqplib';
import { formatDuration } from '../app/durations.ts';

/** Where work is published to, and where it comes back to. */
export const JOBS = 'jobs';
/** Where rejected work goes. */
export const RETRY = 'jobs.retry';
export const WORK = 'work';
export const PARKING_LOT = 'parking-lot';
/** Gets a copy of everything that is dead-lettered to RETRY: so one can watch and stay out of the way. */
export const WATCH = 'watch';

/** The routing key says which attempt it is: it is all the memory the ladder needs. */
export function attemptKey(attempt: number): string {
  return `attempt.${attempt}`;
}

const ANY_ATTEMPT = 'attempt.*';

/** The attempt a routing key stands for. */
export function attemptOf(key: string): number {
  return Number(key.slice(key.lastIndexOf('.') + 1));
}

/** The queue in which a message waits that long. */
export function waitQueue(wait: number): string {
  return `wait.${formatDuration(wait)}`;
}

/**
 * Declares a backoff ladder that only the broker climbs. The worker rejects what fails; everything else is
 * dead-lettering. Each wait queue has one TTL for all, so that nothing in it stands behind a longer wait.
 *
 * The other common ladder lets the worker publish a copy to a wait queue and ack the original. It then needs a
 * confirm before the ack, or a crash loses the message, and a header of its own that counts: a published copy is a new
 * message, and its x-death starts again.
 *
 * @param waits milliseconds before the second attempt, the third, and so on
 */
export async function declareLadder(channel: ConfirmChannel, waits: readonly number[]): Promise<void> {
  await channel.assertExchange(JOBS, 'topic');
  await channel.assertExchange(RETRY, 'topic');
  await channel.assertQueue(WORK, { deadLetterExchange: RETRY }); // and no new key: the attempt stays readable
  await channel.bindQueue(WORK, JOBS, ANY_ATTEMPT);
  for (const [index, wait] of waits.entries()) {
    const attempt = index + 1;
    await channel.assertQueue(waitQueue(wait), {
      messageTtl: wait,
      deadLetterExchange: JOBS,
      deadLetterRoutingKey: attemptKey(attempt + 1),
    });
    await channel.bindQueue(waitQueue(wait), RETRY, attemptKey(attempt));
  }
  await channel.assertQueue(PARKING_LOT);
  await channel.bindQueue(PARKING_LOT, RETRY, attemptKey(waits.length + 1));
  await channel.assertQueue(WATCH, { exclusive: true });
  await channel.bindQueue(WATCH, RETRY, '#');
}

/** The ladder as a drawing. */
export function drawLadder(waits: readonly number[]): string {
  const names = waits.map(waitQueue);
  const width = Math.max(...names.map((name) => name.length));
  const gap = ' '.repeat(width + 7);
  const rungs = names.flatMap((name, index) => [
    `              +-- ${name.padEnd(width)} <--+ ${attemptKey(index + 1)}`,
    `              ${index + 1 < names.length ? '|' : ' '}${gap}|`,
  ]);
  return [
    `publish --> [${JOBS}] ${'-'.repeat(width)}> ${WORK} ----> worker`,
    `              ^${gap}|`,
    `              |${gap}| rejected`,
    `              |${gap}v`,
    `              |${' '.repeat(width + 2)}[${RETRY}]`,
    `              |${gap}|`,
    ...rungs,
    `${PARKING_LOT.padStart(width + 18)} <--+ ${attemptKey(names.length + 1)}`,
  ].join('\n');
}
