import type { Note } from '../broker/journal.ts';

/** About what a note takes on disk, in bytes. */
export const NOTE_SIZE = 24;

/** Instead of why it died, where something follows. */
const ALIVE = '-';

/** In decimal, with spaces between: deliveries, why it died, deliveries that did not fail, when it is tried again. */
export function encodeNote({ deliveries, death, spared, retryAt }: Note): Buffer {
  if (spared > 0 || retryAt > 0) return Buffer.from(`${deliveries} ${death ?? ALIVE} ${spared} ${retryAt}`);
  return Buffer.from(death === undefined ? String(deliveries) : `${deliveries} ${death}`);
}

export function decodeNote(value: Buffer): Note {
  const [deliveries, death, spared = 0, retryAt = 0] = value.toString().split(' ');
  return {
    deliveries: Number(deliveries),
    spared: Number(spared),
    retryAt: Number(retryAt),
    death: death === ALIVE ? undefined : death,
  };
}
