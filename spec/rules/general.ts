import type { Catalogue } from '../support/catalogue.ts';

/** Errors, names and order. */
export const generalRules = {
  'GEN-01': {
    says: 'The text of every error begins with the upper-case name of its code, a space, a hyphen and a space: "NOT_FOUND - no queue \'q\' in vhost \'/\'". A failure inside the broker itself has the bare name, "INTERNAL_ERROR".',
  },
  'GEN-02': {
    says: 'A reply text has at most 255 bytes. A longer one is cut: 252 bytes of it, then three dots.',
  },
  'GEN-03': {
    says: 'A close method carries the class and the method id of the method that failed. Both are 0 when none was being executed: a bad frame, a refused login, a forced close. A fault in the content of a message counts as one of basic.publish, 60/40.',
  },
  'GEN-04': {
    says: 'The code decides what is closed. 311, 312, 313, 403, 404, 405 and 406 close the channel, and the connection goes on; 320, 402, 501 to 506, 530, 540 and 541 close the connection. 311, 313 and 402 are never used, and 312 stands only in basic.return. What would close a channel closes the connection when it happens on channel 0.',
  },
  'GEN-05': {
    says: "Texts name what they are about as queue 'q' in vhost '/' and exchange 'x' in vhost '/'. Refusals for lack of permission call the default exchange 'amq.default'.",
  },
  'GEN-06': {
    says: 'Carriage returns and line feeds are taken out of the names of queues and exchanges in declare, delete, bind and unbind, so that "a\\r\\n.b" declares "a.b". Names in consume, get, purge and publish are taken as they are.',
  },
  'GEN-07': {
    says: 'A request with no-wait is not answered when it succeeds. When it fails, the channel or the connection is closed as if it had been sent without.',
  },
  'GEN-08': {
    says: 'The requests of a channel are executed and answered in the order in which they came; a client need not wait for one answer before it sends the next request. Channels do not wait for each other.',
  },
  'GEN-09': {
    says: 'An empty queue name in bind, unbind, purge, delete, consume and get is the queue that was declared last on this channel, passively or not. Without one the channel is closed with 404 "NOT_FOUND - no previously declared queue". In queue.declare an empty name asks for a new one.',
  },
  'GEN-10': {
    says: 'When queue.bind or queue.unbind has neither a queue name nor a routing key, the name of the queue declared last is used for both. With a queue name, an empty routing key stays empty.',
  },
  'GEN-11': {
    says: 'The reserved arguments of requests (ticket, out-of-band, capabilities, insist, realm) are not looked at; those of answers (known-hosts, channel-id, cluster-id) are empty. access.request is always granted, with ticket 1.',
  },
  'GEN-12': {
    says: 'A short string has at most 255 bytes. In the arguments of a method it must be UTF-8; otherwise the connection is closed with 501 (0/0) "FRAME_ERROR - Malformed UTF-8 in shortstr". Short strings of properties, keys of tables, long strings and the values of headers may hold any bytes.',
  },
  'GEN-13': {
    says: 'Upper and lower case differ in names, and no character is forbidden in them. Only names that begin with "amq." are reserved.',
  },
  'GEN-20': {
    says: 'The text of a refusal for lack of permission: before 3.12 "access to queue ..."; since 3.12 it names the permission too, "configure access to queue ...", "write access to ...", "read access to ...".',
  },
  'GEN-21': {
    says: 'An exchange type that does not exist: before 3.13 it closes the connection with 503 "COMMAND_INVALID - unknown exchange type ..."; since 3.13 it closes the channel with 406 "PRECONDITION_FAILED - unknown exchange type ...".',
  },
  'GEN-22': {
    says: 'The smallest frame-max a client may ask for: before 4.1 it is 4096; since 4.1 it is 8192, but a broker may go on to accept 4096 for the sake of old clients.',
  },
  'GEN-23': {
    says: 'The largest message a broker takes unless it is configured otherwise: before 4.0 it has 134217728 octets; since 4.0, 16777216. A larger one closes the channel with 406.',
  },
  'GEN-24': {
    says: 'What a broker answers to a protocol header it does not know: before 4.0 "AMQP" 0 0 9 1; since 4.0 a broker that speaks AMQP 1.0 too may answer "AMQP" 3 1 0 0.',
  },
  'GEN-25': {
    says: 'A passive declare: before 4.2 no permission is needed for it; in the last releases of 4.2 and since 4.3.1 the user needs any one of configure, write and read on what is declared.',
  },
  'GEN-26': {
    says: 'A direct reply with mandatory: before 4.2 it is delivered, and returned with 312 as well; since 4.2 it counts as routed and is not returned.',
  },
  'GEN-27': {
    says: 'A delivery mode other than 1 and 2: before 3.13 it closes the channel with 406 "PRECONDITION_FAILED - invalid message: {delivery_mode_unknown,3}"; since 3.13 it is accepted, and only 2 is persistent.',
  },
  'GEN-28': {
    says: 'A body longer than its header announced: before 4.2 the message never becomes complete and the next frame of the channel closes the connection with 505; since 4.2 the body frame itself closes it with 501.',
  },
  'GEN-29': {
    says: 'Nack and reject of a delivery from a stream: before 3.13 they close the connection with 540; since 3.13 they are taken as an ack.',
  },
  'GEN-30': {
    says: 'A headers exchange compares the integer 1 with the double 1.0: before 3.13 they are equal; since 3.13 they are not.',
  },
  'GEN-31': {
    says: 'The bit global of basic.qos: before 4.3 the prefetch is shared by all consumers of the channel; since 4.3 the bit is not looked at unless the broker is configured to, and each consumer has its own. A broker may go on to honour it.',
  },
  'GEN-32': {
    says: 'A queue that is neither durable nor exclusive: every version may allow it. Since 4.3 a broker may refuse it and close the connection with 541.',
  },
  'GEN-33': {
    says: 'The time in which a delivery must be acked: before 4.3 it holds for queues of all types and closes the channel; since 4.3 it holds for quorum queues only and cancels the consumer first.',
    unproven: 'the shortest wait is a minute, and half an hour unless the broker is configured otherwise',
  },
  'GEN-34': {
    says: 'A binding key of a topic exchange with more than two words "#": before 4.3 it is allowed; since 4.3 it closes the channel with 406 "PRECONDITION_FAILED - Topic binding key \'KEY\' uses 3 \'#\' wildcards, at most 2 are allowed". A broker may go on to allow it.',
  },
  'GEN-35': {
    says: 'The arguments of a queue as the HTTP API shows them: before 4.0 they are those it was declared with; since 4.0 x-queue-type is among them for every queue.',
  },
  'GEN-36': {
    says: 'The protocol header of AMQP 0-8: before 4.0 it is answered with connection.start of version 8-0; since 4.0 it is refused.',
  },
} satisfies Catalogue;
