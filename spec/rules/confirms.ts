import type { Catalogue } from '../support/catalogue.ts';

/** Publisher confirms. */
export const confirmsRules = {
  'CNF-01': {
    says: 'confirm.select puts a channel into confirm mode for good and may be repeated. Publishes are numbered from 1, beginning with the first one after it. With no-wait it is not answered.',
  },
  'CNF-02': {
    says: 'On a transactional channel confirm.select closes the channel with 406 "PRECONDITION_FAILED - cannot switch from tx to confirm mode".',
  },
  'CNF-03': {
    says: 'A publish is confirmed with basic.ack when every queue it was routed to has taken it: a transient message is in the queue then, a persistent one in a durable queue is on disk, one in a quorum queue or stream is committed. A message without a queue is confirmed at once.',
  },
  'CNF-04': {
    says: 'A publish is answered with basic.nack when a queue refuses it (length limit with reject-publish) or cannot store it, even if others took it; they keep their copy. The requeue bit of such a nack has no meaning: RabbitMQ sets it, a broker may leave it 0.',
  },
  'CNF-05': {
    says: 'Confirms may come in another order than the publishes, and one may speak for several: multiple=true covers every lower number that is not confirmed yet, and only when all of them have the same outcome. Every publish is answered exactly once.',
  },
  'CNF-06': {
    says: 'Which confirms are put together is up to the broker. RabbitMQ gathers what is decided in one step: acks below the smallest number that is still open and below any nack go out as one with multiple=true, the others singly. A lone ack has multiple=false; RabbitMQ sends a lone nack with multiple=true.',
  },
  'CNF-07': {
    says: 'When a queue is deleted before it has confirmed a message, the message counts as confirmed for that queue.',
  },
  'CNF-08': {
    says: 'A publish that fails (404, 403, ...) gets no confirm. When a channel closes, the confirms that were still to come are lost; a new channel of that number begins without confirm mode.',
  },
  'TXC-01': {
    says: 'A message that expires, is dropped by drop-head or finds a TTL of 0 is confirmed with basic.ack: only a refused publish is nacked. mandatory asks only for a queue to route to: what was routed to a queue that drops or refuses it is not returned.',
  },
  'TXC-02': {
    says: 'immediate=true closes the connection with 540 "NOT_IMPLEMENTED - immediate=true". A queue with a TTL of 0 serves the same purpose.',
  },
} satisfies Catalogue;
