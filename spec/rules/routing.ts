import type { Catalogue } from '../support/catalogue.ts';

/** Routing: which queues get a message. */
export const routingRules = {
  'RTE-01': {
    says: 'A direct exchange compares routing key and binding key byte for byte. A fanout exchange looks at neither keys nor arguments.',
  },
  'RTE-02': {
    says: 'A queue gets a message at most once, however many bindings, keys and paths lead to it.',
  },
  'RTE-03': {
    says: 'The alternate exchange of an exchange gets a message only when the exchange itself finds no destination at all; a binding to an exchange that leads nowhere is a destination. An alternate exchange that does not exist is ignored, chains of them are followed, and the message keeps the routing key and the exchange of its publish.',
  },
  'RTE-04': {
    says: 'The argument alternate-exchange of a declaration wins over the policy of that name. The default exchange never has an alternate exchange.',
  },
  'RTE-05': {
    says: 'A topic exchange compares words, which are separated by dots and may be empty. * stands for exactly one word, # for any number of them, none included; both only as a whole word. The empty routing key has no words at all.',
  },
  'RTE-06': {
    says: 'Words of a topic are case-sensitive, and * and # in a routing key are plain text.',
  },
  'RTE-07': {
    says: "Since 4.3 a topic binding key with more than two # is refused: 406 \"PRECONDITION_FAILED - Topic binding key 'K' uses 3 '#' wildcards, at most 2 are allowed\". A broker may allow more, as all versions before do.",
  },
  'RTE-10': {
    says: 'A headers binding whose x-match is "all" or absent needs every argument that does not begin with x- to match. Without any such argument it matches everything, messages without headers included.',
  },
  'RTE-11': {
    says: 'A headers binding with x-match "any" needs one argument that does not begin with x- to match; without any it matches nothing.',
  },
  'RTE-12': {
    says: 'With x-match "all-with-x" and "any-with-x" the arguments that begin with x- count as well, except x-match itself.',
  },
  'RTE-13': {
    says: 'A void argument of a headers binding matches when the header is there, whatever its value, void included.',
  },
  'RTE-14': {
    says: 'Any other argument of a headers binding must equal the header. Integers of any width compare by value; strings are not numbers; booleans equal only booleans; tables and arrays must be the same. An integer equals a float of the same value before 3.13, and not since. Timestamps are compared differently by the versions and are not to be relied on.',
  },
  'RTE-15': {
    says: 'A headers exchange ignores routing keys.',
  },
  'RTE-20': {
    says: 'The binding key of an x-consistent-hash exchange is the weight of the destination, a decimal integer of at least 1, maybe with a sign and zeros in front. A destination has one weight: a second binding of it with another weight is kept, but changes no shares.',
  },
  'RTE-21': {
    says: 'A bad weight closes the channel with 406: "PRECONDITION_FAILED - The binding key must be an integer: <<"abc">>", "... The binding key must be greater than 0", and since 4.2 "... The binding key must not exceed 10000".',
  },
  'RTE-22': {
    says: 'An x-consistent-hash exchange sends each message to exactly one destination, by a hash of the routing key, of the header that its argument hash-header names, or of the property that hash-property names (message_id, correlation_id, timestamp). Equal values go to the same destination while the bindings stay; shares are in proportion to the weights; another destination takes over some values and leaves the others where they are. A missing header or property counts as one fixed value.',
  },
  'RTE-23': {
    says: 'Arguments of an x-consistent-hash exchange are checked at its declaration: 406 "PRECONDITION_FAILED - hash-header and hash-property are mutually exclusive", "PRECONDITION_FAILED - Unsupported property: app_id". A broker may use another hash than RabbitMQ.',
  },
  'RTE-24': {
    says: 'x-random sends a message to one binding at random and ignores keys. x-local-random (since 4.0) does the same, and takes only classic queues with an empty binding key: otherwise 406 "PRECONDITION_FAILED - Non empty binding \'k\' key not permitted", "... Queue type rabbit_quorum_queue not valid for this exchange type", and for an exchange "... Destination not found". x-modulus-hash picks the binding by a hash of all routing keys, CC included, modulo the number of bindings. For both a queue counts as often as it is bound.',
  },
  'RTE-25': {
    says: 'x-recent-history is a fanout exchange that keeps the last x-recent-history-length messages (20 unless said) and gives them, oldest first, to every queue that is bound later, with each new binding. A message is kept whether it reached a queue or not, its expiration counts from when it is given to a queue, and with a durable exchange it outlives a restart since 4.2. The header x-recent-history-no-store = true, a boolean, keeps a message out of that. A length that is not positive, or no signed integer, closes the channel with 406 "Invalid argument -1, \'x-recent-history-length\' must be a positive integer".',
  },
  'RTE-30': {
    says: 'The headers CC and BCC, arrays, add routing keys to that of the publish, for direct, topic and default exchanges; elements that are not long strings are ignored. BCC is taken out of the message, CC stays. It is delivered with the routing key of the publish.',
  },
  'RTE-31': {
    says: 'While tracing is on for a vhost, a copy of every message that is published or delivered goes to amq.rabbitmq.trace, with the routing keys publish.EXCHANGE and deliver.QUEUE. It has the body and one property, headers: exchange_name, routing_keys, properties (those of the message, by their names, numbers as 32-bit integers), node, vhost, connection, channel and user; with routed_queues after a publish, which for the default exchange are the routing keys, and redelivered, 0 or 1, after a delivery. A publish is copied before its transaction is committed, and copies are not copied.',
  },
  'TXC-06': {
    says: 'CC and BCC must be arrays: otherwise 406 "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}". Elements that are not strings route nowhere, but stay in the header.',
  },
} satisfies Catalogue;
