import { admit } from '../broker/admission.ts';
import type { Broker } from '../broker/broker.ts';
import type { ConnectionDetails } from '../broker/connections.ts';
import type { Vhost } from '../broker/vhost.ts';
import { AmqpError } from '../wire/errors.ts';
import type { MethodIds } from '../wire/errors.ts';
import { methodIds } from '../wire/methods.ts';
import type { Method, MethodOf } from '../wire/methods.ts';
import { readTable } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { connectionName } from './connection-details.ts';
import type { Faults } from './faults.ts';
import type { ServerLimits, TuneLimits } from './limits.ts';

/** Older client releases ask for it (GEN-22). */
const SMALLEST_FRAME_MAX = 4096;

/** What both sides agreed on. */
export interface Session {
  readonly user: string;
  /** The SASL mechanism it logged in by. */
  readonly mechanism: string;
  readonly vhost: Vhost;
  readonly limits: TuneLimits;
  readonly capabilities: ReadonlySet<string>;
  readonly clientProperties: FieldTable;
}

/** A refusal the client is not told: the socket is dropped after a while (CON-15, CON-21). */
export class SilentRefusal extends Error {
  override readonly name = 'SilentRefusal';
}

/** Where a stream leads from and to; a peer without an address is in this process. */
type Endpoints = Partial<Pick<ConnectionDetails, 'host' | 'port' | 'peerHost' | 'peerPort' | 'tls'>>;

/** Who is at the other end of a stream. */
export interface Peer extends Endpoints {
  /** `PEER:PORT -> HOST:PORT`. */
  readonly name: string;
  /** On this machine: others may not log in as `guest` (CON-17). */
  readonly isLoopback: boolean;
  /** The common name in a certificate that was verified: the user of the mechanism EXTERNAL (CON-13). */
  readonly certified?: string | undefined;
}

/** What a handshake needs of the server. */
export interface HandshakeHost {
  readonly broker: Broker;
  /** What it says of itself, which may change. */
  readonly serverProperties: () => FieldTable;
  readonly limits: ServerLimits;
  readonly faults: Faults;
  /** Connections that are through with it. */
  readonly openConnections: ReadonlySet<object>;
}

/**
 * From `connection.start` to `connection.open-ok`: a state machine that takes methods and says what to answer.
 * Everything it throws ends the connection.
 */
export class Handshake {
  readonly #host: HandshakeHost;
  readonly #peer: Peer;
  #state: 'starting' | 'tuning' | 'opening' = 'starting';
  #user = '';
  #mechanism = '';
  #limits: TuneLimits;
  #capabilities = new Set<string>();
  #clientProperties: FieldTable = new Map();

  constructor(host: HandshakeHost, peer: Peer) {
    this.#host = host;
    this.#limits = host.limits.tune;
    this.#peer = peer;
  }

  get isAuthenticated(): boolean {
    return this.#state !== 'starting';
  }

  get limits(): TuneLimits {
    return this.#limits;
  }

  /** The first thing a client hears (CON-05). */
  start(): Method {
    const serverProperties = this.#host.serverProperties();
    const mechanisms = Buffer.from(`PLAIN AMQPLAIN${this.#peer.certified === undefined ? '' : ' EXTERNAL'}`);
    const locales = Buffer.from('en_US');
    return {
      name: 'connection.start',
      versionMajor: 0,
      versionMinor: 9,
      serverProperties,
      mechanisms,
      locales,
    };
  }

