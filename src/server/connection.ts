import type { Duplex } from 'node:stream';
import { checkChannelLimit } from '../broker/admission.ts';
import type { Broker } from '../broker/broker.ts';
import type { Clock, Timer } from '../broker/clock.ts';
import type { OpenConnection } from '../broker/connections.ts';
import type { Actor } from '../broker/declare.ts';
import type { CommitListener } from '../broker/journal.ts';
import type { Vhost } from '../broker/vhost.ts';
import { decodeMethod } from '../wire/codec.ts';
import { FrameType, PROTOCOL_HEADER } from '../wire/constants.ts';
import { AmqpError, NO_METHOD, replyText } from '../wire/errors.ts';
import type { MethodIds } from '../wire/errors.ts';
import { describeOctets, FrameDecoder, HEARTBEAT_FRAME } from '../wire/frames.ts';
import { methodIds } from '../wire/methods.ts';
import type { Method } from '../wire/methods.ts';
import type { AlarmListener, Alarms } from './alarms.ts';
import { Channel } from './channel.ts';
import type { ChannelPeer } from './channel.ts';
import { Handshake, SilentRefusal, unexpectedMethod } from './handshake.ts';
import type { HandshakeHost, Peer, Session } from './handshake.ts';
import { Heartbeat } from './heartbeat.ts';
import { Intake } from './intake.ts';
import type { ServerLimits } from './limits.ts';
import type { Log } from './log.ts';
import { Output } from './output.ts';
import { ProtocolHeader } from './protocol-header.ts';

/** What every connection of a server shares. */
export interface ConnectionHost extends HandshakeHost {
  /** Real time, also when the broker's is moved by hand: heartbeats and deadlines of sockets. */
  readonly wallClock: Clock;
  readonly alarms: Alarms;
  readonly log: Log;
  readonly openConnections: Set<object>;
  /** The connection is over. */
  ended(connection: Connection): void;
}

/** The whole handshake must be done in this time (CON-04). */
const HANDSHAKE_MS = 10_000;
/** How long a refused client is kept waiting (CON-14, CON-15). */
const REFUSED_MS = 3_000;
const LONGEST_CLOSE_SECONDS = 30;
const NOTHING = Buffer.alloc(0);

type State = 'header' | 'handshake' | 'running' | 'closing' | 'closed';

/** One stream: frames in, channels, the close handshake. Any duplex will do. */
export class Connection implements ChannelPeer, CommitListener, AlarmListener, OpenConnection {
  readonly output: Output;
  readonly #host: ConnectionHost;
  readonly #stream: Duplex;
  readonly #intake: Intake;
  readonly #handshake: Handshake;
  readonly #decoder: FrameDecoder;
  readonly #channels = new Map<number, Channel>();
  readonly #name: string;
  #state: State = 'header';
  readonly #header = new ProtocolHeader();
  #session: Session | undefined = undefined;
  #actor: Actor | undefined = undefined;
  #deadline: Timer | undefined = undefined;
  #heartbeat: Heartbeat | undefined = undefined;
  #hasReceived = false;
  /** Channels with something to say before this turn's output leaves. */
  readonly #dirty = new Set<Channel>();
  #isFlushScheduled = false;
  /** close-ok is sent when this batch of the journal is on disk. */
  #closeOkAfter = -1;

