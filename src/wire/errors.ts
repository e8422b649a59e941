/**
 * Every reply code of the protocol, once: its number and what it closes.
 * A code that closes the channel closes the connection when it is raised on channel 0.
 */
export const replies = {
  CONTENT_TOO_LARGE: { code: 311, closes: 'channel' },
  NO_ROUTE: { code: 312, closes: 'channel' },
  NO_CONSUMERS: { code: 313, closes: 'channel' },
  CONNECTION_FORCED: { code: 320, closes: 'connection' },
  INVALID_PATH: { code: 402, closes: 'connection' },
  ACCESS_REFUSED: { code: 403, closes: 'channel' },
  NOT_FOUND: { code: 404, closes: 'channel' },
  RESOURCE_LOCKED: { code: 405, closes: 'channel' },
  PRECONDITION_FAILED: { code: 406, closes: 'channel' },
  FRAME_ERROR: { code: 501, closes: 'connection' },
  SYNTAX_ERROR: { code: 502, closes: 'connection' },
  COMMAND_INVALID: { code: 503, closes: 'connection' },
  CHANNEL_ERROR: { code: 504, closes: 'connection' },
  UNEXPECTED_FRAME: { code: 505, closes: 'connection' },
  RESOURCE_ERROR: { code: 506, closes: 'connection' },
  NOT_ALLOWED: { code: 530, closes: 'connection' },
  NOT_IMPLEMENTED: { code: 540, closes: 'connection' },
  INTERNAL_ERROR: { code: 541, closes: 'connection' },
} as const;

export type Reply = keyof typeof replies;

/** Which method failed: what a close method carries beside its text. `0/0` when no method was being executed. */
export interface MethodIds {
  readonly classId: number;
  readonly methodId: number;
}

export const NO_METHOD: MethodIds = { classId: 0, methodId: 0 };

/**
 * A refusal the client must hear about: a reply name and a sentence. Thrown anywhere below the channel, answered
 * only there. `at` is set by those who know which method it was (a decoder); otherwise the channel fills it in.
 */
export class AmqpError extends Error {
  override readonly name = 'AmqpError';
  readonly reply: Reply;
  readonly at: MethodIds | undefined;

  constructor(reply: Reply, detail: string, at?: MethodIds) {
    super(detail === '' ? reply : `${reply} - ${detail}`);
    this.reply = reply;
    this.at = at;
  }

  /** The protocol's number for this reply. */
  get code(): number {
    return replies[this.reply].code;
  }

  /** How far the refusal reaches. */
  get closes(): 'channel' | 'connection' {
    return replies[this.reply].closes;
  }
}

const LONGEST_TEXT = 255;

/** A reply text as it fits a short string: cut to 252 bytes and three dots when it is longer than 255 bytes. */
export function replyText(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_TEXT) return text;
  let end = LONGEST_TEXT - 3;
  while (end > 0 && (bytes.readUInt8(end) & 0xc0) === 0x80) end--; // never in the middle of a character
  return `${bytes.toString('utf8', 0, end)}...`;
}
