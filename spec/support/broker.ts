import { Admin } from './admin.ts';
import { Client } from './client.ts';
import { plain } from './fields.ts';
import type { Feature } from './features.ts';

/** Where the broker is, and what may be done to it. */
export interface Target {
  /** `amqp://user:password@host:port`; the vhost is always `/`. */
  readonly url: string;
  /** The management HTTP API: `http://host:port`. */
  readonly http?: string | undefined;
  /** Stops the broker as an administrator would and starts it again at the same addresses. */
  readonly restart?: (() => Promise<void>) | undefined;
}

/** The broker under judgement: who it says it is, and what was found out about it. */
export class Broker {
  readonly target: Target;
  readonly host: string;
  readonly port: number;
  readonly login: { readonly user: string; readonly password: string };
  readonly admin: Admin | undefined;
  /** `RabbitMQ`, also of those who act as it. */
  readonly product: string;
  /** Plain numbers and dots: `4.2.0`. */
  readonly version: string;
  readonly platform: string;
  readonly capabilities: ReadonlySet<string>;
  readonly features = new Set<Feature>();

  private constructor(target: Target, properties: Readonly<Record<string, unknown>>) {
    const { hostname, port, username, password } = new URL(target.url);
    this.target = target;
    this.host = hostname;
    this.port = Number(port || 5672);
    this.login = loginOf(username, password);
    this.admin = target.http === undefined ? undefined : new Admin(target.http, this.login);
    this.product = String(properties['product']);
    this.version = String(properties['version']);
    this.platform = String(properties['platform']);
    const capabilities = Object.entries((properties['capabilities'] ?? {}) as Record<string, unknown>);
    this.capabilities = new Set(capabilities.filter(([, is]) => is === true).map(([name]) => name));
  }

  /** Connects once and reads what the broker says of itself. Rejects when it cannot be reached, or refuses. */
  static async meet(target: Target): Promise<Broker> {
    const { hostname, port, username, password } = new URL(target.url);
    const client = await Client.connect(hostname, Number(port || 5672), loginOf(username, password));
    try {
      await client.open();
      return new Broker(target, plain(client.serverProperties) as Readonly<Record<string, unknown>>);
    } finally {
      client.stream.destroy();
    }
  }

  /** RabbitMQ itself, and not a broker that acts as it. */
  get isRabbitMQ(): boolean {
    return this.product === 'RabbitMQ' && this.platform.startsWith('Erlang/OTP');
  }

  /** Name and version as a person would say them: `RabbitMQ 4.3.6`, `Leveret 0.1.0 (as RabbitMQ 4.2.0)`. */
  get title(): string {
    const itself = `${this.product} ${this.version}`;
    const [name, version] = /^(\S+?)[ /]v?(\d\S*)/.exec(this.platform)?.slice(1) ?? [];
    return this.isRabbitMQ || name === undefined ? itself : `${name} ${version} (as ${itself})`;
  }

  /** It acts as this version or a later one; `since('3.12')`. */
  since(version: string): boolean {
    return compareVersions(this.version, version) >= 0;
  }

  /** What holds for this broker, of values by the version they came with: `pick({ '3.10': old, '3.12': new })`. */
  pick<T>(byVersion: Readonly<Record<string, T>>): T {
    const known = Object.keys(byVersion).sort(compareVersions);
    const found = known.filter((version) => this.since(version)).at(-1) ?? known[0];
    return byVersion[found as string] as T;
  }

  async connect(): Promise<Client> {
    return Client.connect(this.host, this.port, this.login);
  }
}

function loginOf(username: string, password: string): { user: string; password: string } {
  return {
    user: decodeURIComponent(username) || 'guest',
    password: decodeURIComponent(password) || 'guest',
  };
}

/** Negative, 0 or positive; a part that is missing is 0. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) =>
    version.split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
