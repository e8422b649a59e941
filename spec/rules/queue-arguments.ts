import type { Catalogue } from '../support/catalogue.ts';

/** Queue arguments. */
export const queueArgumentsRules = {
  'ARG-01': {
    says: 'A declaration that fails closes the channel with 406 (50/10) and tells the first fault only. A reserved name (403) and a type that cannot be named by the broker come first; then, for a new queue: the type of x-dead-letter-exchange, the permissions for it, x-queue-type, the values of the arguments the type has, arguments it does not have, and last its properties.',
  },
  'ARG-02': {
    says: "A bad value: PRECONDITION_FAILED - invalid arg 'NAME' for queue 'Q' in vhost '/': REASON. An argument the type does not have: PRECONDITION_FAILED - invalid arg 'NAME' for queue 'Q' in vhost '/' of queue type T, where T is rabbit_classic_queue, rabbit_quorum_queue or rabbit_stream_queue.",
  },
  'ARG-03': {
    says: 'Values are looked at in this order: x-expires, x-message-ttl, x-dead-letter-exchange, x-dead-letter-routing-key, x-dead-letter-strategy, x-max-length, x-max-length-bytes, x-max-in-memory-length, x-max-in-memory-bytes, x-max-priority, x-overflow, x-queue-mode (until 4.3), x-queue-version, x-single-active-consumer, and the rest.',
  },
  'ARG-04': {
    says: 'Arguments that count must be integers of any width ("expected integer, got longstr", quotes included), not negative ({value_negative,-1}), at most 315360000000 for the two times ({value_too_large,N}), at least 1 for x-expires and group sizes ({value_zero,0}), at most 255 for x-max-priority ({max_value_exceeded,256}). Strings and bools of another type: {unacceptable_type,byte}. Words: invalid_overflow, invalid_dlx_strategy, "unsupported queue type \'T\'", "unsupported queue mode \'M\'" (until 4.3), invalid_queue_locator_arg. A dead-letter routing key without an exchange: routing_key_but_no_dlx_defined. x-queue-version is 1 or 2, since 4.3 only 2: "unsupported queue version \'3\'". A broker that acts as 4.3 may still look at x-queue-mode.',
  },
  'ARG-05': {
    says: 'Every queue type has its own set of arguments. One that only another type has is refused, whatever its value. A name that no type has is accepted, stored and means nothing. Some came late: x-queue-leader-locator for classic queues with 4.0, x-stream-filter-size-bytes with 3.13, x-consumer-timeout, x-consumer-disconnected-timeout and x-delayed-retry-* with 4.3; before, they were unknown. x-queue-master-locator is refused by default since 4.3.',
  },
  'ARG-06': {
    says: "Quorum queues and streams must be durable, not exclusive and not auto-delete: PRECONDITION_FAILED - invalid property 'non-durable' (or 'exclusive-owner', 'auto-delete') for queue 'Q' in vhost '/'. They must have a name: PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue. A quorum queue has no x-max-priority.",
  },
  'ARG-07': {
    says: 'Some values are never looked at: x-delivery-limit and x-delayed-retry-* of quorum queues, and since 4.3 x-queue-mode. A useless one acts as if it were absent.',
  },
  'ARG-08': {
    says: 'Declaring a queue that exists only compares: first the exclusive flag (405), then durable, then auto_delete, then the arguments that its type has, in a fixed order. A value that no new queue could have is just another difference. Arguments the type does not have are not looked at.',
  },
  'ARG-09': {
    says: 'An argument that is present on one side only is a difference, even when its value is what the queue would do without it. The one exception: x-queue-type classic and none are the same. Names that no type has are not compared.',
  },
  'ARG-10': {
    says: 'Two values are equal when they have the same value and are both integers of any width, both floats, or of one type. Values of different kinds that are the same underneath also count as equal, as the integer 5 and the timestamp 5. An integer never equals a float or a string of its digits.',
  },
  'ARG-11': {
    says: "Both present: PRECONDITION_FAILED - inequivalent arg 'A' for queue 'Q' in vhost '/': received '6' but current is '5', without types; a void reads none. One absent: received the value '6' of type 'byte' but current is none, or received none but current is the value 'a' of type 'longstr'; the type is the one it had on the wire. Flags: inequivalent arg 'durable' and 'auto_delete', with true and false.",
  },
  'ARG-12': {
    says: "When the exclusive flag differs, or the queue is exclusive to another connection: 405 RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'Q' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration. The durable flag of an exclusive queue is not compared.",
  },
  'ARG-13': {
    says: "Since 4.0 the type is stored with every queue, so another type reads received 'quorum' but current is 'classic'; before: received the value 'quorum' of type 'longstr' but current is none. Since 4.2 an empty x-queue-type means the default type, and is refused before with \"unsupported queue type ''\"; whether it then equals classic or none is up to the broker.",
  },
  'ARG-14': {
    says: 'A decimal where the queue has an integer is a difference like any other (406).',
  },
  'ARG-15': {
    says: 'The management API answers the same faults with status 400 and {"error":"bad_request","reason":TEXT}, the text without the name of its code. Integers in JSON arrive as type long.',
  },
} satisfies Catalogue;
