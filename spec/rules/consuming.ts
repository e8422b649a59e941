import type { Catalogue } from '../support/catalogue.ts';

/** Consuming. */
export const consumingRules = {
  'CNS-01': {
    says: 'consume-ok comes before the first delivery of its consumer. A consumer without a tag gets one: amq.ctag- and 22 characters of URL-safe base64. With no-wait it gets one as well, which its deliveries show.',
  },
  'CNS-02': {
    says: "A consumer tag that is in use on the channel closes the connection: 530 (60/20) NOT_ALLOWED - attempt to reuse consumer tag 'c'. Two channels may use the same tag, and a tag is free again after it was cancelled.",
  },
  'CNS-03': {
    says: "Consuming from a queue that does not exist closes the channel: 404 (60/20) NOT_FOUND - no queue 'Q' in vhost 'VH'.",
  },
  'CNS-04': {
    says: "An exclusive consumer is refused while the queue has any other, and every other is refused while it has an exclusive one: 403 (60/20) ACCESS_REFUSED - queue 'Q' in vhost 'VH' in exclusive use. When that one is gone the queue is free again. basic.get is not hindered.",
  },
  'CNS-05': {
    says: 'Quorum queues and streams take no notice of the flag exclusive of a consumer.',
  },
  'CNS-06': {
    says: 'The flag no-local is accepted and has no effect: a connection gets what it has published itself.',
  },
  'CNS-07': {
    says: 'A message that is delivered with no-ack is gone when it is sent. Its delivery tag cannot be acked, and prefetch does not count it.',
  },
  'CNS-08': {
    says: 'Consumers of the same priority that can take a message are served in turn, in the order in which they came.',
  },
  'CNS-09': {
    says: 'The consumer argument x-priority is an integer of any width, also a negative one, and 0 by default. A consumer gets messages only while every one of a higher priority can take no more, because its prefetch is used up or its connection takes nothing.',
  },
  'CNS-10': {
    says: "An x-priority that is no integer closes the channel: 406 (60/20) PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'Q' in vhost 'VH': \"expected integer, got longstr\", with the type it has.",
  },
  'CNS-11': {
    says: "A consumer argument that belongs to another type of queue closes the channel: 406 (60/20) PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue 'Q' in vhost 'VH' of queue type rabbit_classic_queue. Arguments nobody knows, and x-cancel-on-ha-failover, are accepted and have no effect.",
  },
  'CNS-12': {
    says: 'A channel may have any number of consumers. A broker may be configured to limit them: 530 NOT_ALLOWED - reached maximum (N) of consumers per channel.',
  },
  'CNS-13': {
    says: 'A delivery is marked as redelivered when the message was handed out before, however it came back to the queue.',
  },
  'CNS-14': {
    says: 'basic.get is answered by get-ok with the message and the number of messages that are still ready, or by get-empty. It takes no notice of prefetch. Without no-ack the message is unacked on the channel.',
  },
  'CNS-15': {
    says: "basic.get on a queue that does not exist closes the channel: 404 (60/70) NOT_FOUND - no queue 'Q' in vhost 'VH'.",
  },
  'CNS-20': {
    says: 'basic.cancel of a tag nobody knows is answered by cancel-ok with that tag.',
  },
  'CNS-21': {
    says: 'Deliveries that were under way may still come before cancel-ok; after it none comes.',
  },
  'CNS-22': {
    says: 'Cancelling a consumer requeues nothing: what it was delivered stays unacked on its channel and can still be settled there.',
  },
  'CNS-25': {
    says: 'When a queue goes away its consumers end. A client that has announced consumer_cancel_notify is sent basic.cancel with the tag and no-wait, to which it need not reply. Another client is told nothing.',
  },
  'CNS-26': {
    says: 'On the channel that deletes a queue delete-ok comes before basic.cancel; between channels there is no fixed order. The client may still cancel the tag, and gets cancel-ok.',
  },
  'CNS-30': {
    says: 'A queue with x-single-active-consumer has one consumer at a time that is given messages: the first that subscribed.',
  },
  'CNS-31': {
    says: 'When the active consumer goes, the one of the highest x-priority follows, and of several the one that has waited longest; it begins with the next ready message. In a classic queue one of higher priority who comes later does not displace the active one. In a quorum queue he does, since 4.0, as soon as the active one has nothing unacked.',
  },
  'CNS-32': {
    says: 'What an active consumer was delivered stays with its channel when it is cancelled. Once that is requeued, or the channel closes, it goes to the consumer that is active then, marked as redelivered.',
  },
  'CNS-33': {
    says: "An exclusive consumer of a classic queue with a single active consumer is refused, also when it is the first: 403 ACCESS_REFUSED - queue 'Q' in vhost 'VH' in exclusive use. A quorum queue takes no notice of the flag.",
  },
  'CNS-34': {
    says: "basic.get works on a classic queue with a single active consumer. On a quorum queue it closes the channel: 405 (60/70) RESOURCE_LOCKED - cannot obtain access to locked queue 'Q' in vhost 'VH'. basic.get operations are not supported by quorum queues with single active consumer. The type of the queue may stand there as <<\"quorum\">>, as in 4.3.",
  },
  'CNS-35': {
    says: 'What the prefetch of the active consumer leaves stays in the queue; it does not go to a consumer that waits.',
  },
  'CNS-40': {
    says: 'A delivery must be acked within 1800000 ms by default. Up to 4.2 this is looked at about once a minute, and the channel is closed: 406 (0/0) PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms. This timeout value can be configured, see consumers doc guide to learn more. Its deliveries are requeued.',
    unproven: 'It takes half an hour, or a minute at least with a shorter time from the configuration.',
  },
  'CNS-41': {
    says: 'The time for an ack comes from the queue (the policy consumer-timeout or the argument x-consumer-timeout, the smaller of both; since 3.12), and else from the configuration. Up to 4.2 only the oldest unacked delivery of a channel counts, and a minute passes between two looks. Since 4.3 only quorum queues take the argument, and keep to it exactly.',
  },
  'CNS-42': {
    says: 'Since 4.3 only quorum queues ask for an ack in time. The late messages return to the queue, and the consumer is cancelled by the server when its client has announced consumer_cancel_notify; otherwise its channel is closed with the text of CNS-40, in which the time may be -1.',
  },
  'CNS-43': {
    says: 'Deliveries that need no ack are never late. Up to 4.2 messages fetched by basic.get can be.',
  },
} satisfies Catalogue;
