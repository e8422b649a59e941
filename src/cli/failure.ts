/** What the process ends with. These numbers are documented in docs/cli.md and never change their meaning. */
export const exitCodes = {
  unexpected: 1,
  different: 1, // as with diff
  usage: 2,
  unreachable: 3,
  login: 4,
  'not-found': 5,
  refused: 6,
  undelivered: 7,
  empty: 8,
  'cannot-start': 9,
  nonconforming: 10,
  findings: 11,
  unhealthy: 12,
  interrupted: 130,
} as const;

export type FailureKind = keyof typeof exitCodes;

/** A command that cannot do what it was asked: one sentence for the user, and the kind that sets the exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }

  /** What the process ends with. */
  get exitCode(): number {
    return exitCodes[this.kind];
  }
}

/** Whoever reads our standard output has gone away (`leveret get work | head -1`): a reason to stop, not to complain. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}