  /**
   * Takes the client's next method.
   * @returns the answer, and the session once it is open
   */
  accept(method: Method): { readonly reply: Method | undefined; readonly session?: Session } {
    if (this.#state === 'starting') return this.#startOk(method);
    if (this.#state === 'tuning' && method.name === 'connection.tune-ok') return this.#tuneOk(method);
    if (this.#state === 'opening' && method.name === 'connection.open') return this.#open(method);
    throw unexpectedMethod(this.#state, methodIds(method.name));
  }

  #startOk(method: Method): { readonly reply: Method } {
    if (method.name !== 'connection.start-ok') throw new SilentRefusal(`${method.name} before start-ok`);
    this.#clientProperties = method.clientProperties;
    const capabilities = method.clientProperties.get('capabilities');
    if (capabilities?.tag === 'F') {
      for (const [name, value] of capabilities.value) if (value.value === true) this.#capabilities.add(name);
    }
    this.#login(method.mechanism, method.response);
    this.#state = 'tuning';
    return { reply: { name: 'connection.tune', ...this.#host.limits.tune } };
  }

  #login(mechanism: string, response: Buffer): void {
    const user = this.#authenticated(mechanism, response);
    const isKnown = user !== undefined && (this.#peer.isLoopback || user !== 'guest');
    const isAdmitted = isKnown && !this.#isRefused(user);
    this.#host.broker.authAttempts.count('amqp091', isAdmitted);
    if (isAdmitted) {
      this.#user = user;
      this.#mechanism = mechanism;
      return;
    }
    const text = `Login was refused using authentication mechanism ${mechanism}`;
    if (!this.#capabilities.has('authentication_failure_close')) throw new SilentRefusal(text);
    throw new AmqpError('ACCESS_REFUSED', `${text}. For details see the broker logfile.`, {
      classId: 0,
      methodId: 0,
    });
  }

  /** Because somebody asked for it. */
  #isRefused(user: string): boolean {
    const { faults } = this.#host;
    if (!faults.isArmed) return false;
    const connection = [this.#peer.name, connectionName(this.#clientProperties)];
    return faults.find(['refuse-login'], () => ({ connection, user }), this) !== undefined;
  }

  /** Undefined when the login is wrong. */
  #authenticated(mechanism: string, response: Buffer): string | undefined {
    const { users } = this.#host.broker;
    const { certified } = this.#peer;
    if (mechanism === 'EXTERNAL' && certified !== undefined) return users.get(certified)?.name;
    const { user, password } = credentials(mechanism, response);
    return users.authenticate(user, password) ? user : undefined;
  }

  #tuneOk({ channelMax, frameMax, heartbeat }: MethodOf<'connection.tune-ok'>): {
    readonly reply: undefined;
  } {
    const { tune } = this.#host.limits;
    checkNegotiated('channel_max', channelMax, 1, tune.channelMax);
    checkNegotiated('frame_max', frameMax, SMALLEST_FRAME_MAX, tune.frameMax);
    this.#limits = { channelMax, frameMax, heartbeat };
    this.#state = 'opening';
    return { reply: undefined };
  }

  #open(method: MethodOf<'connection.open'>): { readonly reply: Method; readonly session: Session } {
    const { broker, limits, openConnections } = this.#host;
    if (openConnections.size >= limits.connections) {
      const text = `connection refused: node connection limit (${limits.connections}) is reached`;
      throw new AmqpError('NOT_ALLOWED', text, methodIds(method.name)); // CON-28
    }
    const session: Session = {
      user: this.#user,
      mechanism: this.#mechanism,
      vhost: admit(broker, this.#user, method.virtualHost),
      limits: this.#limits,
      capabilities: this.#capabilities,
      clientProperties: this.#clientProperties,
    };
    return { reply: { name: 'connection.open-ok', knownHosts: '' }, session };
  }
}

/** CON-55. */
export function unexpectedMethod(state: string, at: MethodIds): AmqpError {
  return new AmqpError('CHANNEL_ERROR', `unexpected method in connection state ${state}`, at);
}

/** Zero means no limit and so counts as too high (CON-20, CON-21). */
function checkNegotiated(name: string, value: number, least: number, most: number): void {
  const shown = value === 0 ? '0 (no limit)' : String(value);
  if (value === 0 || value > most) {
    const text = `negotiated ${name} = ${shown} is higher than the maximum allowed value (${most})`;
    throw new AmqpError('NOT_ALLOWED', text, methodIds('connection.tune-ok'));
  }
  if (value >= least) return;
  const text = `negotiated ${name} = ${shown} is lower than the minimum allowed value (${least})`;
  throw new AmqpError('NOT_ALLOWED', text, methodIds('connection.tune-ok'));
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

function credentials(mechanism: string, response: Buffer): Credentials {
  if (mechanism === 'PLAIN') return plain(response);
  if (mechanism === 'AMQPLAIN') return amqplain(response);
  throw new SilentRefusal(`unknown mechanism ${mechanism}`);
}

/** NUL user NUL password, and no identity before the first NUL (CON-11). */
function plain(response: Buffer): Credentials {
  const parts = response.toString('utf8').split('\0');
  const [identity, user, password] = parts;
  if (parts.length !== 3 || identity !== '' || user === undefined || password === undefined) {
    throw new SilentRefusal('malformed PLAIN response');
  }
  return { user, password };
}

/** A table without its length (CON-12). What is there but no text is a wrong login, as no text equals it. */
function amqplain(response: Buffer): Credentials {
  const table = readTable(response);
  const [login, password] = [table.get('LOGIN'), table.get('PASSWORD')];
  if (login === undefined || password === undefined) throw new SilentRefusal('malformed AMQPLAIN response');
  return { user: plainText(login), password: plainText(password) };
}

function plainText(value: FieldValue): string {
  return value.tag === 'S' || value.tag === 'x' ? value.value.toString('utf8') : '';
}
