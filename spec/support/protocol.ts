import { Buffer } from 'node:buffer';
import { Cursor, decodeTable, encodeLongstr, encodeShortstr, encodeTable } from './fields.ts';
import type { Fields, Table } from './fields.ts';

export const frames = { method: 1, header: 2, body: 3, heartbeat: 8, end: 206 } as const;

export const PROTOCOL_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

/** What a client gives, and what it gets, for every type of argument. */
interface Given {
  octet: number;
  short: number;
  long: number;
  longlong: number;
  bit: boolean;
  shortstr: string | Buffer;
  longstr: string | Buffer;
  table: Table;
}
interface Got extends Omit<Given, 'shortstr' | 'longstr' | 'table'> {
  shortstr: string;
  longstr: Buffer;
  table: Fields;
}
type Kind = keyof Given;

interface Row<A extends Readonly<Record<string, Kind>>> {
  readonly ids: readonly [number, number];
  readonly args: A;
}

function row<const A extends Readonly<Record<string, Kind>>>(
  classId: number,
  methodId: number,
  args: A,
): Row<A> {
  return { ids: [classId, methodId], args };
}

const close = { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' } as const;
const tune = { channelMax: 'short', frameMax: 'long', heartbeat: 'short' } as const;
const queueBinding = {
  ticket: 'short',
  queue: 'shortstr',
  exchange: 'shortstr',
  routingKey: 'shortstr',
} as const;
const exchangeBinding = {
  ticket: 'short',
  destination: 'shortstr',
  source: 'shortstr',
  routingKey: 'shortstr',
  noWait: 'bit',
  arguments: 'table',
} as const;

/** Every method of AMQP 0-9-1 and of RabbitMQ's additions: its ids, and its arguments in the order of the wire. */
const methods = {
  'connection.start': row(10, 10, {
    versionMajor: 'octet',
    versionMinor: 'octet',
    serverProperties: 'table',
    mechanisms: 'longstr',
    locales: 'longstr',
  }),
  'connection.start-ok': row(10, 11, {
    clientProperties: 'table',
    mechanism: 'shortstr',
    response: 'longstr',
    locale: 'shortstr',
  }),
  'connection.secure': row(10, 20, { challenge: 'longstr' }),
  'connection.secure-ok': row(10, 21, { response: 'longstr' }),
  'connection.tune': row(10, 30, tune),
  'connection.tune-ok': row(10, 31, tune),
  'connection.open': row(10, 40, { virtualHost: 'shortstr', capabilities: 'shortstr', insist: 'bit' }),
  'connection.open-ok': row(10, 41, { knownHosts: 'shortstr' }),
  'connection.close': row(10, 50, close),
  'connection.close-ok': row(10, 51, {}),
  'connection.blocked': row(10, 60, { reason: 'shortstr' }),
  'connection.unblocked': row(10, 61, {}),
  'connection.update-secret': row(10, 70, { newSecret: 'longstr', reason: 'shortstr' }),
  'connection.update-secret-ok': row(10, 71, {}),

  'channel.open': row(20, 10, { outOfBand: 'shortstr' }),
  'channel.open-ok': row(20, 11, { channelId: 'longstr' }),
  'channel.flow': row(20, 20, { active: 'bit' }),
  'channel.flow-ok': row(20, 21, { active: 'bit' }),
  'channel.close': row(20, 40, close),
  'channel.close-ok': row(20, 41, {}),

  'access.request': row(30, 10, {
    realm: 'shortstr',
    exclusive: 'bit',
    passive: 'bit',
    active: 'bit',
    write: 'bit',
    read: 'bit',
  }),
  'access.request-ok': row(30, 11, { ticket: 'short' }),

  'exchange.declare': row(40, 10, {
    ticket: 'short',
    exchange: 'shortstr',
    type: 'shortstr',
    passive: 'bit',
    durable: 'bit',
    autoDelete: 'bit',
    internal: 'bit',
    noWait: 'bit',
    arguments: 'table',
  }),
  'exchange.declare-ok': row(40, 11, {}),
  'exchange.delete': row(40, 20, { ticket: 'short', exchange: 'shortstr', ifUnused: 'bit', noWait: 'bit' }),
  'exchange.delete-ok': row(40, 21, {}),
  'exchange.bind': row(40, 30, exchangeBinding),
  'exchange.bind-ok': row(40, 31, {}),
  'exchange.unbind': row(40, 40, exchangeBinding),
  'exchange.unbind-ok': row(40, 51, {}),

  'queue.declare': row(50, 10, {
    ticket: 'short',
    queue: 'shortstr',
    passive: 'bit',
    durable: 'bit',
    exclusive: 'bit',
    autoDelete: 'bit',
    noWait: 'bit',
    arguments: 'table',
  }),
  'queue.declare-ok': row(50, 11, { queue: 'shortstr', messageCount: 'long', consumerCount: 'long' }),
  'queue.bind': row(50, 20, { ...queueBinding, noWait: 'bit', arguments: 'table' }),
  'queue.bind-ok': row(50, 21, {}),
  'queue.purge': row(50, 30, { ticket: 'short', queue: 'shortstr', noWait: 'bit' }),
  'queue.purge-ok': row(50, 31, { messageCount: 'long' }),
  'queue.delete': row(50, 40, {
    ticket: 'short',
    queue: 'shortstr',
    ifUnused: 'bit',
    ifEmpty: 'bit',
    noWait: 'bit',
  }),
  'queue.delete-ok': row(50, 41, { messageCount: 'long' }),
  'queue.unbind': row(50, 50, { ...queueBinding, arguments: 'table' }),
  'queue.unbind-ok': row(50, 51, {}),

  'basic.qos': row(60, 10, { prefetchSize: 'long', prefetchCount: 'short', global: 'bit' }),
  'basic.qos-ok': row(60, 11, {}),
  'basic.consume': row(60, 20, {
    ticket: 'short',
    queue: 'shortstr',
    consumerTag: 'shortstr',
    noLocal: 'bit',
    noAck: 'bit',
    exclusive: 'bit',
    noWait: 'bit',
    arguments: 'table',
  }),
  'basic.consume-ok': row(60, 21, { consumerTag: 'shortstr' }),
  'basic.cancel': row(60, 30, { consumerTag: 'shortstr', noWait: 'bit' }),
  'basic.cancel-ok': row(60, 31, { consumerTag: 'shortstr' }),
  'basic.publish': row(60, 40, {
    ticket: 'short',
    exchange: 'shortstr',
    routingKey: 'shortstr',
    mandatory: 'bit',
    immediate: 'bit',
  }),
  'basic.return': row(60, 50, {
    replyCode: 'short',
    replyText: 'shortstr',
    exchange: 'shortstr',
    routingKey: 'shortstr',
  }),
  'basic.deliver': row(60, 60, {
    consumerTag: 'shortstr',
    deliveryTag: 'longlong',
    redelivered: 'bit',
    exchange: 'shortstr',
    routingKey: 'shortstr',
  }),
  'basic.get': row(60, 70, { ticket: 'short', queue: 'shortstr', noAck: 'bit' }),
  'basic.get-ok': row(60, 71, {
    deliveryTag: 'longlong',
    redelivered: 'bit',
    exchange: 'shortstr',
    routingKey: 'shortstr',
    messageCount: 'long',
  }),
  'basic.get-empty': row(60, 72, { clusterId: 'shortstr' }),
  'basic.ack': row(60, 80, { deliveryTag: 'longlong', multiple: 'bit' }),
  'basic.reject': row(60, 90, { deliveryTag: 'longlong', requeue: 'bit' }),
  'basic.recover-async': row(60, 100, { requeue: 'bit' }),
  'basic.recover': row(60, 110, { requeue: 'bit' }),
  'basic.recover-ok': row(60, 111, {}),
  'basic.nack': row(60, 120, { deliveryTag: 'longlong', multiple: 'bit', requeue: 'bit' }),

  'confirm.select': row(85, 10, { noWait: 'bit' }),
  'confirm.select-ok': row(85, 11, {}),

  'tx.select': row(90, 10, {}),
  'tx.select-ok': row(90, 11, {}),
  'tx.commit': row(90, 20, {}),
  'tx.commit-ok': row(90, 21, {}),
  'tx.rollback': row(90, 30, {}),
  'tx.rollback-ok': row(90, 31, {}),
};

type Methods = typeof methods;

/** `class.method`, as the specification writes it. */
export type MethodName = keyof Methods;

/** The arguments a client gives; those it leaves out are zero, empty or false. */
export type Args<N extends MethodName> = {
  readonly [K in keyof Methods[N]['args']]?: Methods[N]['args'][K] extends Kind
    ? Given[Methods[N]['args'][K]]
    : never;
};

/** A method as it was received. */
export type Received<N extends MethodName> = { readonly name: N } & {
  readonly [K in keyof Methods[N]['args']]: Methods[N]['args'][K] extends Kind
    ? Got[Methods[N]['args'][K]]
    : never;
};

/** Any method as it was received, told apart by its name. */
export type AnyReceived = { [N in MethodName]: Received<N> }[MethodName];

/** Class and method id, as a close method carries them. */
export function methodIds(name: MethodName): { readonly classId: number; readonly methodId: number } {
  const [classId, methodId] = methods[name].ids;
  return { classId, methodId };
}

/** The payload of a method frame. */
export function encodeMethod<N extends MethodName>(name: N, args: Args<N>): Buffer {
  const { ids, args: kinds } = methods[name];
  const head = Buffer.alloc(4);
  head.writeUInt16BE(ids[0]);
  head.writeUInt16BE(ids[1], 2);
  return Buffer.concat([head, encodeArgs(kinds, args)]);
}

function encodeArgs(kinds: Readonly<Record<string, Kind>>, args: Readonly<Record<string, unknown>>): Buffer {
  const parts: Buffer[] = [];
  let bits: boolean[] = [];
  const flush = (): void => {
    if (bits.length > 0)
      parts.push(Buffer.from([bits.reduce((octet, bit, at) => octet | (Number(bit) << at), 0)]));
    bits = [];
  };
  for (const [name, kind] of Object.entries(kinds)) {
    const value = args[name];
    if (kind === 'bit') {
      bits.push(value === true);
      continue;
    }
    flush();
    parts.push(encodeArg(kind, value));
  }
  flush();
  return Buffer.concat(parts);
}

function encodeArg(kind: Exclude<Kind, 'bit'>, value: unknown): Buffer {
  switch (kind) {
    case 'shortstr':
      return encodeShortstr((value ?? '') as string | Buffer);
    case 'longstr':
      return encodeLongstr((value ?? '') as string | Buffer);
    case 'table':
      return encodeLongstr(encodeTable((value ?? {}) as Table));
    default: {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt((value ?? 0) as number));
      return bytes.subarray(8 - { octet: 1, short: 2, long: 4, longlong: 8 }[kind]);
    }
  }
}

