import { parentPort, workerData } from 'node:worker_threads';
import { Client } from './client.js';
import { now } from './clock.js';
import { Load } from './load.js';
import { declareQueue } from './topology.js';

/**
 * A thread of its own, so that the load the generator handles does not delay what is measured here: sends a small
 * message every few milliseconds through a queue of its own and notes when each was sent and received.
 */
const INTERVAL = 5;

/** @type {number[]} */
const sent = [];
/** @type {number[]} */
const received = [];

const { url, queue } = /** @type {{ url: string, queue: string }} */ (workerData);
const client = await Client.open(url);
await declareQueue(client, queue, { durable: false, exclusive: true, args: {} });
const load = new Load({ routingKey: queue, size: 16, persistent: false, frameMax: client.frameMax });
client.onDelivery = (_deliveryTag, stamp) => {
  sent.push(stamp);
  received.push(now());
};
await client.consume(queue, true);

let count = 0;
const timer = setInterval(() => client.write(load.stamped(count++, 1, now()).bytes), INTERVAL);

parentPort?.postMessage('started', []);
parentPort?.once('message', () => void finish());

async function finish() {
  clearInterval(timer);
  await client.until(() => received.length === count);
  parentPort?.postMessage({ sent: Float64Array.from(sent), received: Float64Array.from(received) }, []);
  await client.close();
}
