import type { Catalogue } from '../support/catalogue.ts';

/** Streams over AMQP 0-9-1. */
export const streamsRules = {
  'STR-01': {
    says: 'A stream is declared with x-queue-type = stream, and is durable, not exclusive, not auto-delete; declaring it again needs the type as well. Messages stay after they were consumed, and every consumer has a position of its own.',
  },
  'STR-02': {
    says: 'x-max-age is a whole number above 0 and one of the units Y M D h m s, such as "7D". Otherwise: 406 "PRECONDITION_FAILED - invalid arg \'x-max-age\' for queue \'Q\' in vhost \'/\': invalid_max_age", or ": {unacceptable_type,byte}" when it is no string. Old versions fail with an internal error at "D", "-1D" and the empty string.',
  },
  'STR-03': {
    says: 'x-max-length-bytes and x-max-age remove whole segments, so more than the limit may stay. x-stream-max-segment-size-bytes is at most 3000000000: otherwise 406 "PRECONDITION_FAILED - Exceeded max value for x-stream-max-segment-size-bytes". x-stream-filter-size-bytes (since 3.13) is 16 to 255: otherwise "PRECONDITION_FAILED - Invalid value for x-stream-filter-size-bytes".',
  },
  'STR-04': {
    says: "Arguments for TTL, expiry, length in messages, overflow, dead-lettering, priorities, a delivery limit and a single active consumer are refused for a stream: 406 \"PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'Q' in vhost '/' of queue type rabbit_stream_queue\".",
  },
  'STR-05': {
    says: "A consumer of a stream needs a prefetch: otherwise 406 \"PRECONDITION_FAILED - consumer prefetch count is not set for stream queue 'Q' in vhost '/'\" (before 4.0: \"... not set for 'queue 'Q' in vhost '/''\"). A prefetch for the whole channel is not one; since 4.3 there is no such thing, and it is taken for one of the consumer.",
  },
  'STR-06': {
    says: "A consumer of a stream must ack: with no-ack the connection is closed with 540 \"NOT_IMPLEMENTED - automatic acknowledgement not supported by stream queue 'Q' in vhost '/'\" (before 4.0: \"... by stream queues queue 'Q' ...\"). From 4.0 to 4.2 a prefetch for the whole channel beside that of the consumer does so with \"NOT_IMPLEMENTED - queue 'Q' in vhost '/' does not support global qos\".",
  },
  'STR-07': {
    says: "basic.get and queue.purge of a stream close the connection with 540 \"NOT_IMPLEMENTED - basic.get not supported by stream queues queue 'Q' in vhost '/'\", and the same for queue.purge.",
  },
  'STR-08': {
    says: 'The consumer argument x-stream-offset says where to begin. "first": the first message that is kept. "last": the last chunk that was written, with at least the last message. "next", or no argument: what is published from now on. An integer: that offset; one beyond the end is waited for, one below the first that is kept means that first. A timestamp: the first chunk that is not older, and as "next" when it is in the future. A string like x-max-age: so long ago. Other strings: 406 "PRECONDITION_FAILED - invalid arg \'x-stream-offset\' for queue \'Q\' in vhost \'/\': {invalid_stream_offset_arg,{longstr,<<"7Dx">>}}". Other types are refused in the same way; RabbitMQ fails with an internal error there, and old versions at strings that do not begin with a number.',
  },
  'STR-09': {
    says: 'Every delivery of a stream carries the header x-stream-offset, a 64-bit integer that begins with 0 and grows, not always by one. The other headers, exchange and routing key are those of the publish, and redelivered is false.',
  },
  'STR-10': {
    says: "An ack of a delivery of a stream only makes room for another one; nothing is removed. Since 3.13 basic.nack, basic.reject and a recover do the same, and nothing is delivered again; before, basic.nack and basic.reject close the connection with 540 \"NOT_IMPLEMENTED - basic.nack and basic.reject not supported by stream queues queue 'Q' in vhost '/'\". RabbitMQ may deliver a whole chunk beyond the prefetch.",
  },
  'STR-11': {
    says: 'Every subscription begins where its own x-stream-offset says; the broker remembers no position.',
  },
  'STR-12': {
    says: "exclusive means nothing to a consumer of a stream. Several consumers all get every message. x-priority is refused: 406 \"PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'Q' in vhost '/' of queue type rabbit_stream_queue\".",
  },
  'STR-13': {
    says: 'The message count of queue.declare-ok says nothing about a stream. queue.delete deletes it with all its messages, whatever if-empty says, and is answered with 0 messages.',
  },
  'STR-14': {
    says: 'A stream takes messages as any queue does, and confirms them, perhaps several at once. It keeps transient messages like persistent ones.',
  },
  'STR-15': {
    says: 'Since 3.13 a stream can be filtered: a message has a value in the header x-stream-filter-value, a consumer names those it wants in x-stream-filter (a string or an array of strings), and asks with x-stream-match-unfiltered for those without a value. Chunks without such values are left out; others may still come, so that the consumer has to look itself.',
  },
} satisfies Catalogue;
