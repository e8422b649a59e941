import type { Catalogue } from '../support/catalogue.ts';

/** What an administrator says of queues by their names. */
export const policiesRules = {
  'POL-01': {
    says: 'A policy may say of a queue: message-ttl, expires, max-length, max-length-bytes, overflow, dead-letter-exchange, dead-letter-routing-key, dead-letter-strategy, delivery-limit and queue-mode; since 4.3 also consumer-timeout, consumer-disconnected-timeout, delayed-retry-type, delayed-retry-min and delayed-retry-max.',
  },
  'POL-02': {
    says: 'At most one policy and one operator policy apply to a queue: of those whose pattern matches and that are for its kind, the one with the highest priority. Nothing is taken from the others.',
  },
  'POL-03': {
    says: 'A policy or operator policy with any key that the type of a queue does not support is passed over as a whole for that queue, and the next lower one applies.',
  },
  'POL-04': {
    says: 'A policy and an operator policy combine key by key. The smaller of the two counts for message-ttl, expires, max-length, max-length-bytes and delivery-limit (but a negative, unlimited delivery-limit gives way to the other), the operator’s for overflow. For delayed-retry-min the larger counts, for delayed-retry-max the smaller. A key that only one has is taken from it.',
  },
  'POL-05': {
    says: 'Between what a policy and what an argument of the queue says, the smaller counts for message-ttl, expires, max-length and max-length-bytes; the argument wins for dead-letter-exchange, dead-letter-routing-key and dead-letter-strategy.',
  },
  'POL-06': {
    says: 'For overflow the argument wins over the policy in a classic queue, and the policy over the argument in a quorum queue. For delivery-limit the smaller counts, but a negative one gives way to the other.',
  },
  'POL-07': {
    says: 'The DLX and the dead-letter routing key are found separately: one may come from an argument and the other from a policy. A routing key without any DLX does nothing: the messages are dropped.',
  },
  'POL-08': {
    says: 'DLX, dead-letter routing key, overflow and length limits are looked up when they are needed, so that a changed policy holds at once for messages already in the queue. A lower length limit drops or dead-letters what is too much at once, from the head, in order, as maxlen. Deadlines of queued messages in contrast never change.',
  },
  'POL-09': {
    says: 'An operator policy may only have the keys expires, message-ttl, max-length, max-length-bytes, max-in-memory-length, max-in-memory-bytes and delivery-limit; since 3.12.7 also overflow, since 4.0 queue-version, and since 4.3 delayed-retry-type, delayed-retry-min and delayed-retry-max. Others are refused as `[{<<"KEY">>,VALUE}] are not recognised policy settings`.',
  },
  'POL-10': {
    says: 'A definition that is not valid is answered with status 400 and the reason `Validation failed`, two line feeds, one text for the first fault found, and a line feed. Each key has its own text: `-1 is not a valid message TTL`; strings print as `<<"x">>`, which before 3.11 may be HTML-escaped.',
  },
} satisfies Catalogue;
