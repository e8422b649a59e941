import { type Buffer } from 'node:buffer';
import { type Reader, type Writer } from './buffer.ts';
import { type MethodIds } from './errors.ts';
import { readTable, writeTable, type FieldTable } from './table.ts';

/** How one argument goes to and from the wire. */
export interface Field<T> {
  /** What is read may be a view of the bytes it is read from. */
  readonly views?: true;
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

type Sender = 'client' | 'server' | 'both';
type Fields = Readonly<Record<string, Field<unknown>>>;

interface Row<From extends Sender, F extends Fields> {
  readonly classId: number;
  readonly methodId: number;
  readonly from: From;
  readonly fields: F;
}

function method<From extends Sender, F extends Fields>(
  classId: number,
  methodId: number,
  from: From,
  fields: F,
): Row<From, F> {
  return { classId, methodId, from, fields };
}

const bit: Field<boolean> = { read: (r) => r.bit(), write: (w, v) => w.bit(v) };
const u8: Field<number> = { read: (r) => r.u8(), write: (w, v) => w.u8(v) };
const u16: Field<number> = { read: (r) => r.u16(), write: (w, v) => w.u16(v) };
const u32: Field<number> = { read: (r) => r.u32(), write: (w, v) => w.u32(v) };
const u64: Field<number> = { read: (r) => r.u64(), write: (w, v) => w.u64(v) };
const shortstr: Field<string> = { read: (r) => r.shortstr(), write: (w, v) => w.shortstr(v) };
const longstr: Field<Buffer> = { views: true, read: (r) => r.longstr(), write: (w, v) => w.longstr(v) };
const table: Field<FieldTable> = {
  views: true,
  read: (r) => readTable(r.longstr()),
  write: (w, v) => w.longstr(writeTable(v)),
};

const close = { replyCode: u16, replyText: shortstr, classId: u16, methodId: u16 };
const exchangeBinding = {
  ticket: u16,
  destination: shortstr,
  source: shortstr,
  routingKey: shortstr,
  noWait: bit,
  arguments: table,
};

/**
 * Every method of AMQP 0-9-1 with RabbitMQ's additions (CON-46): its ids, who may send it, its arguments in wire
 * order. `ticket`, `capabilities`, `insist`, `outOfBand`, `realm`, `knownHosts`, `channelId` and `clusterId` mean
 * nothing any more (GEN-11).
 */
export const methods = {
  'connection.start': method(10, 10, 'server', {
    versionMajor: u8,
    versionMinor: u8,
    serverProperties: table,
    mechanisms: longstr,
    locales: longstr,
  }),
  'connection.start-ok': method(10, 11, 'client', {
    clientProperties: table,
    mechanism: shortstr,
    response: longstr,
    locale: shortstr,
  }),
  /** One more round of a SASL mechanism that needs several. */
  'connection.secure': method(10, 20, 'server', { challenge: longstr }),
  'connection.secure-ok': method(10, 21, 'client', { response: longstr }),
  /** What the server can bear; 0 is no limit. */
  'connection.tune': method(10, 30, 'server', { channelMax: u16, frameMax: u32, heartbeat: u16 }),
  'connection.tune-ok': method(10, 31, 'client', { channelMax: u16, frameMax: u32, heartbeat: u16 }),
  'connection.open': method(10, 40, 'client', { virtualHost: shortstr, capabilities: shortstr, insist: bit }),
  'connection.open-ok': method(10, 41, 'server', { knownHosts: shortstr }),
  'connection.close': method(10, 50, 'both', close),
  'connection.close-ok': method(10, 51, 'both', {}),
  /** The server has stopped reading what this connection publishes. */
  'connection.blocked': method(10, 60, 'server', { reason: shortstr }),
  'connection.unblocked': method(10, 61, 'server', {}),
  /** New credentials before the old ones run out. */
  'connection.update-secret': method(10, 70, 'client', { newSecret: longstr, reason: shortstr }),
  'connection.update-secret-ok': method(10, 71, 'server', {}),

  'channel.open': method(20, 10, 'client', { outOfBand: shortstr }),
  'channel.open-ok': method(20, 11, 'server', { channelId: longstr }),
  'channel.flow': method(20, 20, 'both', { active: bit }),
  'channel.flow-ok': method(20, 21, 'both', { active: bit }),
  'channel.close': method(20, 40, 'both', close),
  'channel.close-ok': method(20, 41, 'both', {}),

  /** A relic of AMQP 0-9 that some clients still send. */
  'access.request': method(30, 10, 'client', {
    realm: shortstr,
    exclusive: bit,
    passive: bit,
    active: bit,
    write: bit,
    read: bit,
  }),
  'access.request-ok': method(30, 11, 'server', { ticket: u16 }),

  'exchange.declare': method(40, 10, 'client', {
    ticket: u16,
    exchange: shortstr,
    type: shortstr,
    passive: bit,
    durable: bit,
    autoDelete: bit,
    internal: bit,
    noWait: bit,
    arguments: table,
  }),
  'exchange.declare-ok': method(40, 11, 'server', {}),
  'exchange.delete': method(40, 20, 'client', {
    ticket: u16,
    exchange: shortstr,
    ifUnused: bit,
    noWait: bit,
  }),
  'exchange.delete-ok': method(40, 21, 'server', {}),
  'exchange.bind': method(40, 30, 'client', exchangeBinding),
  'exchange.bind-ok': method(40, 31, 'server', {}),
  'exchange.unbind': method(40, 40, 'client', exchangeBinding),
  /** 51 and not 41: a slip in the extension that everybody now depends on. */
  'exchange.unbind-ok': method(40, 51, 'server', {}),

  'queue.declare': method(50, 10, 'client', {
    ticket: u16,
    queue: shortstr,
    passive: bit,
    durable: bit,
    exclusive: bit,
    autoDelete: bit,
    noWait: bit,
    arguments: table,
  }),
  'queue.declare-ok': method(50, 11, 'server', { queue: shortstr, messageCount: u32, consumerCount: u32 }),
  'queue.bind': method(50, 20, 'client', {
    ticket: u16,
    queue: shortstr,
    exchange: shortstr,
    routingKey: shortstr,
    noWait: bit,
    arguments: table,
  }),
  'queue.bind-ok': method(50, 21, 'server', {}),
  'queue.purge': method(50, 30, 'client', { ticket: u16, queue: shortstr, noWait: bit }),
  'queue.purge-ok': method(50, 31, 'server', { messageCount: u32 }),
  'queue.delete': method(50, 40, 'client', {
    ticket: u16,
    queue: shortstr,
    ifUnused: bit,
    ifEmpty: bit,
    noWait: bit,
  }),
  'queue.delete-ok': method(50, 41, 'server', { messageCount: u32 }),
  'queue.unbind': method(50, 50, 'client', {
    ticket: u16,
    queue: shortstr,
    exchange: shortstr,
    routingKey: shortstr,
    arguments: table,
  }),
  'queue.unbind-ok': method(50, 51, 'server', {}),

  'basic.qos': method(60, 10, 'client', { prefetchSize: u32, prefetchCount: u16, global: bit }),
  'basic.qos-ok': method(60, 11, 'server', {}),
  'basic.consume': method(60, 20, 'client', {
    ticket: u16,
    queue: shortstr,
    consumerTag: shortstr,
    noLocal: bit,
    noAck: bit,
    exclusive: bit,
    noWait: bit,
    arguments: table,
  }),
  'basic.consume-ok': method(60, 21, 'server', { consumerTag: shortstr }),
  /** From the server: the queue of this consumer is gone. */
  'basic.cancel': method(60, 30, 'both', { consumerTag: shortstr, noWait: bit }),
  'basic.cancel-ok': method(60, 31, 'both', { consumerTag: shortstr }),
  'basic.publish': method(60, 40, 'client', {
    ticket: u16,
    exchange: shortstr,
    routingKey: shortstr,
    mandatory: bit,
    immediate: bit,
  }),
  /** A mandatory message that no queue took comes back. */
  'basic.return': method(60, 50, 'server', {
    replyCode: u16,
    replyText: shortstr,
    exchange: shortstr,
    routingKey: shortstr,
  }),
  'basic.deliver': method(60, 60, 'server', {
    consumerTag: shortstr,
    deliveryTag: u64,
    redelivered: bit,
    exchange: shortstr,
    routingKey: shortstr,
  }),
  'basic.get': method(60, 70, 'client', { ticket: u16, queue: shortstr, noAck: bit }),
  'basic.get-ok': method(60, 71, 'server', {
    deliveryTag: u64,
    redelivered: bit,
    exchange: shortstr,
    routingKey: shortstr,
    messageCount: u32,
  }),
  'basic.get-empty': method(60, 72, 'server', { clusterId: shortstr }),
  /** From the server: a confirm. */
  'basic.ack': method(60, 80, 'both', { deliveryTag: u64, multiple: bit }),
  'basic.reject': method(60, 90, 'client', { deliveryTag: u64, requeue: bit }),
  /** Recover without an answer. */
  'basic.recover-async': method(60, 100, 'client', { requeue: bit }),
  'basic.recover': method(60, 110, 'client', { requeue: bit }),
  'basic.recover-ok': method(60, 111, 'server', {}),
  /** From the server: a publish that was not taken; `requeue` means nothing then. */
  'basic.nack': method(60, 120, 'both', { deliveryTag: u64, multiple: bit, requeue: bit }),

  'confirm.select': method(85, 10, 'client', { noWait: bit }),
  'confirm.select-ok': method(85, 11, 'server', {}),

  'tx.select': method(90, 10, 'client', {}),
  'tx.select-ok': method(90, 11, 'server', {}),
  'tx.commit': method(90, 20, 'client', {}),
  'tx.commit-ok': method(90, 21, 'server', {}),
  'tx.rollback': method(90, 30, 'client', {}),
  'tx.rollback-ok': method(90, 31, 'server', {}),
};

type Table = typeof methods;
type Args<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** `class.method`, as the specification writes it. */
export type MethodName = keyof Table;

/** One method with its arguments. */
export type MethodOf<N extends MethodName> = { readonly name: N } & Args<Table[N]['fields']>;

/** Any method with its arguments, told apart by `name`. */
export type Method = { [N in MethodName]: MethodOf<N> }[MethodName];

/** What a client may send: the switch in the channel covers exactly this union. */
export type ClientMethod = {
  [N in MethodName]: Table[N]['from'] extends 'server' ? never : MethodOf<N>;
}[MethodName];

/** After these a content header follows, and a body. */
export const carriesContent: ReadonlySet<MethodName> = new Set<MethodName>([
  'basic.publish',
  'basic.return',
  'basic.deliver',
  'basic.get-ok',
]);

/** The ids of a method, as a close that blames it carries them. */
export function methodIds(name: MethodName): MethodIds {
  const { classId, methodId } = methods[name];
  return { classId, methodId };
}
