import type { Duplex } from 'node:stream';
import type { Subscription } from '../broker/consumers.ts';
import type { Entry } from '../broker/message.ts';
import type { Routed } from '../broker/publish.ts';
import { decodeMethod } from '../wire/codec.ts';
import { FrameType } from '../wire/constants.ts';
import { AmqpError, NO_METHOD, replies } from '../wire/errors.ts';
import type { MethodIds, Reply } from '../wire/errors.ts';
import { methods } from '../wire/methods.ts';
import type { Method, MethodName, MethodOf } from '../wire/methods.ts';
import type { Blocking } from './blocking.ts';
import type { Channel } from './channel.ts';
import type { Closing } from './closing.ts';
import type { ConnectionHost } from './connection-host.ts';
import { connectionName } from './connection-details.ts';
import type { ClientMethodName, Moment } from './fault-kinds.ts';
import type { Fault, FaultSubject, FaultTarget } from './faults.ts';
import type { Session } from './handshake.ts';
import type { Input } from './input.ts';
import type { Output } from './output.ts';
import { Pacer, SILENCE } from './pacer.ts';

/** What can go wrong with a connection at any of its moments. */
const OF_CONNECTION = ['drop-connection', 'stall-connection', 'close-connection'] as const;
const OF_CHANNEL = [...OF_CONNECTION, 'close-channel'] as const;
const OF_FRAME = [...OF_CHANNEL, 'block-connection'] as const;
const OF_CONFIRM = [...OF_CHANNEL, 'nack-confirm', 'withhold-confirm'] as const;
const OF_DELIVERY = [...OF_CHANNEL, 'duplicate-delivery', 'cancel-consumer'] as const;

export type PublishFault = Fault<(typeof OF_CONFIRM)[number] | 'return-message'>;

const NOTHING = Buffer.alloc(0);

const namesByIds = new Map<number, ClientMethodName>(
  (Object.keys(methods) as MethodName[]).map((name) => [
    methods[name].classId * 65_536 + methods[name].methodId,
    name as ClientMethodName,
  ]),
);

/** What faults need of the connection they happen to. */
export interface Afflicted {
  readonly input: Input;
  readonly output: Output;
  readonly blocking: Blocking;
  readonly closing: Closing;
  readonly channels: readonly Channel[];
  fail(error: AmqpError, at: MethodIds): void;
}

/** What goes wrong on one connection because somebody asked for it. Nothing of it runs while nobody does. */
export class ConnectionFaults implements FaultTarget {
  readonly #host: ConnectionHost;
  readonly #stream: Duplex;
  readonly #name: string;
  readonly #connection: Afflicted;
  #session: Session | undefined = undefined;
  #pacer: Pacer | undefined = undefined;

  /** @param name `PEER:PORT -> HOST:PORT` */
  constructor(host: ConnectionHost, stream: Duplex, name: string, connection: Afflicted) {
    this.#host = host;
    this.#stream = stream;
    this.#name = name;
    this.#connection = connection;
    host.faults.opened(this);
  }

  /** Somebody asked for something: else there is no use in asking what goes wrong. */
  get isArmed(): boolean {
    return this.#host.faults.isArmed;
  }

  /** Nothing was heard of the client yet. */
  accepted(): void {
    const fault = this.#find(OF_CONNECTION, 'connect');
    if (fault !== undefined) this.#suffer(fault);
  }

  /** The connection is open. */
  opened(session: Session): void {
    this.#session = session;
  }

  ended(): void {
    this.#host.faults.closed(this);
  }

