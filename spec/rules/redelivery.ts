import type { Catalogue } from '../support/catalogue.ts';

/** What happens to a message that comes back to its queue. */
export const redeliveryRules = {
  'DLV-01': {
    says: 'A classic queue has no delivery limit: a message may come back any number of times. It is marked as redelivered, and gets no header that counts. The argument x-delivery-limit is refused with 406.',
  },
  'DLV-02': {
    says: 'A quorum queue with a delivery limit of N delivers a message at most N + 1 times: the return after that dead-letters it as delivery_limit, or drops it without a DLX.',
  },
  'DLV-03': {
    says: 'Without x-delivery-limit a quorum queue has a limit of 20 since 4.0, and none before. A negative one means no limit since 4.0; before, the first return exceeds it. A value that is no integer is accepted and ignored; before 4.0 a double still acted as a limit.',
  },
  'DLV-04': {
    says: 'Toward the delivery limit counts every return: basic.reject and basic.nack with requeue, and the end of the channel or of the connection. Since 4.3 basic.nack does not count any more; a broker that counts as before does so only where no retries are delayed.',
  },
  'DLV-05': {
    says: 'A quorum queue adds the header x-delivery-count, a 64-bit integer, to a message that has come back: 1 the first time. Before 4.0 a message that is fetched by basic.get for the first time has it too, as 0. Since 4.3 it counts failures only, and x-acquired-count counts every delivery before this one.',
  },
  'DLV-06': {
    says: 'A dead letter is not redelivered at its target. Exceptions of RabbitMQ that a broker need not share: since 4.0 what is rejected in one quorum queue and goes to another is redelivered there, with x-delivery-count 1; since 4.3 all that died by basic.reject or by the delivery limit is. What died of expiry or overflow never is.',
  },
  'DLV-07': {
    says: 'Messages that come back to a classic queue take their old places. In a quorum queue they go to the front in the order of their return since 4.0, and to the end before; a broker may give them their old places.',
  },
  'DLV-08': {
    says: 'A delivery that is not acked in time (30 minutes by default) takes its message back into the queue, with its old deadline. Up to 4.2 the channel is closed with 406 `PRECONDITION_FAILED - delivery acknowledgement on channel N timed out. Timeout value used: N ms. This timeout value can be configured, see consumers doc guide to learn more`. Since 4.3 that is for quorum queues only, x-consumer-timeout sets the time, and a client that can be told of a cancel loses only its consumer.',
  },
  'DLV-09': {
    says: 'Since 4.3 a quorum queue may delay retries: with x-delayed-retry-type (or the policy key, which goes first) "failed" a message that comes back by basic.reject or with the end of its channel waits before it is ready again, with "returned" one that comes back by basic.nack or basic.recover, with "all" both. It waits x-delayed-retry-min milliseconds times the number of its failures, at least one, but no longer than x-delayed-retry-max, which is the shortest delay unless it is given; of arguments and policy the smaller counts. Without a delay of at least 1 nothing waits, whatever the arguments are. While it waits it is not ready, but counts toward the length limits, is purged and counted as purged, and outlives a restart; a TTL that ends meanwhile takes effect when the delay ends. Other types of queues refuse the arguments with 406.',
  },
} satisfies Catalogue;
