import { readFileSync } from 'node:fs';
import { connect, type AmqpConnectionManager } from 'amqp-connection-manager';
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib';
import { connectionFailure, operationFailure } from './broker-error.ts';
import { Failure } from './failure.ts';
import type { ConnectionOptions } from './options.ts';
import type { Output } from './output.ts';

const HEARTBEAT_SECONDS = 10;
const RECONNECT_SECONDS = 1;
const CLOSE_MILLISECONDS = 2_000;
const LONGEST_TIMER = 2 ** 31 - 1;

/** One command's turn on one channel. */
type Work<C, T> = (channel: C) => Promise<T>;

/** Connects, runs `work` on a channel, closes. Rejects with a `Failure` that gives the broker's reason. */
export function withChannel<T>(
  options: ConnectionOptions,
  output: Output,
  work: Work<Channel, T>,
): Promise<T> {
  return withSession(options, output, (connection) => connection.createChannel(), work);
}

/** As `withChannel`, on a channel whose publishes are confirmed. */
export function withConfirmChannel<T>(
  options: ConnectionOptions,
  output: Output,
  work: Work<ConfirmChannel, T>,
): Promise<T> {
  return withSession(options, output, (connection) => connection.createConfirmChannel(), work);
}

async function withSession<C extends Channel, T>(
  options: ConnectionOptions,
  output: Output,
  open: (connection: ChannelModel) => Promise<C>,
  work: Work<C, T>,
): Promise<T> {
  const manager = await openConnection(options, output);
  const ending = new Ending();
  manager.once('disconnect', ({ err }) => ending.reach(err));
  try {
    const session = async (): Promise<T> => {
      const channel = await open(connected(manager));
      channel.on('error', (error) => ending.reach(error));
      try {
        return await work(channel);
      } finally {
        // Its answer says that the broker has seen every ack and publish before it.
        if (ending.reason === undefined) await channel.close();
      }
    };
    return await Promise.race([session(), ending.promise]);
  } catch (error) {
    // A call that was under way fails with a remark about the channel: the reason is what ended the channel.
    throw operationFailure(error instanceof Failure ? error : (ending.reason ?? error), options.url);
  } finally {
    await closeConnection(manager);
  }
}

/** The moment a channel or connection ended without being asked to, with the reason. */
class Ending {
  reason: Error | undefined;
  readonly promise: Promise<never>;
  #reject: (reason: Error) => void = () => undefined;

  constructor() {
    this.promise = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.promise.catch(() => undefined);
  }

  /** Only the first reason counts: the others follow from it. */
  reach(reason: Error | undefined): void {
    this.reason ??= reason ?? new Error('the connection was closed');
    this.#reject(this.reason);
  }
}

/** A connection that is up. The first failure is final here, though the manager by itself would try for ever. */
export async function openConnection(
  options: ConnectionOptions,
  output: Output,
): Promise<AmqpConnectionManager> {
  const { url } = options;
  const timeout = Math.min(options.timeout, LONGEST_TIMER);
  checkUrl(url);
  const manager = connect([url], {
    heartbeatIntervalInSeconds: HEARTBEAT_SECONDS,
    reconnectTimeInSeconds: RECONNECT_SECONDS,
    connectionOptions: {
      timeout,
      noDelay: true,
      ...trust(options),
      clientProperties: { connection_name: 'leveret command line' },
    },
  });
  manager.on('blocked', ({ reason }) =>
    output.note(`the broker has stopped taking messages for now: ${reason}`),
  );
  try {
    await new Promise<void>((resolve, reject) => {
      manager.once('connect', () => resolve());
      manager.once('connectFailed', ({ err }) => reject(err));
    });
    return manager;
  } catch (error) {
    await closeConnection(manager);
    throw connectionFailure(error as Error, url);
  }
}

/** Whose certificates are believed: by default those that Node.js knows. */
function trust({ ca, insecure }: ConnectionOptions): { ca?: Buffer[]; rejectUnauthorized?: boolean } {
  if (insecure === true) return { rejectUnauthorized: false };
  if (ca === undefined) return {};
  try {
    return { ca: [readFileSync(ca)] };
  } catch (error) {
    throw new Failure('usage', `cannot read --ca ${ca}: ${(error as Error).message}`);
  }
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.hostname !== undefined && parsed.hostname !== '' && /^amqps?:$/.test(parsed.protocol)) return;
  throw new Failure('usage', `'${url}' is not an AMQP URL: write it like amqp://guest:guest@localhost:5672`);
}

/** The connection below the manager, which is there between its `connect` and its `disconnect`. */
export function connected(manager: AmqpConnectionManager): ChannelModel {
  if (manager.connection === undefined) throw new Error('there is no connection');
  return manager.connection;
}

/** Closes politely, and does not wait for a broker that has stopped answering. */
export async function closeConnection(manager: AmqpConnectionManager): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MILLISECONDS);
  });
  await Promise.race([manager.close().catch(() => undefined), late]);
  clearTimeout(timer);
}
