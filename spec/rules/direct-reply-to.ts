import type { Catalogue } from '../support/catalogue.ts';

/** Direct reply-to: answers without a queue for them. */
export const directReplyToRules = {
  'RTO-01': {
    says: 'Who wants answers consumes from amq.rabbitmq.reply-to with no-ack, without declaring it and without any permission for it. It is answered as usual; exclusive, no-local and arguments are ignored. A tag that another consumer of the channel has is refused as ever.',
  },
  'RTO-02': {
    says: 'Without no-ack: 406 "PRECONDITION_FAILED - reply consumer cannot acknowledge", also when the channel has such a consumer already.',
  },
  'RTO-03': {
    says: 'A second such consumer on the same channel: 406 "PRECONDITION_FAILED - reply consumer already set".',
  },
  'RTO-04': {
    says: 'In a message published on that very channel a reply-to of exactly amq.rabbitmq.reply-to becomes that name, a dot and a token, which stays the same as long as the consumer. On a channel without such a consumer: 406 "PRECONDITION_FAILED - fast reply consumer does not exist".',
  },
  'RTO-05': {
    says: 'The whole name fits into a short string, as it serves as routing key, and its token cannot be guessed.',
  },
  'RTO-06': {
    says: 'An answer is published to the default exchange with the whole name as routing key. It is delivered to the consumer of that name with its next delivery tag, redelivered=false, the exchange "" and the whole name as routing key. Before 4.2 RabbitMQ does not count these deliveries, so all of them have the same tag. The name may also stand in CC or BCC, or be the dead-letter routing key of a queue whose dead letters go to the default exchange; expiration means nothing.',
  },
  'RTO-07': {
    says: 'An answer to somebody who is gone (consumer cancelled, channel or connection closed) is dropped without a word.',
  },
  'RTO-08': {
    says: 'A mandatory answer is delivered; before 4.2 it is returned as well (312 NO_ROUTE). Since 4.2 a well-formed name is never returned, even when nobody is there any more; before, it is. A malformed one is returned in all versions.',
  },
  'RTO-09': {
    says: 'In confirm mode an answer is confirmed at once.',
  },
  'RTO-10': {
    says: "queue.declare, passive or not, of amq.rabbitmq.reply-to or of the whole name of a consumer that is there says 0 messages and 1 consumer, and creates nothing. The whole name of one that is gone, or a malformed one: 404 \"NOT_FOUND - no queue 'NAME' in vhost '/'\".",
  },
  'RTO-11': {
    says: 'Before 4.2 basic.get, queue.bind and queue.purge of these names are refused with 404 "no queue". Since 4.2 that holds for amq.rabbitmq.reply-to itself; of a whole name, basic.get closes the connection with 540 "NOT_IMPLEMENTED - basic.get not supported by volatile queue \'NAME\' in vhost \'/\'", queue.purge is answered with 0 messages, queue.bind and queue.unbind close the channel with 403 "ACCESS_REFUSED - cannot bind or unbind to a volatile (direct reply-to) queue" before anything else is looked at, and basic.consume closes it with 406 "PRECONDITION_FAILED - only creator channel may consume from queue \'NAME\' in vhost \'/\'". A malformed name is one of no queue, but cannot be bound either. queue.delete of any of them is answered with 0 messages, and does nothing.',
  },
  'RTO-12': {
    says: 'basic.cancel ends such a consumer. Afterwards RTO-04 refuses requests on the channel, and another consumer may be set.',
  },
  'RTO-13': {
    says: 'These names appear in no list of queues. Consumers on different channels have different names.',
  },
} satisfies Catalogue;