  /** Bytes came. Returns those that are still to be taken. */
  received(chunk: Buffer): Buffer {
    for (const fault of this.#host.faults.ofBytes()) {
      if (!fault.matches(this.#subject())) continue;
      const { before, happens } = fault.takesBytes(this, chunk.length);
      if (!happens) continue;
      this.#connection.input.push(chunk.subarray(0, before));
      this.#suffer(fault);
      return NOTHING;
    }
    return chunk;
  }

  /** A frame came. Returns whether it must not be taken. */
  frame(type: number, number: number, payload: Buffer): boolean {
    const moment = momentOf(type, payload);
    const method = type === FrameType.METHOD ? payload : undefined;
    const fault =
      this.#find(OF_FRAME, 'frame', method) ??
      (moment === undefined ? undefined : this.#find(OF_FRAME, moment, method));
    if (fault === undefined) return false;
    if (fault.kind === 'block-connection') this.#suffer(fault);
    else
      this.#sufferOn(
        fault,
        this.#connection.channels.find((one) => one.number === number),
        idsOf(method),
      );
    return fault.kind !== 'block-connection';
  }

  /** A publish was routed: what is to go wrong with it, or with its confirm. */
  ofPublish(
    method: MethodOf<'basic.publish'>,
    { targets }: Routed,
    isConfirmed: boolean,
  ): PublishFault | undefined {
    const subject = (): FaultSubject => ({
      ...this.#subject(),
      exchange: method.exchange,
      routingKey: method.routingKey,
      queue: targets.map(({ name }) => name),
    });
    const { faults } = this.#host;
    return (
      (method.mandatory ? faults.find(['return-message'], subject, this) : undefined) ??
      (isConfirmed ? faults.find(OF_CONFIRM, subject, this, 'confirm') : undefined)
    );
  }

  /** Instead of a confirm. */
  confirming(fault: PublishFault, channel: Channel): void {
    this.#sufferOn(fault, channel, NO_METHOD, true);
  }

  /** A message was handed to a consumer and has not left yet. */
  delivered(channel: Channel, consumer: Subscription, entry: Entry): void {
    const subject = (): FaultSubject => this.#delivery(entry, consumer);
    const fault = this.#host.faults.find(OF_DELIVERY, subject, this, 'deliver');
    if (fault === undefined) return;
    if (fault.kind === 'duplicate-delivery') channel.deliverAgain(consumer, entry);
    else if (fault.kind === 'cancel-consumer') queueMicrotask(() => channel.cancelConsumer(consumer));
    else this.#sufferOn(fault, channel, NO_METHOD, true);
  }

  /** A delivery is to be settled: whether that is lost. */
  ofSettlement(entry: Entry, queue: string, consumerTag: string | undefined): Fault<'lose-ack'> | undefined {
    const { exchange, routingKey } = entry.message;
    const subject = { ...this.#subject(), exchange, routingKey, queue, consumerTag };
    return this.#host.faults.find(['lose-ack'], () => subject, this);
  }

  /** What was gathered is about to leave. */
  flushing(): void {
    const { output } = this.#connection;
    if (!output.hasGathered || output.sink === SILENCE) return;
    const fault = this.#host.faults.find(['fragment-output'], () => this.#subject(), this);
    if (fault === undefined) return;
    this.#pacer ??= new Pacer(this.#stream, this.#host.wallClock, () => this.#paced());
    this.#pacer.cut(fault.setting.size, fault.setting.delay);
    output.sink = this.#pacer;
  }

  happenNow(fault: Fault): void {
    if (fault.kind === 'cancel-consumer') return this.#cancelConsumers(fault);
    const isOpen = this.#session !== undefined;
    if (!isOpen && (fault.kind === 'close-connection' || fault.kind === 'block-connection')) return;
    if (fault.kind === 'block-connection' && this.#connection.blocking.isBlocked) return;
    if (fault.matches(this.#subject()) && fault.takes(this)) this.#suffer(fault);
  }

  #suffer(fault: Fault): void {
    this.#sufferOn(fault, undefined, NO_METHOD);
  }

  /** @param isLater what gives messages back must not happen in the middle of a queue's work */
  #sufferOn(fault: Fault, channel: Channel | undefined, at: MethodIds, isLater = false): void {
    const { setting } = fault;
    const soon = (task: () => void): void => (isLater ? queueMicrotask(task) : task());
    switch (setting.kind) {
      case 'drop-connection':
        return this.#drop(setting.reset);
      case 'stall-connection':
        return this.#stall();
      case 'close-connection':
        return soon(() => this.#connection.fail(errorOf(setting), at));
      case 'close-channel':
        return soon(() => channel?.fail(errorOf(setting), at));
      case 'block-connection':
        return this.#block(fault, setting.reason, setting.duration);
      default: // the others are no matter of a connection
    }
  }

  #drop(reset: boolean): void {
    this.#connection.input.stop();
    const socket = this.#stream as { encrypted?: boolean; resetAndDestroy?: () => void };
    if (reset && socket.encrypted !== true && socket.resetAndDestroy !== undefined) socket.resetAndDestroy();
    else this.#stream.destroy();
  }

  #stall(): void {
    const { input, output, closing } = this.#connection;
    input.stop();
    output.sink = SILENCE;
    closing.keep();
  }

  #block(fault: Fault, reason: string, duration: number | undefined): void {
    const { blocking } = this.#connection;
    if (!blocking.hold(reason)) return;
    const keep = fault.onRemove(() => blocking.letGo());
    if (duration === undefined) return;
    const { clock } = this.#host.broker;
    clock.at(clock.now() + duration, () => {
      keep();
      blocking.letGo();
    });
  }

  #cancelConsumers(fault: Fault): void {
    for (const channel of this.#connection.channels) {
      for (const consumer of channel.consumers) {
        const { queue, consumerTag } = consumer;
        const subject = { ...this.#subject(), queue: queue.name, consumerTag };
        if (fault.matches(subject) && fault.takes(this)) channel.cancelConsumer(consumer);
      }
    }
  }

  /** Everything that waited has been sent. */
  #paced(): void {
    if (this.#connection.output.sink === this.#pacer) this.#connection.output.sink = undefined;
    this.#pacer = undefined;
  }

  #find<K extends (typeof OF_FRAME)[number]>(
    kinds: readonly K[],
    moment: Moment,
    payload?: Buffer,
  ): Fault<K> | undefined {
    const subject = (): FaultSubject =>
      payload === undefined ? this.#subject() : { ...this.#subject(), ...namesIn(decodeMethod(payload)) };
    return this.#host.faults.find(kinds, subject, this, moment);
  }

  #subject(): FaultSubject {
    const session = this.#session;
    return {
      connection: [this.#name, session === undefined ? undefined : connectionName(session.clientProperties)],
      user: session?.user,
      vhost: session?.vhost.name,
    };
  }

  #delivery({ message }: Entry, { queue, consumerTag }: Subscription): FaultSubject {
    const { exchange, routingKey } = message;
    return { ...this.#subject(), exchange, routingKey, queue: queue.name, consumerTag };
  }
}

function momentOf(type: number, payload: Buffer): Moment | undefined {
  if (type === FrameType.HEADER) return 'content';
  return type === FrameType.METHOD ? namesByIds.get(payload.readUInt32BE(0)) : undefined;
}

function idsOf(payload: Buffer | undefined): MethodIds {
  return payload === undefined
    ? NO_METHOD
    : { classId: payload.readUInt16BE(0), methodId: payload.readUInt16BE(2) };
}

/** What a method is about, as far as it says it. */
function namesIn(method: Method): FaultSubject {
  const { exchange, routingKey, queue, consumerTag } = method as Partial<Record<keyof FaultSubject, string>>;
  return { exchange, routingKey, queue, consumerTag };
}

function errorOf({ code, text }: { readonly code: number; readonly text: string }): AmqpError {
  const names = Object.keys(replies) as Reply[];
  const reply = names.find((name) => replies[name].code === code) ?? 'INTERNAL_ERROR';
  return new AmqpError(reply, text);
}
