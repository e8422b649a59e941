import type { Catalogue } from '../support/catalogue.ts';

/** How much a queue may hold, and what happens to what is too much. */
export const lengthLimitsRules = {
  'LEN-01': {
    says: 'A queue may have a limit of messages (x-max-length, policy max-length) and one of bytes (x-max-length-bytes, policy max-length-bytes): integers of 0 or more without an upper bound. With both, either one alone takes effect.',
  },
  'LEN-02': {
    says: 'Only ready messages count toward the limits; what is unacked does not.',
  },
  'LEN-03': {
    says: 'The bytes of a queue are the sizes of the bodies in it; properties and headers do not count. Since 4.3 quorum queues of RabbitMQ count them too; another broker need not.',
  },
  'LEN-04': {
    says: 'A limit is exceeded by more than it says: exactly that many messages or bytes may stay.',
  },
  'LEN-05': {
    says: 'With drop-head, the default, a new message is enqueued first; then messages leave from the head, oldest first, until the queue is within its limits. They are dead-lettered in that order, or dropped without a DLX. The publisher gets an ack, even when its own message is dropped. Before 4.2.1 quorum queues dead-lettered several at once in reverse.',
  },
  'LEN-06': {
    says: 'A message with more bytes than the limit empties the queue and is dropped itself, last. All of them die as maxlen.',
  },
  'LEN-07': {
    says: 'With drop-head and a length of 0 a message goes to a consumer that can take it at once; without one it dies as maxlen at once. Either way the publisher gets an ack.',
  },
  'LEN-08': {
    says: 'A message that comes back goes to its old place, and then the limit is enforced from the head, before any consumer is served: when the queue is full, the message that came back is the one that dies. Before 4.0 a quorum queue without a delivery limit put it at the end, and dropped the oldest ready one.',
  },
  'LEN-09': {
    says: 'A priority queue drops from its head as well, which is the oldest message of the highest priority.',
  },
  'LEN-10': {
    says: 'With reject-publish a classic queue decides on arrival: a message that would exceed a limit is refused. In confirm mode the publisher gets a nack, otherwise the message is lost silently. It counts as routed, so mandatory does not return it, and it is not dead-lettered. What was refused for its size does not keep out a smaller message.',
  },
  'LEN-11': {
    says: 'With reject-publish and a length of 0 a classic queue refuses everything, even when a consumer waits; a quorum queue accepts what a consumer takes.',
  },
  'LEN-12': {
    says: 'With reject-publish nothing is ever dropped from the queue: messages that come back may lift it above its limit.',
  },
  'LEN-13': {
    says: 'When one of several queues refuses a message the publisher gets one nack, and yet the other queues keep their copies.',
  },
  'LEN-14': {
    says: 'With reject-publish-dlx a classic queue refuses as with reject-publish, and dead-letters the refused message as maxlen, whether or not the publisher uses confirms.',
  },
  'LEN-15': {
    says: 'A quorum queue accepts reject-publish-dlx as an argument and from a policy, and acts on it as on drop-head.',
  },
  'LEN-16': {
    says: 'A quorum queue with reject-publish may accept some messages more than its limit before it refuses, and may accept again only when it has shrunk well below it. A broker may enforce the limit strictly.',
  },
  'LEN-17': {
    says: 'When a queue refuses a message of a transaction, tx.commit closes the channel with 406 `PRECONDITION_FAILED - partial tx completion`. The other messages of the transaction are published.',
  },
  'LEN-18': {
    says: 'A stream is trimmed by x-max-length-bytes and x-max-age, in whole segments from its beginning, without dead-lettering. It refuses x-max-length, x-overflow and x-dead-letter-exchange.',
  },
} satisfies Catalogue;
