import { replies } from '../wire/errors.ts';
import { methods } from '../wire/methods.ts';
import type { ClientMethod } from '../wire/methods.ts';

/** One thing that can be said of a fault: what it means and which values it takes. */
export interface FaultField<T, D extends T | undefined = T | undefined> {
  readonly help: string;
  /** Which values it takes, as an error says it. */
  readonly takes: string;
  /** What is meant when nothing is said; undefined: nothing. */
  readonly fallback: D;
  /** The values it takes, when they are names. */
  readonly names?: readonly string[];
  /** Undefined when the value is not one it takes. */
  read(value: unknown): T | undefined;
}

type Fields = Readonly<Record<string, FaultField<unknown>>>;

interface Kind<F extends Fields> {
  readonly help: string;
  readonly fields: F;
}

function kind<F extends Fields>(help: string, fields: F): Kind<F> {
  return { help, fields };
}

function whole<D extends number | undefined = undefined>(
  least: number,
  help: string,
  fallback?: D,
): FaultField<number, D> {
  const read = (value: unknown): number | undefined => {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    return Number.isSafeInteger(number) && (number as number) >= least ? (number as number) : undefined;
  };
  return { help, takes: `a whole number of ${least} or more`, fallback: fallback as D, read };
}

function text<D extends string | undefined = undefined>(help: string, fallback?: D): FaultField<string, D> {
  const read = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return { help, takes: 'a text', fallback: fallback as D, read };
}

/** A name in which `*` stands for anything. */
function pattern(help: string): FaultField<string, undefined> {
  return { ...text(`${help}; * stands for anything`), takes: 'a name, in which * stands for anything' };
}

function flag(help: string): FaultField<boolean, boolean> {
  const known = new Map<unknown, boolean>([
    [true, true],
    [false, false],
    ['true', true],
    ['false', false],
  ]);
  return { help, takes: 'true or false', fallback: false, read: (value) => known.get(value) };
}

function oneOf<const N extends string>(names: readonly N[], fallback: N, help: string): FaultField<N, N> {
  const read = (value: unknown): N | undefined => names.find((name) => name === value);
  return { help, takes: `one of ${names.join(', ')}`, fallback, names, read };
}

/** A reply code of the protocol. */
function replyCode(fallback: number, closes?: 'channel'): FaultField<number, number> {
  const rows = Object.values(replies).filter((row) => closes === undefined || row.closes === closes);
  const codes = rows.map(({ code }) => code);
  const read = (value: unknown): number | undefined => codes.find((code) => code === Number(value));
  return { help: 'the reply code', takes: `one of ${codes.join(', ')}`, fallback, read };
}

const times: FaultField<number, number> = {
  help: 'how often it happens: a number, or always; with on: now it is all that are there',
  takes: 'a whole number of 1 or more, or always',
  fallback: 1,
  read: (value) => (value === 'always' || value === Infinity ? Infinity : whole(1, '').read(value)),
};

const probability: FaultField<number, number> = {
  help: 'how likely it is each time it could happen, from 0 to 1',
  takes: 'a number from 0 to 1',
  fallback: 1,
  read: (value) => {
    const number = typeof value === 'string' && value !== '' ? Number(value) : value;
    return typeof number === 'number' && number >= 0 && number <= 1 ? number : undefined;
  },
};

/** What can be said of every fault. */
export const commonFields = {
  times,
  after: whole(
    0,
    'how often it could happen before it does; with on: bytes, how many octets come before it',
    0,
  ),
  probability,
  per: oneOf(
    ['broker', 'connection'],
    'broker',
    'whether after counts for all together or for each connection',
  ),
};

const byConnection = {
  connection: pattern('only connections of this name: the one the client gave, or PEER:PORT -> HOST:PORT'),
  user: pattern('only connections of this user'),
  vhost: pattern('only connections to this vhost'),
};

const byMessage = {
  exchange: pattern('only with this exchange'),
  routingKey: pattern('only with this routing key'),
  queue: pattern('only with this queue; of a publish, one it is routed to'),
};

const byDelivery = { ...byMessage, consumerTag: pattern('only with this consumer') };

export type ClientMethodName = ClientMethod['name'];

const clientMethods = (Object.keys(methods) as (keyof typeof methods)[]).filter(
  (name): name is ClientMethodName => methods[name].from !== 'server',
);
/** Those that a channel refuses or does. */
const channelMethods = clientMethods.filter(
  (name) => !name.startsWith('connection.') && !name.startsWith('channel.'),
);
const OPEN_MOMENTS = ['now', 'frame', 'content', 'confirm', 'deliver'] as const;

/** When a fault can happen, besides: when a method arrives. */
export const momentHelp = {
  now: 'at once, to what is there',
  connect: 'when a connection is accepted',
  bytes: 'when so many octets have come, in the middle of a frame if need be',
  frame: 'when a frame arrives, other than a heartbeat',
  content: 'when the header of a message arrives and its body has not: in the middle of a publish',
  confirm: 'when a publish would be confirmed: it is done, and on disk where that is promised',
  deliver: 'when a message is handed to a consumer',
  'before-commit': 'when a batch is about to be written: nothing of it is on disk',
  'after-commit': 'when a batch is on disk and nobody has heard of it',
} as const;

