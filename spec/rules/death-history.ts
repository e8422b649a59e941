import type { Catalogue } from '../support/catalogue.ts';

/** What the headers of a dead letter tell. */
export const deathHistoryRules = {
  'XD-01': {
    says: 'Every death is noted in the header x-death: an array of tables, the newest death first. A message without headers gets them.',
  },
  'XD-02': {
    says: 'An entry has count (64-bit integer), reason, queue and exchange (long strings), time (timestamp in whole seconds), routing-keys (array of long strings) and, if the message had an expiration when the entry was made, original-expiration (long string).',
  },
  'XD-03': {
    says: 'Since 4.0 the fields of an entry stand in the order original-expiration, count, reason, queue, time, exchange, routing-keys. Before, the first entry of a message has original-expiration last, and entries of later deaths are sorted by name.',
  },
  'XD-04': {
    says: 'The queue of an entry is where the message died, the exchange is the one it was published to on its way into that queue: the empty name for the default exchange, and on later hops the dead-letter exchange of the hop before.',
  },
  'XD-05': {
    says: 'The routing-keys of an entry are those the message came into the queue with: its routing key and those of CC, but not those of BCC. After a hop with a dead-letter routing key it is that key alone.',
  },
  'XD-06': {
    says: 'There is one entry for each queue and reason. When the message dies there again for that reason, its count grows and it comes to the front; its time, exchange, routing-keys and original-expiration stay those of the first time.',
  },
  'XD-07': {
    says: 'The entries behind the first stand by recency. Before 3.13.3 every death reverses them, so that only the first place can be relied on.',
  },
  'XD-08': {
    says: 'x-first-death-queue, x-first-death-reason and x-first-death-exchange are long strings that are set at the first death and never change.',
  },
  'XD-09': {
    says: 'x-last-death-queue, x-last-death-reason and x-last-death-exchange are set at every death since 3.13; before they do not exist.',
  },
  'XD-10': {
    says: 'The headers of a dead letter are sorted by name, byte by byte, those of the publisher among them. Since 4.0 RabbitMQ sorts the headers of every message; a broker may leave those of other messages as they were published.',
  },
  'XD-11': {
    says: 'Since 4.0 an x-death that a client publishes means nothing: the first consumer sees it as it was sent, the first death replaces it as a whole, whatever it is, and it has no part in finding cycles. x-first-death-* and x-last-death-* of a client are overwritten at the first death.',
  },
  'XD-12': {
    says: 'Before 4.0 an x-death that a client publishes is taken for history: a matching entry is counted on and keeps its other fields, gets a count of 1 when it had none, and doubles become one; other deaths are put in front of it. x-first-death-* are set only when there was no x-death. Anything but an array is replaced. An array with other things than tables in it, or a count that is no number, may crash a queue of RabbitMQ; a broker must not.',
  },
  'XD-13': {
    says: 'Every death, for whatever reason, removes the expiration of the message. An entry that is new keeps it as original-expiration.',
  },
  'XD-14': {
    says: 'original-expiration is the number in plain decimal since 4.0 (+20 becomes 20); before it is the text as it was published. It is never the TTL of a queue, also when that one was shorter.',
  },
  'XD-15': {
    says: 'The history of a message survives a restart with it. Copies of one dead letter in several queues begin with the same headers, and each goes on with a history of its own.',
  },
  'XD-16': {
    says: 'A copy that a consumer publishes is a new message. Since 4.0 its history begins again, though the old headers were published with it; before 4.0 it goes on.',
  },
} satisfies Catalogue;
