import type { Catalogue } from '../support/catalogue.ts';

/** How long a message may wait in a queue. */
export const messageTtlRules = {
  'TTL-01': {
    says: 'A message may get a TTL from the queue argument x-message-ttl, from a policy or an operator policy (message-ttl), and from its own expiration. The smallest of them counts; without any it never expires.',
  },
  'TTL-02': {
    says: 'The argument x-message-ttl is an integer of any AMQP width, signed or not, from 0 to 315360000000 ms, which are ten years. More than 32 bits are fine; what is negative or larger is refused.',
  },
  'TTL-03': {
    says: 'The policy key message-ttl is an integer of 0 or more without an upper bound.',
  },
  'TTL-04': {
    says: 'The property expiration is text: one sign at most (+ or -), then ASCII digits, and nothing before, between or behind them. Its value is a number of milliseconds from 0 to 315360000000.',
  },
  'TTL-05': {
    says: 'A bad expiration closes the channel with 406 at basic.publish: invalid expiration \'VALUE\': REASON. The reason is no_integer when no digits lead, {leftover_string,"REST"} when something follows them, {value_negative,N} or {value_too_large,N} out of the range. The connection stays, and the message is neither routed nor confirmed nor returned. For numbers that print on more than one line a broker may leave the line break out.',
  },
  'TTL-06': {
    says: 'The text of an error, with its name in front, has at most 255 bytes. A longer one is cut to 252 bytes and gets three dots.',
  },
  'TTL-07': {
    says: 'A publish is checked in this order: write permission, the exchange exists, it is not internal, expiration, the types of CC and BCC, topic permission, user-id. Routing comes last, so a bad expiration is reported of a message that has no route. Before 4.0 topic permission and user-id are checked in front of the expiration.',
  },
  'TTL-08': {
    says: 'An empty expiration is not the same as none: it is refused with no_integer.',
  },
  'TTL-09': {
    says: 'A consumer sees the expiration as a plain decimal number since 4.0: 60000 for 0060000. Before, it sees what the publisher wrote.',
  },
  'TTL-10': {
    says: 'The TTL runs from the moment at which the message enters the queue, in a transaction from its commit. Each queue that gets the message has a deadline of its own for it, and its death in one does not touch the others.',
  },
  'TTL-11': {
    says: 'The deadline of a message is fixed when it enters the queue. A policy that comes, goes or changes later decides only about later messages.',
  },
  'TTL-12': {
    says: 'A requeued message keeps its first deadline, whether it came back by basic.nack, basic.reject, basic.recover or the end of its channel or connection.',
  },
  'TTL-13': {
    says: 'A message that a client holds unacked does not expire, however long. A late ack is an ack, and a late reject dead-letters with the reason rejected. Requeued after its deadline it expires at once and is not delivered again.',
  },
  'TTL-14': {
    says: 'Deadlines are points in time that survive a restart. What fell due meanwhile expires before any consumer can get it, the rest keeps its deadline. Transient messages of a classic queue are gone without dead-lettering; a quorum queue keeps them.',
  },
  'TTL-15': {
    says: 'With a TTL of 0 a message goes to a consumer that can take it at that moment; a consumer whose prefetch is full cannot. Without one it expires at once: it is dead-lettered with the reason expired, or dropped. It is confirmed with basic.ack in any case, and never returned.',
  },
  'TTL-16': {
    says: 'In a quorum queue a TTL of 0 is 1 ms, so a waiting consumer usually gets the message, but it may also expire. A broker may do as with a classic queue.',
  },
  'TTL-17': {
    says: 'No message expires early, not by a millisecond. On an idle broker it expires a few milliseconds after its deadline.',
  },
  'TTL-18': {
    says: 'A message whose deadline has passed is never delivered and never fetched. A classic queue of RabbitMQ looks at the deadline only when its timer fires, so its head may still go out a few milliseconds late; in queues with priorities it may go out much later (EXP-08).',
  },
  'TTL-19': {
    says: 'A dead-lettered message has lost its expiration: at its target only the TTL of that queue counts, from its arrival there.',
  },
  'TTL-20': {
    says: 'A stream has no message TTL: x-message-ttl is refused, and an expiration is checked as everywhere but has no effect.',
  },
} satisfies Catalogue;