export type Moment = keyof typeof momentHelp | ClientMethodName;

/**
 * Every kind of fault: what happens, and what can be said of it. Types, validation, help and documentation come from
 * here.
 */
export const faultKinds = {
  'drop-connection': kind('ends the connection without a word', {
    on: oneOf(
      [...OPEN_MOMENTS, 'connect', 'bytes', ...clientMethods],
      'now',
      'when: a moment, or the method that arrives',
    ),
    reset: flag('with a TCP reset, as if the machine had gone'),
    ...byConnection,
    ...byDelivery,
  }),
  'stall-connection': kind('says nothing more and takes nothing in, and leaves the connection open', {
    on: oneOf(
      [...OPEN_MOMENTS, 'connect', 'bytes', ...clientMethods],
      'connect',
      'when: a moment, or the method that is not answered',
    ),
    ...byConnection,
    ...byDelivery,
  }),
  'close-connection': kind('closes the connection with a code and a text', {
    on: oneOf([...OPEN_MOMENTS, ...channelMethods], 'now', 'when: a moment, or the method that is not done'),
    code: replyCode(320),
    text: text('what the reply text says behind the name of the code', 'asked for by a fault'),
    ...byConnection,
    ...byDelivery,
  }),
  'refuse-login': kind('refuses a login although the password is right (403)', {
    connection: byConnection.connection,
    user: byConnection.user,
  }),
  'close-channel': kind('closes the channel with a code and a text', {
    on: oneOf(
      ['confirm', 'deliver', ...channelMethods],
      'basic.publish',
      'when: a moment, or the method that is not done',
    ),
    code: replyCode(406, 'channel'),
    text: text('what the reply text says behind the name of the code', 'asked for by a fault'),
    ...byConnection,
    ...byDelivery,
  }),
  'nack-confirm': kind('answers a publish in confirm mode with a nack', {
    stored: flag('although the message is in its queues; else it is in none'),
    ...byConnection,
    ...byMessage,
  }),
  'withhold-confirm': kind('does not confirm a publish, although it is done', {
    delay: whole(
      0,
      "confirms it after so many milliseconds of the broker's clock; else when the fault is removed",
    ),
    ...byConnection,
    ...byMessage,
  }),
  'return-message': kind('returns a mandatory message although it could be routed; no queue gets it', {
    code: replyCode(312, 'channel'),
    text: text('the reply text', 'NO_ROUTE'),
    ...byConnection,
    ...byMessage,
  }),
  'duplicate-delivery': kind('delivers a message twice, the second time as redelivered', {
    ...byConnection,
    ...byDelivery,
  }),
  'lose-ack': kind('loses an ack, nack or reject: the delivery stays unacked', {
    delay: whole(0, "takes it after so many milliseconds of the broker's clock; else never"),
    ...byConnection,
    ...byDelivery,
  }),
  'cancel-consumer': kind('cancels a consumer, as when its queue is deleted', {
    on: oneOf(['now', 'deliver'], 'now', 'when; deliver: after that message'),
    ...byConnection,
    queue: byDelivery.queue,
    consumerTag: byDelivery.consumerTag,
  }),
  'block-connection': kind(
    'blocks a connection as in an alarm (connection.blocked), until the fault is removed',
    {
      on: oneOf(['now', 'basic.publish'], 'now', 'when'),
      reason: text('what the client is told', 'low on memory'),
      duration: whole(1, "for so many milliseconds of the broker's clock"),
      ...byConnection,
    },
  ),
  'fragment-output': kind('sends what the broker says in one turn in pieces', {
    size: whole(1, 'octets of a piece', 1),
    delay: whole(0, 'milliseconds of real time between pieces', 0),
    ...byConnection,
  }),
  crash: kind('ends the broker as kill -9 would; it needs a data directory', {
    on: oneOf(['before-commit', 'after-commit'], 'before-commit', 'when'),
  }),
};

export type FaultKind = keyof typeof faultKinds;

type Options<F> = { readonly [K in keyof F]?: F[K] extends FaultField<infer T> ? T : never };
type Common = Omit<Options<typeof commonFields>, 'times'> & { readonly times?: number | 'always' };

/** What a fault is asked for with: a kind, and what can be said of that kind. */
export type FaultOptions = {
  [K in FaultKind]: { readonly kind: K } & Options<(typeof faultKinds)[K]['fields']> & Common;
}[FaultKind];

type Values<F> = {
  readonly [K in keyof F]: F[K] extends FaultField<infer T, infer D>
    ? D extends undefined
      ? T | undefined
      : T
    : never;
};

type Settings = {
  [K in FaultKind]: { readonly kind: K } & Values<(typeof faultKinds)[K]['fields']> &
    Values<typeof commonFields>;
};

/** The same with everything said that can be said. */
export type SettingOf<K extends FaultKind> = Settings[K];
export type FaultSetting = SettingOf<FaultKind>;

/** What is known at a moment, and so what a fault can be narrowed down by there. */
export function knownAt(moment: Moment): readonly string[] {
  if (moment === 'deliver') return Object.keys(byDelivery);
  if (moment === 'confirm') return Object.keys(byMessage);
  if (!(moment in methods)) return [];
  const { fields } = methods[moment as ClientMethodName];
  return Object.keys(byDelivery).filter((name) => name in fields);
}
