import type { Catalogue } from '../support/catalogue.ts';

/** What becomes of messages that die in a queue. */
export const dlxRules = {
  'DLX-01': {
    says: 'A queue whose argument x-dead-letter-exchange, or whose policy (dead-letter-exchange), names an exchange publishes its dead messages there. The empty name is a name like any other: it is the default exchange.',
  },
  'DLX-02': {
    says: 'A message dies by basic.reject or basic.nack without requeue (rejected), by its TTL (expired), by the length limit of its queue (maxlen: the dropped head, or the publish that reject-publish-dlx refuses) and by the delivery limit of a quorum queue (delivery_limit). Nothing else makes dead letters: not ack, purge or the deletion of the queue.',
  },
  'DLX-03': {
    says: 'The dead-letter exchange is looked up by its name at each death. While there is none, dead messages are lost without a word; as soon as it is declared, later deaths go there. It may be of any type, and internal.',
  },
  'DLX-04': {
    says: "A dead-letter exchange that is not a long string is refused: 406 `invalid type 'TYPE' for arg 'x-dead-letter-exchange' in queue 'Q' in vhost 'V'`. This is checked before every other argument, and only for a queue that does not exist yet.",
  },
  'DLX-05': {
    says: "x-dead-letter-routing-key needs x-dead-letter-exchange among the same arguments: 406 `invalid arg 'x-dead-letter-routing-key' for queue 'Q' in vhost 'V': routing_key_but_no_dlx_defined`, whatever a policy says. A key that is not a long string is refused with `{unacceptable_type,TYPE}`. The empty key is a key, and neither name has a limit of length.",
  },
  'DLX-06': {
    says: "To declare a new queue with a dead-letter exchange a user needs, after configure on the queue, read on that queue and then write on the exchange (as amq.default when it is the default one): 403 `read access to queue 'Q' in vhost 'V' refused for user 'U'`, `write access to exchange 'X' ...`; before 3.12 these texts begin with `access to`. An exchange that comes from a policy needs no permission.",
  },
  'DLX-07': {
    says: 'Declaring a queue again checks neither the type of its dead-letter exchange nor the permissions for it. At a death no permission is checked at all.',
  },
  'DLX-08': {
    says: 'Dead letters come in the order of the deaths: rejects as they were sent, a nack of many (or of all) by delivery tag, the lowest first, dropped heads from the oldest on.',
  },
  'DLX-09': {
    says: 'Without a dead-letter exchange a message that is rejected, expires or is dropped at the length limit is discarded.',
  },
  'DLX-10': {
    says: 'A dead letter is published without asking for a confirm and then removed from its queue. A target that refuses it (reject-publish, at its limit) loses it silently; other targets keep theirs.',
  },
  'DLX-11': {
    says: 'A reject in a transaction dead-letters at tx.commit, and never after tx.rollback.',
  },
  'DLX-12': {
    says: "A stream takes no dead-letter exchange: 406 `invalid arg 'x-dead-letter-exchange' for queue 'Q' in vhost 'V' of queue type rabbit_stream_queue`. Since 3.12 a stream can be what dead letters are routed to.",
  },
  'DLX-13': {
    says: 'A quorum queue keeps its dead letters until they are confirmed (x-dead-letter-strategy at-least-once) only if it has a dead-letter exchange and the overflow reject-publish. With drop-head it falls back to at-most-once, without an exchange nothing is dead-lettered; the declare succeeds all the same.',
  },
  'DLX-14': {
    says: 'With at-least-once a dead message stays in its queue, neither ready nor gone, and counts toward the length limit until every queue it was routed to has confirmed it. Without an exchange or a route, or when a target refuses, it is tried again after minutes. Its headers are those of at-most-once. Since 4.3 a purge removes it.',
  },
  'DLX-15': {
    says: 'With a dead-letter routing key that key alone routes the dead letter. Without one all keys of the message do: its routing key and those of CC and BCC, though the header BCC itself is gone since the publish. A queue that several of them match gets one copy.',
  },
  'DLX-16': {
    says: 'A delivered dead letter shows the dead-letter exchange as its exchange, and as its routing key the dead-letter routing key, or else the routing key it was first published with, also where a CC key matched.',
  },
  'DLX-17': {
    says: 'A dead-letter routing key takes the place of CC for good: a later death without such a key routes by the key of the hop before. The header CC itself is removed before 3.13, and stays since.',
  },
  'DLX-18': {
    says: 'A dead letter without a route is dropped: nothing is returned, also when it was published as mandatory. The alternate exchange of the dead-letter exchange is used; the message shows the name of the dead-letter exchange and not that of the alternate.',
  },
  'DLX-19': {
    says: 'A headers exchange sees the headers that this death has written. Keys that begin with x- count only with all-with-x and any-with-x; x-first-death-* can be matched, and since 3.13 x-last-death-* of this very death.',
  },
  'DLX-20': {
    says: 'Body, headers and properties survive a death; what was absent stays absent. Only the expiration goes. The user-id is not checked again.',
  },
  'DLX-21': {
    says: 'For the queue it comes to a dead letter is a new message: it goes to the tail, the TTL and the limits of that queue apply from then on, and it is not redelivered (since 4.3 it is when basic.reject killed it).',
  },
  'DLX-22': {
    says: 'Whether a dead letter survives a restart depends on its own delivery mode and on the queue it came to. The confirm of a publish is about that publish alone: a publisher hears nothing of dead letters.',
  },
} satisfies Catalogue;
