import { Outlet } from './outlet.js';

/** @typedef {import('./peer.js').Duties} Duties */
/** @typedef {import('./peer.js').Peer} Peer */

/**
 * Hands every publish to a consumer of the queue its routing key names, in turn, and remembers nothing: what a program
 * on Node.js that moves messages cannot do without. Without a consumer a message is gone.
 * @returns {Duties}
 */
export function relay() {
  /** @type {Map<string, Outlet[]>} */
  const queues = new Map();
  /** @type {Set<Outlet>} */
  const touched = new Set();
  let turn = 0;
  return {
    onConsume(queue, peer) {
      queues.set(queue, [...(queues.get(queue) ?? []), new Outlet(peer)]);
    },
    onPublish(publish) {
      const outlets = queues.get(publish.bytes.toString('latin1', publish.keyAt, publish.keyEnd));
      const outlet = outlets?.[outlets.length === 1 ? 0 : turn++ % outlets.length];
      if (outlet === undefined) return;
      if (outlet.isEmpty) touched.add(outlet);
      outlet.deliver(publish);
    },
    onReadEnd(producer) {
      let goOn = true;
      for (const outlet of touched) {
        outlet.flush();
        if (goOn && outlet.peer.blocked) {
          goOn = false;
          outlet.peer.onceDrained(() => producer.resume());
        }
      }
      touched.clear();
      return goOn;
    },
    onClose(peer) {
      for (const [queue, outlets] of queues) {
        const left = outlets.filter((outlet) => outlet.peer !== peer);
        if (left.length === 0) queues.delete(queue);
        else queues.set(queue, left);
      }
    },
  };
}
