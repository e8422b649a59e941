import { Buffer } from 'node:buffer';
import { FRAME, METHOD, frame, methodFrame, shortString, uint } from '../wire.js';
import { CONSUMER_TAG } from './peer.js';

/** @typedef {import('./peer.js').Duties} Duties */
/** @typedef {import('./peer.js').Peer} Peer */

const WRITE_BYTES = 64 * 1024;

/**
 * Throws away what is published, and gives the last consumer as many messages of the same size, encoded beforehand:
 * nothing a broker could do less of, so what is measured is the load generator.
 * @returns {Duties}
 */
export function nothing() {
  /** @type {Peer | undefined} */
  let consumer;
  let owed = 0;
  let made = { bodySize: -1, length: 0, perWrite: 0, bytes: Buffer.alloc(0) };
  return {
    onConsume(_queue, peer) {
      consumer = peer;
    },
    onPublish({ bodySize }) {
      owed++;
      if (bodySize !== made.bodySize) made = deliveries(bodySize);
    },
    onReadEnd(producer) {
      if (consumer === undefined) return true;
      for (; owed > 0; owed -= Math.min(owed, made.perWrite)) {
        consumer.write(made.bytes.subarray(0, Math.min(owed, made.perWrite) * made.length));
      }
      if (!consumer.blocked) return true;
      consumer.onceDrained(() => producer.resume());
      return false;
    },
    onClose(peer) {
      if (peer === consumer) consumer = undefined;
    },
  };
}

/** @param {number} bodySize that fits into a frame */
function deliveries(bodySize) {
  const fields = [shortString(CONSUMER_TAG), uint(1, 8), uint(0, 1), shortString(''), shortString('')];
  const header = [uint(60, 2), uint(0, 2), uint(bodySize, 8), uint(0, 2)];
  const message = Buffer.concat([
    methodFrame(1, METHOD.basicDeliver, ...fields),
    frame(FRAME.header, 1, Buffer.concat(header)),
    frame(FRAME.body, 1, Buffer.alloc(bodySize)),
  ]);
  const perWrite = Math.max(1, Math.floor(WRITE_BYTES / message.length));
  const bytes = Buffer.alloc(perWrite * message.length);
  for (let i = 0; i < perWrite; i++) message.copy(bytes, i * message.length);
  return { bodySize, length: message.length, perWrite, bytes };
}
