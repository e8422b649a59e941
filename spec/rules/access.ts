import type { Catalogue } from '../support/catalogue.ts';

/** What a user may do. */
export const accessRules = {
  'AUT-01': {
    says: 'The permissions of a user on a vhost are three regular expressions: configure, write and read. An expression may match anywhere in the name unless it is anchored. The empty one matches nothing but the empty name. One that is no regular expression matches nothing.',
  },
  'AUT-02': {
    says: "A request beyond the permissions closes the channel: 403 ACCESS_REFUSED - configure access to queue 'Q' in vhost 'VH' refused for user 'U', with configure, write or read, and queue or exchange. Before 3.12 the text begins with access to, without the kind of access.",
  },
  'AUT-03': {
    says: 'The permissions on the default exchange are those on the name amq.default.',
  },
  'AUT-04': {
    says: 'Permission is asked before existence: without it, a request on something that does not exist is refused with 403 as well.',
  },
  'AUT-05': {
    says: 'A change of permissions holds for connections that are open. A channel that is never idle may go on using what it was allowed a moment ago.',
  },
  'AUT-06': {
    says: 'Nothing but these permissions counts over AMQP. A tag of a user grants nothing here, administrator included; the tag impersonator is the one exception (PUB-12).',
  },
  'AUT-07': {
    says: 'A user may have topic permissions on an exchange of type topic, as two more expressions: write is asked for the routing key when publishing, read for the binding key when binding and unbinding. They are asked beside the others, and only where they are set. {username} and {vhost} stand for the name of the user and of the vhost; since 4.3 literally, before as a part of the expression.',
  },
  'AUT-08': {
    says: "A topic permission that is missing closes the channel: 403 ACCESS_REFUSED - write access to topic 'KEY' in exchange 'X' in vhost 'VH' refused for user 'U', with write or read; before 3.12 the text begins with access to topic. Since 4.0 the keys in CC and BCC are asked as well.",
  },
  'AUT-09': {
    says: 'Declaring and deleting need configure; with a dead-letter exchange or an alternate exchange what is created needs also read on itself and write on that exchange. Binding and unbinding need write on the destination and read on the source. Publishing needs write on the exchange; basic.get, basic.consume and queue.purge need read on the queue. A passive declare needs nothing before 4.2, and any one of the three since 4.3.1. Direct reply-to needs nothing to consume, and write on amq.default to reply.',
  },
  'AUT-10': {
    says: 'Binding and unbinding ask in this order: write on the destination, the refusal of the default exchange, read on the source, topic permission, existence.',
  },
} satisfies Catalogue;