  constructor(stream: Duplex, host: ConnectionHost, peer: Peer) {
    const { name } = peer;
    this.#stream = stream;
    this.#host = host;
    this.#name = name;
    this.output = new Output(
      stream,
      () => this.#scheduleFlush(),
      () => this.#resumeChannels(),
    );
    this.#intake = new Intake(stream, this.output, host.broker.journal, this);
    this.#handshake = new Handshake(host, peer);
    this.#decoder = new FrameDecoder(host.limits.tune.frameMax, (type, channel, payload) =>
      this.#frame(type, channel, payload),
    );
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', (error) =>
      this.#host.log.debug({ connection: name, error: error.message }, 'socket error'),
    );
    stream.on('close', () => this.#end());
    stream.on('end', () => this.#stream.end());
    this.#deadline = host.wallClock.at(host.wallClock.now() + HANDSHAKE_MS, () => stream.destroy());
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

  get channelCount(): number {
    return this.#channels.size;
  }

  get capabilities(): ReadonlySet<string> {
    return (this.#session as Session).capabilities;
  }

  beforeFlush(channel: Channel): void {
    this.#dirty.add(channel);
    this.#scheduleFlush();
  }

  closed(channel: Channel): void {
    this.#channels.delete(channel.number);
  }

  /** A connection error: everything it had is given back, and only the close handshake is left (CON-54). */
  fail(error: AmqpError, at: MethodIds): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    const fields = { connection: this.#name, code: error.code, reason: error.message };
    if (error.reply === 'CONNECTION_FORCED') this.#host.log.info(fields, 'connection closed');
    else this.#host.log.warn(fields, 'connection closed by an error');
    const isTrusted = this.#state === 'running' && !this.#decoder.isBroken; // CON-33
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
    if (this.#state === 'running') this.fail(new AmqpError('CONNECTION_FORCED', reason), NO_METHOD);
    else if (this.#state !== 'closing') this.#stream.destroy();
  }

  /** Without another word. */
  destroy(): void {
    this.#stream.destroy();
  }

  committed(batch: number): void {
    if (this.#closeOkAfter >= 0) {
      if (this.#closeOkAfter > batch) return this.broker.journal.onCommit(this);
      this.#closeOkAfter = -1;
      this.output.method(0, { name: 'connection.close-ok' });
    }
    this.#updateIntake();
  }

  get #closeMs(): number {
    const seconds = this.#session?.limits.heartbeat ?? 0;
    return 1000 * (seconds === 0 ? LONGEST_CLOSE_SECONDS : Math.min(seconds, LONGEST_CLOSE_SECONDS));
  }

  #read(chunk: Buffer): void {
    this.#hasReceived = true;
    if (this.#state === 'closed') return;
    const frames = this.#state === 'header' ? this.#readHeader(chunk) : chunk;
    if (frames.length === 0) return;
    this.#guard(() => this.#decoder.push(frames));
    this.#updateIntake();
  }

  /** Another protocol is told which one is spoken here (CON-01, CON-02, CON-03). */
  #readHeader(chunk: Buffer): Buffer {
    const header = this.#header.push(chunk);
    if (header === undefined) return NOTHING;
    if (!header.isOurs) {
      this.#state = 'closed';
      this.#stream.end(PROTOCOL_HEADER, () => this.#stream.destroy());
      return NOTHING;
    }
    this.#state = 'handshake';
    this.output.method(0, this.#handshake.start());
    return header.rest;
  }

  /** What the decoder itself refuses. */
  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#refuse(error);
      this.#guard(() => this.#decoder.resume());
    }
  }

  #frame(type: number, number: number, payload: Buffer): void {
    try {
      if (type === FrameType.HEARTBEAT || this.#state === 'closed') return;
      if (this.#state === 'closing') this.#closingFrame(type, number, payload);
      else if (number === 0) this.#control(decodeMethod(payload));
      else this.#channelFrame(type, number, payload);
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
    log.error({ connection: this.#name, stack }, 'a bug: please report it');
    this.fail(new AmqpError('INTERNAL_ERROR', ''), NO_METHOD);
  }

  /** CON-15: no method, the socket goes after a while. */
  #refuseSilently(reason: string): void {
    this.#host.log.warn({ connection: this.#name, reason }, 'refused');
    this.#state = 'closed';
    this.#closeBy(REFUSED_MS);
  }

  #closingFrame(type: number, number: number, payload: Buffer): void {
    if (type !== FrameType.METHOD || number !== 0) return;
    const ids = payload.readUInt32BE(0);
    const isOf = (name: 'connection.close' | 'connection.close-ok'): boolean => {
      const { classId, methodId } = methodIds(name);
      return ids === classId * 65_536 + methodId;
    };
    if (isOf('connection.close')) this.output.method(0, { name: 'connection.close-ok' });
    if (isOf('connection.close-ok')) this.#stream.end();
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
      this.#actor = { user: session.user, users: this.broker.users, connection: this };
      this.#host.openConnections.add(this);
      this.#deadline?.cancel();
      this.#state = 'running';
      this.broker.connections.add(this);
    }
    if (reply !== undefined) this.output.method(0, reply);
  }

  #tuned(): void {
    const { frameMax, heartbeat } = this.#handshake.limits;
    this.#decoder.limit = frameMax;
    this.output.frameMax = frameMax;
    this.#heartbeat = new Heartbeat(this.#host.wallClock, heartbeat, {
      takeSent: () => {
        const { hasSent } = this.output;
        this.output.hasSent = false;
        return hasSent;
      },
      takeReceived: () => {
        const received = this.#intake.takeArrived() || this.#hasReceived;
        this.#hasReceived = false;
        return received;
      },
      isPaused: () => this.#intake.isDeaf,
      sendHeartbeat: () => this.output.raw(HEARTBEAT_FRAME),
      silent: () => {
        this.#host.log.warn({ connection: this.#name, heartbeat }, 'missed heartbeats');
        this.#stream.destroy();
      },
    });
  }

  #channelFrame(type: number, number: number, payload: Buffer): void {
    if (this.#state === 'handshake') {
      throw new AmqpError('UNEXPECTED_FRAME', `type ${type}, ${describeOctets(payload)}`, NO_METHOD); // CON-56
    }
    const channel = this.#channels.get(number);
    if (channel !== undefined) {
      if (this.#host.alarms.isRaised && type !== FrameType.METHOD) this.#block();
      return channel.accept(type, payload);
    }
    const method = type === FrameType.METHOD ? decodeMethod(payload) : undefined;
    if (method?.name !== 'channel.open') {
      const at = method === undefined ? NO_METHOD : methodIds(method.name);
      throw new AmqpError('CHANNEL_ERROR', `expected 'channel.open'`, at); // CHN-05
    }
    const { channelMax } = this.#handshake.limits;
    if (this.#channels.size >= channelMax) {
      const text = `number of channels opened (${channelMax}) has reached the negotiated channel_max (${channelMax})`;
      throw new AmqpError('NOT_ALLOWED', text, NO_METHOD);
    }
    checkChannelLimit(this.broker, this.user);
    this.#channels.set(number, new Channel(number, this));
    this.output.method(number, { name: 'channel.open-ok', channelId: Buffer.alloc(0) });
  }

  /** Whoever publishes in an alarm is not read any more (CON-58). */
  #block(): void {
    if (this.#intake.isBlocked) return;
    const { alarms } = this.#host;
    this.#intake.isBlocked = true;
    this.#decoder.paused = true;
    alarms.onCleared(this);
    this.#sayIfBlockable({ name: 'connection.blocked', reason: alarms.reason });
  }

  alarmsCleared(): void {
    this.#sayIfBlockable({ name: 'connection.unblocked' });
    this.#unblock();
    this.#updateIntake();
  }

  #sayIfBlockable(method: Method): void {
    if (this.capabilities.has('connection.blocked')) this.output.method(0, method);
  }

  /** Goes on with what had been read already. */
  #unblock(): void {
    if (!this.#intake.isBlocked) return;
    this.#intake.isBlocked = false;
    this.#host.alarms.forget(this);
    this.#guard(() => this.#decoder.resume());
  }

  /** Everything is finished, and on disk, before close-ok (CON-52). */
  #closeByClient(): void {
    this.#release();
    this.#state = 'closing';
    this.#closeBy(this.#closeMs);
    const { journal } = this.broker;
    this.#closeOkAfter = journal.gathering;
    journal.onCommit(this);
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      for (const channel of this.#dirty) channel.endTurn();
      this.#dirty.clear();
      this.#isFlushScheduled = false;
      this.output.flush();
    });
  }

  #resumeChannels(): void {
    for (const channel of this.#channels.values()) channel.resume();
    this.#updateIntake();
  }

  #updateIntake(): void {
    if (this.#state === 'running') this.#intake.update();
  }

  #closeBy(ms: number): void {
    const { wallClock } = this.#host;
    this.#deadline?.cancel();
    this.#deadline = wallClock.at(wallClock.now() + ms, () => this.#stream.destroy());
    this.#unblock();
    this.#intake.open();
  }

  /** Gives back everything the connection had (CON-61, QUE-29). */
  #release(): void {
    this.broker.connections.remove(this);
    for (const channel of this.#channels.values()) channel.release();
    this.#channels.clear();
    this.#session?.vhost.removeOwnedBy(this);
  }

  #end(): void {
    this.#deadline?.cancel();
    this.#heartbeat?.stop();
    this.#release();
    this.#state = 'closed';
    this.#host.alarms.forget(this);
    this.#host.openConnections.delete(this);
    this.#host.ended(this);
  }
}
