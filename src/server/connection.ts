import type { Duplex } from 'node:stream';
import type { Broker } from '../broker/broker.ts';
import type { ConnectionDetails, ConnectionState, OpenConnection } from '../broker/connections.ts';
import { sumOf } from '../broker/counts.ts';
import type { Traffic } from '../broker/counts.ts';
import type { Actor } from '../broker/declare.ts';
import type { CommitListener } from '../broker/journal.ts';
import type { Vhost } from '../broker/vhost.ts';
import { decodeMethod } from '../wire/codec.ts';
import { FrameType, PROTOCOL_HEADER } from '../wire/constants.ts';
import { AmqpError, NO_METHOD, replyText } from '../wire/errors.ts';
import type { MethodIds } from '../wire/errors.ts';
import { describeOctets } from '../wire/frames.ts';
import { methodIds } from '../wire/methods.ts';
import type { Method } from '../wire/methods.ts';
import { Blocking } from './blocking.ts';
import type { BlockingPeer } from './blocking.ts';
import type { Channel, ChannelPeer } from './channel.ts';
import { Channels } from './channels.ts';
import { Closing } from './closing.ts';
import { ConnectionFaults } from './connection-faults.ts';
import { detailsOf, stateOf, trafficOf } from './connection-details.ts';
import type { ConnectionHost } from './connection-host.ts';
import { Handshake, SilentRefusal, unexpectedMethod } from './handshake.ts';
import type { Peer, Session } from './handshake.ts';
import { Heartbeat } from './heartbeat.ts';
import { Input } from './input.ts';
import { Intake } from './intake.ts';
import type { ServerLimits } from './limits.ts';
import { Liveness } from './liveness.ts';
import { Output } from './output.ts';

/** The whole handshake must be done in this time (CON-04). */
const HANDSHAKE_MS = 10_000;
/** How long a refused client is kept waiting (CON-14, CON-15). */
const REFUSED_MS = 3_000;
const LONGEST_CLOSE_SECONDS = 30;

type State = 'header' | 'handshake' | 'running' | 'closing' | 'closed';

/** One stream: frames in, channels, the close handshake. Any duplex will do. */
export class Connection implements ChannelPeer, BlockingPeer, CommitListener, OpenConnection {
  readonly input: Input;
  readonly intake: Intake;
  readonly output: Output;
  readonly #host: ConnectionHost;
  readonly #stream: Duplex;
  readonly #handshake: Handshake;
  readonly #channels = new Channels(this);
  readonly blocking: Blocking;
  readonly closing: Closing;
  readonly faults: ConnectionFaults;
  readonly #peer: Peer;
  #state: State = 'header';
  #session: Session | undefined = undefined;
  #actor: Actor | undefined = undefined;
  #details: ConnectionDetails | undefined = undefined;
  #heartbeat: Heartbeat | undefined = undefined;

