import type { Catalogue } from '../support/catalogue.ts';

/** Publishing. */
export const publishingRules = {
  'PUB-01': {
    says: 'A publish is checked when its content is complete, and the first check that fails is answered: immediate; size; write permission; whether the exchange exists; whether it is internal; then since 4.0 reply-to, expiration, CC and BCC, topic permission, user-id, and before 4.0 topic permission, reply-to, user-id, expiration, CC and BCC. Routing comes last.',
  },
  'PUB-02': {
    says: 'A publish that is immediate closes the connection: 540 (60/40) NOT_IMPLEMENTED - immediate=true.',
  },
  'PUB-03': {
    says: 'A body beyond the configured maximum closes the channel: 406 (60/40) PRECONDITION_FAILED - message size N is larger than configured max size M, after all of it was read. By default the maximum is 16777216 since 4.0, and 134217728 before.',
  },
  'PUB-04': {
    says: "A publish to an exchange that does not exist closes the channel: 404 (60/40) NOT_FOUND - no exchange 'X' in vhost 'VH'. What was pipelined after it is dropped, and not confirmed.",
  },
  'PUB-05': {
    says: "A publish to an internal exchange closes the channel: 403 (60/40) ACCESS_REFUSED - cannot publish to internal exchange 'X' in vhost 'VH'.",
  },
  'PUB-06': {
    says: 'A message that reaches no queue and is not mandatory is dropped. In confirm mode it is acked all the same.',
  },
  'PUB-07': {
    says: 'A mandatory message that reaches no queue comes back in basic.return with 312 and exactly NO_ROUTE, with the exchange and the routing key of the publish and with its content as a consumer would get it: without BCC, and since 4.0 with expiration in canonical decimal. In confirm mode the return comes before the ack of that publish.',
  },
  'PUB-08': {
    says: 'A message has been routed when it reached at least one queue, by bindings, by bindings between exchanges or by alternate exchanges. An exchange that leads nowhere does not count.',
  },
  'PUB-09': {
    says: 'In a transaction messages are returned on commit, before commit-ok.',
  },
  'PUB-10': {
    says: 'The property expiration is a decimal number of 0 or more. Anything else closes the channel: 406 (60/40) PRECONDITION_FAILED - invalid expiration \'E\': no_integer, or {leftover_string,"abc"} for what follows a number, or {value_negative,-1}.',
  },
  'PUB-11': {
    says: "The property user-id, when it is set, is the user of the connection. Another one closes the channel: 406 (60/40) PRECONDITION_FAILED - user_id property set to 'A' but authenticated user was 'B'.",
  },
  'PUB-12': {
    says: 'A user with the tag impersonator may set any user-id; the tag administrator does not allow it.',
  },
  'PUB-13': {
    says: 'A header CC or BCC that is no array closes the channel: 406 (60/40) PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}, with the type it has.',
  },
  'PUB-14': {
    says: 'Messages published on one channel to one exchange arrive in each queue in the order in which they were published.',
  },
  'PUB-15': {
    says: 'The default exchange, whose name is empty, routes to the queue that is named by the routing key, or by a key in CC or BCC. There is no exchange of the name amq.default to publish to.',
  },
} satisfies Catalogue;
