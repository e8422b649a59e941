import { METHOD, shortString, table, uint } from './wire.js';

/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('./wire.js').FieldTable} FieldTable */

/** Bits of queue.declare and exchange.declare. */
const [DURABLE, EXCLUSIVE, AUTO_DELETE, NO_WAIT] = /** @type {const} */ ([2, 4, 4, 16]);

/**
 * @param {Client} client
 * @param {string} name
 * @param {{ durable: boolean, exclusive: boolean, args: FieldTable }} options
 */
export async function declareQueue(client, name, { durable, exclusive, args }) {
  const bits = (durable ? DURABLE : 0) | (exclusive ? EXCLUSIVE : 0);
  const fields = [uint(0, 2), shortString(name), uint(bits, 1), table(args)];
  await client.request(METHOD.queueDeclare, METHOD.queueDeclareOk, ...fields);
}

/**
 * Durable queues, all alike, without waiting for each.
 * @param {Client} client
 * @param {string[]} names
 * @param {FieldTable} args
 */
export async function declareQueues(client, names, args) {
  for (const name of names) {
    const fields = [uint(0, 2), shortString(name), uint(DURABLE | NO_WAIT, 1), table(args)];
    await client.send(METHOD.queueDeclare, ...fields);
  }
  // they are made in order, so the answer to the last is for all
  const [name = ''] = names.slice(-1);
  await declareQueue(client, name, { durable: true, exclusive: false, args });
}

/**
 * @param {Client} client
 * @param {string} name
 */
export async function deleteQueue(client, name) {
  const fields = [uint(0, 2), shortString(name), uint(0, 1)];
  await client.request(METHOD.queueDelete, METHOD.queueDeleteOk, ...fields);
}

/**
 * A transient exchange, gone with its last binding.
 * @param {Client} client
 * @param {string} name
 * @param {string} type
 */
export async function declareExchange(client, name, type) {
  const fields = [uint(0, 2), shortString(name), shortString(type), uint(AUTO_DELETE, 1), table({})];
  await client.request(METHOD.exchangeDeclare, METHOD.exchangeDeclareOk, ...fields);
}

/**
 * @param {Client} client
 * @param {string} exchange
 * @param {{ queue: string, key: string, args?: FieldTable }[]} bindings
 */
export async function bind(client, exchange, bindings) {
  for (const [i, { queue, key, args = {} }] of bindings.entries()) {
    const where = [uint(0, 2), shortString(queue), shortString(exchange), shortString(key)];
    if (i < bindings.length - 1) await client.send(METHOD.queueBind, ...where, uint(1, 1), table(args));
    else await client.request(METHOD.queueBind, METHOD.queueBindOk, ...where, uint(0, 1), table(args));
  }
}
