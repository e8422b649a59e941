import type { Broker } from './broker.ts';
import type { Args } from './protocol.ts';

type Probe = (broker: Broker) => boolean | Promise<boolean>;

interface Row {
  /** What a report says when the broker lacks it. */
  readonly says: string;
  readonly probe: Probe;
}

/** What a broker may lack: cases that need it are skipped by this name, and listed. */
const rows = {
  management: { says: 'a management HTTP API (give its address with --http)', probe: answersOverview },
  restart: { says: 'a way to restart it (give a command with --restart)', probe: hasRestart },
  'direct-reply-to': {
    says: 'direct reply-to',
    probe: (broker) => broker.capabilities.has('direct_reply_to'),
  },
  'quorum-queues': { says: 'quorum queues', probe: (broker) => canDeclareQueue(broker, 'quorum') },
  'delayed-retry': { says: 'delayed retries of quorum queues', probe: delaysRetries },
  streams: { says: 'streams', probe: (broker) => canDeclareQueue(broker, 'stream') },
  'delayed-exchange': {
    says: 'the exchange type x-delayed-message',
    probe: (broker) => canDeclareExchange(broker, 'x-delayed-message', { 'x-delayed-type': 'direct' }),
  },
  'consistent-hash-exchange': {
    says: 'the exchange type x-consistent-hash',
    probe: (broker) => canDeclareExchange(broker, 'x-consistent-hash'),
  },
  'random-exchange': {
    says: 'the exchange type x-random',
    probe: (broker) => canDeclareExchange(broker, 'x-random'),
  },
  'local-random-exchange': {
    says: 'the exchange type x-local-random',
    probe: (broker) => canDeclareExchange(broker, 'x-local-random'),
  },
  'modulus-hash-exchange': {
    says: 'the exchange type x-modulus-hash',
    probe: (broker) => canDeclareExchange(broker, 'x-modulus-hash'),
  },
  'recent-history-exchange': {
    says: 'the exchange type x-recent-history',
    probe: (broker) => canDeclareExchange(broker, 'x-recent-history'),
  },
} satisfies Record<string, Row>;

export type Feature = keyof typeof rows;

/** What a report says when a broker lacks it. */
export function describeFeature(feature: Feature): string {
  return rows[feature].says;
}

/** Finds out what the broker has. */
export async function detectFeatures(broker: Broker): Promise<void> {
  for (const [feature, { probe }] of Object.entries(rows) as [Feature, Row][]) {
    if (await probe(broker)) broker.features.add(feature);
  }
}

async function answersOverview({ admin }: Broker): Promise<boolean> {
  if (admin === undefined) return false;
  const { status, text } = await admin.get('/overview');
  if (status !== 200) throw new Error(`${admin.url}/api/overview was answered ${status} ${text}`);
  return true;
}

function hasRestart({ target }: Broker): boolean {
  return target.restart !== undefined;
}

function canDeclareQueue(broker: Broker, type: string, args = {}): Promise<boolean> {
  const queue = probeName(type);
  return accepts(broker, 'queue.declare', 'queue.delete', {
    queue,
    durable: true,
    arguments: { 'x-queue-type': type, ...args },
  });
}

/** Where the argument is known, a classic queue refuses it; elsewhere nobody looks at it. */
async function delaysRetries(broker: Broker): Promise<boolean> {
  return !(await canDeclareQueue(broker, 'classic', { 'x-delayed-retry-type': 'all' }));
}

function canDeclareExchange(broker: Broker, type: string, args = {}): Promise<boolean> {
  return accepts(broker, 'exchange.declare', 'exchange.delete', {
    exchange: probeName(type),
    type,
    arguments: args,
  });
}

function probeName(type: string): string {
  return `spec-probe-${type}-${Math.random().toString(36).slice(2)}`;
}

/** Declares on a connection of its own, as a refusal may close that, and deletes again. */
async function accepts<N extends 'queue.declare' | 'exchange.declare'>(
  broker: Broker,
  declare: N,
  remove: N extends 'queue.declare' ? 'queue.delete' : 'exchange.delete',
  args: Args<N>,
): Promise<boolean> {
  const client = await (await broker.connect()).open();
  try {
    await client.call(1, 'channel.open');
    client.send(1, declare, args);
    await client.until(() => client.frames.length > 0);
    if ((await client.peek(client.frames[0]?.channel ?? 1)) !== `${declare}-ok`) return false;
    await client.expect(1, `${declare}-ok`);
    await client.call(1, remove, args as Args<typeof remove>);
    return true;
  } finally {
    client.stream.destroy();
  }
}
