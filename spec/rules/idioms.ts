import type { Catalogue } from '../support/catalogue.ts';

/** What applications build on TTL, dead-lettering and limits. */
export const idiomsRules = {
  'IDM-01': {
    says: 'Delay queue: a queue without consumers, with a TTL, whose dead letters go to the work queue. Everything comes out after the same delay, in order and without an expiration. Chains of such queues add their delays up; with a TTL that doubles from level to level and a topic exchange in front of each, the bits of a routing key make any delay.',
  },
  'IDM-02': {
    says: 'A delay per message in one queue, by expiration, works only while delays do not decrease: a shorter one waits behind a longer one.',
  },
  'IDM-03': {
    says: 'Retry after a delay: work is rejected into a queue with a TTL, which dead-letters it back. It may go round without end, and the count of the entry (work queue, rejected) in x-death is the number of failures so far.',
  },
  'IDM-04': {
    says: 'Backoff ladder: the consumer publishes a copy into the queue of the next delay. The copy is a new message, so since 4.0 its death history starts anew even if it carries the old x-death, and clients need a counter of their own. Before, a copied x-death goes on counting.',
  },
  'IDM-05': {
    says: 'Parking lot: after so many attempts, read from x-death, the consumer publishes the message to a last queue and acks it.',
  },
  'IDM-06': {
    says: 'Parking by the broker: a quorum queue with x-delivery-limit dead-letters a message that came back too often, with the reason delivery_limit.',
  },
  'IDM-07': {
    says: 'Sorting dead letters: a headers exchange as the dead-letter exchange, whose bindings ask for x-first-death-reason with all-with-x or any-with-x.',
  },
  'IDM-08': {
    says: 'Reply queues that clean up after themselves: x-expires keeps one while its client consumes, and deletes it a while after.',
  },
  'IDM-09': {
    says: 'Ring buffer: x-max-length without a dead-letter exchange keeps the newest messages and drops the oldest.',
  },
  'IDM-10': {
    says: 'Back-pressure: with x-overflow reject-publish a publisher in confirm mode gets basic.nack while the queue is full, and basic.ack again as soon as there is room.',
  },
  'IDM-11': {
    says: 'Deliver now or never: with a TTL of 0 and a dead-letter exchange a message that nobody can take at this moment is in the other queue at once.',
  },
  'IDM-12': {
    says: 'One queue per delay, declared when it is needed: x-message-ttl is the delay, and x-expires somewhat more, so that unused ones go away. As only the declaration renews it, x-expires must exceed the delay by more than the time from a declaration to the last publish; otherwise the queue goes with its messages.',
  },
} satisfies Catalogue;
