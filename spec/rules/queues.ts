import type { Catalogue } from '../support/catalogue.ts';

/** Queues. */
export const queuesRules = {
  'QUE-01': {
    says: 'queue.declare-ok carries the name, the number of ready messages (unacked ones are not counted) and the number of consumers. With no-wait nothing is answered.',
  },
  'QUE-02': {
    says: 'queue.declare looks first at the names of direct reply-to, then at the reserved prefix, then at the configure permission. A queue that exists is compared. A new one is checked for its dead-letter exchange and the permissions for that, its type, the values of its arguments, arguments its type does not have, what its type demands, and last the queue limit of the vhost; before 4.0 the limit came first of these.',
  },
  'QUE-03': {
    says: 'A declaration without a name that is not passive always makes a new queue, named amq.gen- and 22 characters of A-Z a-z 0-9 - _, also when the channel has declared one before.',
  },
  'QUE-04': {
    says: "A name that begins with amq. cannot be declared, not even that of a queue the broker named itself: 403 ACCESS_REFUSED - queue name 'Q' contains reserved prefix 'amq.*'. Passively it may.",
  },
  'QUE-05': {
    says: "A passive declare asks only whether the queue exists; flags and arguments do not matter. If it does not: 404 NOT_FOUND - no queue 'Q' in vhost '/'.",
  },
  'QUE-06': {
    says: "A passive declare without a name does not mean the queue declared last: 404 NOT_FOUND - no queue '' in vhost '/'.",
  },
  'QUE-07': {
    says: 'An exclusive queue of another connection cannot be declared (passively or not), bound, consumed, fetched from, purged or deleted, nor can its bindings be removed: 405 RESOURCE_LOCKED with the text of ARG-12, cut to 255 octets. Removing a binding it does not have is not refused.',
  },
  'QUE-08': {
    says: 'Any connection may publish to an exclusive queue, and every channel of its own connection may use it.',
  },
  'QUE-09': {
    says: 'Declaring a queue again with the other exclusive flag is refused with the same 405, on the same connection too, before anything else is compared.',
  },
  'QUE-10': {
    says: "Next durable and auto_delete are compared: 406 PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'Q' in vhost '/': received 'false' but current is 'true'.",
  },
  'QUE-11': {
    says: 'Last the arguments that the type of the queue has are compared, others never. Integers are equal whatever their width; an integer and a float never are.',
  },
  'QUE-12': {
    says: "x-queue-type classic and none are equal. Another type differs: since 4.0 received 'quorum' but current is 'classic', before received the value 'quorum' of type 'longstr' but current is none.",
  },
  'QUE-13': {
    says: 'An exclusive queue is never durable, whatever its declaration says, and may be declared again with either value.',
  },
  'QUE-14': {
    says: 'Classic queues have x-expires, x-message-ttl, x-dead-letter-exchange, x-dead-letter-routing-key, x-max-length, x-max-length-bytes, x-max-priority, x-overflow, x-queue-mode, x-queue-version, x-single-active-consumer, x-queue-type and the locators; their consumers x-priority. Quorum queues have those on expiry, dead letters, length and single active consumer, and x-dead-letter-strategy, x-delivery-limit, x-max-in-memory-length, x-max-in-memory-bytes, x-quorum-initial-group-size and x-queue-leader-locator, since 4.3 also timeouts and delayed retry; their consumers x-priority. Streams have x-max-length-bytes, x-max-age, x-stream-max-segment-size-bytes, x-stream-filter-size-bytes, x-initial-cluster-size and x-queue-leader-locator; their consumers x-stream-offset, and since 3.13 x-stream-filter and x-stream-match-unfiltered. Arguments of another type are refused.',
  },
  'QUE-15': {
    says: "An argument that only another type has: 406 PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue 'Q' in vhost '/' of queue type rabbit_quorum_queue. What no type knows is accepted and ignored.",
  },
  'QUE-16': {
    says: "A bad value: 406 PRECONDITION_FAILED - invalid arg 'A' for queue 'Q' in vhost '/': REASON, with the reasons of ARG-04 and, for streams, invalid_max_age.",
  },
  'QUE-17': {
    says: "Quorum queues and streams must be durable, not exclusive, not auto-delete: 406 PRECONDITION_FAILED - invalid property 'P' for queue 'Q' in vhost '/'. Of several, auto-delete is named first, then exclusive-owner, then non-durable.",
  },
  'QUE-18': {
    says: 'The broker cannot name a quorum queue or a stream: 406 PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue.',
  },
  'QUE-19': {
    says: 'Arguments that matter only to a cluster (group sizes, locators) are accepted by a single node and have no effect.',
  },
  'QUE-20': {
    says: 'Without x-queue-type a queue gets the default type of its vhost, if that has one (since 4.0 for every client). When its flags do not allow that type, it is classic.',
  },
  'QUE-21': {
    says: "When a vhost has as many queues as its limit says, a new one is refused: 406 PRECONDITION_FAILED - cannot declare queue 'Q': queue limit in vhost 'V' (1) is reached. Queues that exist may be declared again.",
  },
  'QUE-22': {
    says: 'queue.purge drops the ready messages and answers how many they were; unacked ones stay with their consumers. A missing queue is a 404.',
  },
  'QUE-23': { says: 'Deleting a queue that does not exist succeeds with a count of 0.' },
  'QUE-24': { says: 'queue.delete-ok carries the number of messages that were ready.' },
  'QUE-25': {
    says: "if-unused looks only at consumers: 406 PRECONDITION_FAILED - queue 'Q' in vhost '/' in use. if-empty looks only at ready messages: 406 PRECONDITION_FAILED - queue 'Q' in vhost '/' not empty. When both are violated, not empty is said.",
  },
  'QUE-26': {
    says: "Quorum queues know neither flag: the connection ends with 540 NOT_IMPLEMENTED - cannot delete queue 'Q' in vhost '/'. queue.delete operations with if-unused flag set are not supported by quorum queues (or if-empty). Streams ignore both.",
  },
  'QUE-27': {
    says: 'With a queue go its bindings and its messages, which are not dead-lettered; its consumers are cancelled. Settling its deliveries later is accepted and does nothing.',
  },
  'QUE-28': {
    says: 'An auto-delete queue goes with its last consumer: cancelled, its channel closed, or its connection gone. Without ever having had a consumer it stays; fetching is not consuming.',
  },
  'QUE-29': {
    says: 'An exclusive queue goes with the connection that declared it, with or without consumers: before connection.close-ok is sent, since 4.3 perhaps a moment after. Closing the channel does not end it.',
  },
  'QUE-30': {
    says: 'Declaring a queue again changes nothing about it: messages, bindings, consumers, owner and the condition under which it goes by itself stay.',
  },
  'QUE-31': {
    says: 'After a restart durable queues are there with their unsettled persistent messages; transient messages in them are gone, and so are transient and exclusive queues. Quorum queues and streams keep every message.',
  },
  'QUE-32': {
    says: 'Messages that come through a restart keep order, properties, exchange and routing key. After a clean stop those delivered before are redelivered, the others not; after a crash a broker may call all of them redelivered.',
  },
  'QUE-33': {
    says: 'An unacked delivery survives a restart: it is back at its place in the queue.',
  },
  'QUE-34': {
    says: 'What was answered for a durable queue or exchange (purge, delete, bind, declare), and what was confirmed, is not undone by a restart. An ack has no answer and may be lost in a crash, which makes a redelivery.',
  },
  'QUE-35': {
    says: 'With x-max-priority N (0 to 255) messages leave by descending priority, in order within one. A priority above N counts as N and none as 0; the property is delivered as it was. N of 0 may act as 1 since 4.0; before, such a queue knows no priorities.',
  },
  'QUE-36': {
    says: 'A requeued message returns to its place within its priority. What a consumer already holds is not called back for a message of higher priority.',
  },
  'QUE-37': {
    says: 'A quorum queue has no x-max-priority. Since 4.3 it always knows the priorities 0 to 31: none counts as 4, above 31 as 31. From 4.0 to 4.2 it knows two levels, served two to one; before it knows none.',
  },
} satisfies Catalogue;
