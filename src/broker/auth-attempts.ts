export type LoginProtocol = 'amqp091' | 'http';

interface Attempts {
  failed: number;
  succeeded: number;
}

/** How often somebody logged in, or tried to (API-65). */
export class AuthAttempts {
  readonly #counts: Record<LoginProtocol, Attempts> = { amqp091: none(), http: none() };

  count(protocol: LoginProtocol, succeeded: boolean): void {
    if (succeeded) this.#counts[protocol].succeeded++;
    else this.#counts[protocol].failed++;
  }

  /** By protocol. */
  get all(): readonly (readonly [LoginProtocol, Readonly<Attempts>])[] {
    return Object.entries(this.#counts) as [LoginProtocol, Attempts][];
  }

  /** Begins to count again. */
  reset(): void {
    for (const [, counts] of this.all) Object.assign(counts, none());
  }
}

function none(): Attempts {
  return { failed: 0, succeeded: 0 };
}