const names: ReadonlyMap<string, MethodName> = new Map(
  Object.entries(methods).map(([name, { ids }]) => [ids.join('.'), name as MethodName]),
);

/** A method from the payload of its frame. */
export function decodeMethod(payload: Buffer): AnyReceived {
  const cursor = new Cursor(payload);
  const ids = `${cursor.unsigned(2)}.${cursor.unsigned(2)}`;
  const name = names.get(ids);
  if (name === undefined) throw new RangeError(`unknown method ${ids}`);
  return { name, ...decodeArgs(methods[name].args, cursor) } as AnyReceived;
}

function decodeArgs(kinds: Readonly<Record<string, Kind>>, cursor: Cursor): object {
  const args: Record<string, unknown> = {};
  let bits = 0;
  let octet = 0;
  for (const [name, kind] of Object.entries(kinds)) {
    if (kind !== 'bit') {
      bits = 0;
      args[name] = decodeArg(kind, cursor);
      continue;
    }
    if (bits % 8 === 0) octet = cursor.unsigned(1);
    args[name] = ((octet >> (bits++ % 8)) & 1) === 1;
  }
  return args;
}

function decodeArg(kind: Exclude<Kind, 'bit'>, cursor: Cursor): unknown {
  switch (kind) {
    case 'octet':
      return cursor.unsigned(1);
    case 'short':
      return cursor.unsigned(2);
    case 'long':
      return cursor.unsigned(4);
    case 'longlong':
      return Number(cursor.take(8).readBigUInt64BE());
    case 'shortstr':
      return cursor.shortstr();
    case 'longstr':
      return Buffer.from(cursor.longstr());
    case 'table':
      return decodeTable(cursor.longstr());
  }
}
