/** What is wrong with something an administrator asked for, in RabbitMQ's words. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
  /** A sentence for each fault. */
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join('; '));
    this.reasons = reasons;
  }

  /** The reason as the HTTP API gives it (POL-10). */
  get answer(): string {
    return `Validation failed\n\n${this.reasons.map((reason) => `${reason}\n`).join('')}`;
  }
}
