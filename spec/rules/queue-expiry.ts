import type { Catalogue } from '../support/catalogue.ts';

/** How long a queue lives that nobody uses. */
export const queueExpiryRules = {
  'QEX-01': {
    says: 'The argument x-expires is an integer of any AMQP width from 1 to 315360000000 ms, the policy key expires an integer of 1 or more. Of argument, policy and operator policy the smallest counts. A stream refuses the argument.',
  },
  'QEX-02': {
    says: 'A queue is deleted when for that long it had no consumer and nothing renewed it. What is in it does not matter: messages go with it, and none is dead-lettered.',
  },
  'QEX-03': {
    says: 'The whole period starts anew with each declaration of the existing queue, active or passive, with each basic.get (also of nothing, also through the management API), and when the last consumer leaves. It does not run while there is a consumer.',
  },
  'QEX-04': {
    says: 'A declaration with no-wait does not renew it.',
  },
  'QEX-05': {
    says: 'Publishing, binding, unbinding, purging, and settling what was fetched do not renew it; nor does holding an unacked message.',
  },
  'QEX-06': {
    says: 'The period is not persistent: it starts from zero when the broker starts.',
  },
  'QEX-07': {
    says: 'RabbitMQ looks at unused quorum queues every few seconds, so they live up to about 5 s longer, and a declaration does not renew them. A broker may treat them as classic queues.',
  },
  'QEX-08': {
    says: 'An expires policy that is set for an existing queue starts the period at that moment. Auto-delete and expiry do not know of each other: what comes first deletes the queue.',
  },
} satisfies Catalogue;
