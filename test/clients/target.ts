import { connect } from 'amqplib';
import { startTestBroker } from '../support/broker.ts';

/** Another broker that must see the same: `amqp://guest:guest@HOST:PORT/`. Without it each file of tests starts one. */
const OTHER_URL = process.env['PARITY_URL'];

/** The broker that programs talk to. */
export interface Target {
  readonly url: string;
  /** The same address with a password that is not the user's. */
  readonly wrongPasswordUrl: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a broker, or names the other one; `queues` and `exchanges` are deleted there, before and after. */
export async function startTarget(
  queues: readonly string[],
  exchanges: readonly string[] = [],
): Promise<Target> {
  const broker = OTHER_URL === undefined ? await startTestBroker() : undefined;
  const url = broker?.url ?? OTHER_URL ?? '';
  const sweep = () => deleteAll(url, queues, exchanges);
  await sweep();
  const stop = async (): Promise<void> => {
    await sweep();
    await broker?.stop();
  };
  const wrong = new URL(url);
  wrong.username = 'guest';
  wrong.password = 'wrong';
  return { url, wrongPasswordUrl: wrong.href, port: Number(wrong.port), stop };
}

async function deleteAll(
  url: string,
  queues: readonly string[],
  exchanges: readonly string[],
): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of queues) await channel.deleteQueue(queue);
  for (const exchange of exchanges) await channel.deleteExchange(exchange);
  await connection.close();
}