  constructor(stream: Duplex, host: ConnectionHost, peer: Peer) {
    this.#stream = stream;
    this.#host = host;
    this.#peer = peer;
    this.output = new Output(
      stream,
      () => this.#endTurn(),
      () => this.#resumeChannels(),
    );
    this.intake = new Intake(stream, this.output, host.broker, this, () => this.#updateIntake());
    this.blocking = new Blocking(host.alarms, this);
    this.closing = new Closing(stream, this.output, host.wallClock, host.broker.journal);
    this.#handshake = new Handshake(host, peer);
    this.input = new Input(host.limits.tune.frameMax, {
      greeted: (isOurs) => this.#greeted(isOurs),
      frame: (type, channel, bytes, start, end) => this.#frame(type, channel, bytes, start, end),
      refuse: (error) => this.#refuse(error),
    });
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', (error) =>
      this.#host.log.debug({ connection: peer.name, error: error.message }, 'socket error'),
    );
    stream.on('close', () => this.#end());
    stream.on('end', () => this.#stream.end());
    this.closing.dropIn(HANDSHAKE_MS);
    this.faults = new ConnectionFaults(host, stream, peer.name, this);
    if (this.faults.isArmed) this.faults.accepted();
  }

  get broker(): Broker {
    return this.#host.broker;
  }

  get limits(): ServerLimits {
    return this.#host.limits;
  }

  get vhost(): Vhost {
    return (this.#session as Session).vhost; // channels exist only once it is open
  }

  get actor(): Actor {
    return this.#actor as Actor;
  }

  get user(): string {
    return this.actor.user;
  }

  get vhostName(): string {
    return this.vhost.name;
  }

  get details(): ConnectionDetails {
    return this.#details as ConnectionDetails;
  }

  get state(): ConnectionState {
    return stateOf(this.intake, this.#host.alarms);
  }

  get traffic(): Traffic {
    return trafficOf(this.input, this.output);
  }

  get pendingOctets(): number {
    return this.#stream.writableLength;
  }

  get channels(): Channel[] {
    return this.#channels.all;
  }

  get channelCount(): number {
    return this.#channels.count;
  }

  get name(): string {
    return this.#peer.name;
  }

  get capabilities(): ReadonlySet<string> {
    return (this.#session as Session).capabilities;
  }

  beforeFlush(channel: Channel): void {
    this.#channels.beforeFlush(channel);
    this.output.schedule();
  }

  closed(channel: Channel): void {
    this.#channels.closed(channel);
  }

  /** A connection error: everything it had is given back, and only the close handshake is left (CON-54). */
  fail(error: AmqpError, at: MethodIds): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    const fields = { connection: this.#peer.name, code: error.code, reason: error.message };
    if (error.reply === 'CONNECTION_FORCED') this.#host.log.info(fields, 'connection closed');
    else this.#host.log.warn(fields, 'connection closed by an error');
    const isTrusted = this.#state === 'running' && !this.input.isBroken; // CON-33
    this.#release();
    const { code: replyCode } = error;
    this.output.method(0, {
      name: 'connection.close',
      replyCode,
      replyText: replyText(error.message),
      ...at,
    });
    this.#state = 'closing';
    this.#closeBy(isTrusted ? this.#closeMs : REFUSED_MS);
  }

  /** Asks the client to go: the node stops, or somebody closed the connection by hand (CON-57). */
  forceClose(reason: string): void {
    const canAnswer = this.#state === 'running' && !this.input.isStopped;
    if (canAnswer) this.fail(new AmqpError('CONNECTION_FORCED', reason), NO_METHOD);
    else if (this.#state !== 'closing') this.#stream.destroy();
  }

  /** Without another word. */
  destroy(): void {
    this.#stream.destroy();
  }

  committed(batch: number): void {
    this.closing.committed(batch, this);
    this.#updateIntake();
  }

  get #closeMs(): number {
    const seconds = this.#session?.limits.heartbeat ?? 0;
    return 1000 * (seconds === 0 ? LONGEST_CLOSE_SECONDS : Math.min(seconds, LONGEST_CLOSE_SECONDS));
  }

  #read(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    this.input.push(this.faults.isArmed ? this.faults.received(chunk) : chunk);
    this.intake.hasRead(chunk.length);
    this.#updateIntake();
  }

  /** Another protocol is told which one is spoken here (CON-01, CON-02, CON-03). */
  #greeted(isOurs: boolean): void {
    if (isOurs) {
      this.#state = 'handshake';
      return this.output.method(0, this.#handshake.start());
    }
    this.#state = 'closed';
    this.#stream.end(PROTOCOL_HEADER, () => this.#stream.destroy());
  }

  #frame(type: number, number: number, bytes: Buffer, start: number, end: number): void {
    try {
      if (type === FrameType.HEARTBEAT || this.#state === 'closed') return;
      if (this.#state === 'closing') return this.closing.accept(type, number, bytes.subarray(start, end));
      if (this.faults.isArmed && this.faults.frame(type, number, bytes.subarray(start, end))) return;
      if (number === 0) this.#control(decodeMethod(bytes.subarray(start, end)));
      else this.#channelFrame(type, number, bytes, start, end);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const { log } = this.#host;
    if (error instanceof SilentRefusal) return this.#refuseSilently(error.message);
    if (error instanceof AmqpError) {
      const isLogin = error.reply === 'ACCESS_REFUSED' && this.#state === 'handshake';
      const isEarly = this.#state === 'handshake' && !this.#handshake.isAuthenticated && !isLogin;
      return isEarly ? this.#refuseSilently(error.message) : this.fail(error, error.at ?? NO_METHOD);
    }
    const { stack } = error instanceof Error ? error : new Error(String(error));
    log.error({ connection: this.#peer.name, stack }, 'a bug: please report it');
    this.fail(new AmqpError('INTERNAL_ERROR', ''), NO_METHOD);
  }

  /** CON-15: no method, the socket goes after a while. */
  #refuseSilently(reason: string): void {
    this.#host.log.warn({ connection: this.#peer.name, reason }, 'refused');
    this.#state = 'closed';
    this.#closeBy(REFUSED_MS);
  }

  #control(method: Method): void {
    if (this.#state === 'handshake') return this.#shakeHands(method);
    if (method.name === 'connection.close') return this.#closeByClient();
    if (method.name === 'connection.update-secret') {
      return this.output.method(0, { name: 'connection.update-secret-ok' }); // CON-60
    }
    throw unexpectedMethod('running', methodIds(method.name));
  }

  #shakeHands(method: Method): void {
    const { reply, session } = this.#handshake.accept(method);
    if (method.name === 'connection.tune-ok') this.#tuned();
    if (session !== undefined) {
      this.#session = session;
      this.faults.opened(session);
      this.#details = detailsOf(this.#peer, session, this.#host.wallClock.now());
      this.#actor = { user: session.user, users: this.broker.users, connection: this };
      this.#host.openConnections.add(this);
      this.closing.keep();
      this.#state = 'running';
      this.broker.connections.add(this);
    }
    if (reply !== undefined) this.output.method(0, reply);
  }

  #tuned(): void {
    const { frameMax, heartbeat } = this.#handshake.limits;
    this.input.limit = frameMax;
    this.output.frameMax = frameMax;
    const liveness = new Liveness(this.input, this.intake, this.output, () => {
      this.#host.log.warn({ connection: this.#peer.name, heartbeat }, 'missed heartbeats');
      this.#stream.destroy();
    });
    this.#heartbeat = new Heartbeat(this.#host.wallClock, heartbeat, liveness);
  }

  #channelFrame(type: number, number: number, bytes: Buffer, start: number, end: number): void {
    if (this.#state === 'handshake') {
      const text = `type ${type}, ${describeOctets(bytes.subarray(start, end))}`;
      throw new AmqpError('UNEXPECTED_FRAME', text, NO_METHOD); // CON-56
    }
    const channel = this.#channels.get(number);
    if (channel === undefined) {
      const { channelMax } = this.#handshake.limits;
      return this.#channels.open(type, number, bytes.subarray(start, end), channelMax);
    }
    if (this.#host.alarms.isRaised && type !== FrameType.METHOD) this.blocking.block();
    channel.accept(type, bytes, start, end);
  }

  /** Everything is finished, and on disk, before close-ok (CON-52). */
  #closeByClient(): void {
    this.#release();
    this.#state = 'closing';
    this.#closeBy(this.#closeMs);
    this.closing.answerAfterCommit(this);
  }

  #endTurn(): void {
    this.#channels.endTurn();
    if (this.faults.isArmed) this.faults.flushing();
  }

  #resumeChannels(): void {
    this.#channels.resume();
    this.#updateIntake();
  }

  #updateIntake(): void {
    if (this.#state === 'running') this.intake.update();
  }

  #closeBy(ms: number): void {
    this.closing.dropIn(ms);
    this.blocking.release();
    this.intake.open();
  }

  /** Gives back everything the connection had (CON-61, QUE-29). */
  #release(): void {
    const wasOpen = this.broker.connections.remove(this);
    if (wasOpen) this.vhost.traffic = sumOf(this.vhost.traffic, this.traffic);
    this.#channels.release();
    this.#session?.vhost.removeOwnedBy(this);
  }

  #end(): void {
    this.faults.ended();
    this.closing.keep();
    this.#heartbeat?.stop();
    this.#release();
    this.#state = 'closed';
    this.#host.alarms.forget(this.blocking);
    this.#host.openConnections.delete(this);
    this.#host.ended(this);
  }
}
