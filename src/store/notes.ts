/** What a queue remembers of a message it holds beside its place (DLV-02, DLX-14). */
export interface Note {
  readonly deliveries: number;
  /** Why it died, when it is kept until it is dead-lettered. */
  readonly death: string | undefined;
}

/** About what a note takes on disk, in bytes. */
export const NOTE_SIZE = 24;

/** The number of deliveries in decimal, a space, and why it died, if it did. */
export function encodeNote({ deliveries, death }: Note): Buffer {
  return Buffer.from(death === undefined ? String(deliveries) : `${deliveries} ${death}`);
}

export function decodeNote(value: Buffer): Note {
  const [deliveries, death] = value.toString().split(' ');
  return { deliveries: Number(deliveries), death };
}
