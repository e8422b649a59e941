/** A message that died in a queue, and where it went. */
export interface DeadLetter {
  /** Where it died. */
  readonly queue: string;
  readonly reason: string;
  readonly queues: readonly string[];
  readonly time: number;
}

/** Which dead letters are expected. */
export interface ExpectedDeadLetters {
  /** Where they died, as in `x-death`. */
  readonly queue?: string;
  /** `rejected`, `expired`, `maxlen` or `delivery_limit`. */
  readonly reason?: string;
  /** The queue that got them. A message does not know it. */
  readonly to?: string;
  /** How many; without it any number but none. */
  readonly count?: number;
}

/** What knows of dead letters: a queue, a vhost or a broker. */
export interface DeadLetterSource {
  /** Those since the last reset. */
  deadLetters(): DeadLetter[];
  /** What it is, as a failed expectation says it. */
  readonly label: string;
  /** What it looks like, and what happened there. */
  account(): string;
}

/** A message as client libraries hand it over: with the headers among its properties, or by themselves. */
export type ReceivedMessage =
  | { readonly properties: { readonly headers?: object | undefined } }
  | { readonly headers: object | undefined };

/** One line of a history. */
interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly count: number;
}

/** Those that are like what is expected. */
export function matching(letters: readonly DeadLetter[], expected: ExpectedDeadLetters): DeadLetter[] {
  const { to } = expected;
  return letters.filter((one) => isLike(one, expected) && (to === undefined || one.queues.includes(to)));
}

/** How often a message died like that. */
export function countDeaths(deaths: readonly Death[], expected: ExpectedDeadLetters): number {
  return deaths.filter((one) => isLike(one, expected)).reduce((sum, { count }) => sum + count, 0);
}

/**
 * The history of a message, as a client received it or as one of the `messages()` of a queue has it; undefined when it
 * is neither.
 */
export function deathsOf(subject: unknown): readonly Death[] | undefined {
  if (typeof subject !== 'object' || subject === null) return undefined;
  const { deaths, properties, headers } = subject as {
    readonly deaths?: readonly Death[];
    readonly properties?: { readonly headers?: Headers };
    readonly headers?: Headers;
  };
  if (deaths !== undefined) return deaths;
  if (properties === undefined && headers === undefined) return undefined;
  return (properties?.headers ?? headers)?.['x-death'] ?? [];
}

interface Headers {
  readonly 'x-death'?: readonly Death[];
}

/** ` as expired in work to dead`: what is expected of them, in words. */
export function describeExpected({ queue, reason, to }: ExpectedDeadLetters): string {
  const parts = [
    [reason, ' as '],
    [queue, ' in '],
    [to, ' to '],
  ] as const;
  return parts.map(([value, word]) => (value === undefined ? '' : `${word}${value}`)).join('');
}

function isLike(
  one: { readonly queue: string; readonly reason: string },
  expected: ExpectedDeadLetters,
): boolean {
  const { queue, reason } = expected;
  return (reason === undefined || one.reason === reason) && (queue === undefined || one.queue === queue);
}
