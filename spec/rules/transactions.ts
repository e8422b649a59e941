import type { Catalogue } from '../support/catalogue.ts';

/** Transactions. */
export const transactionsRules = {
  'TXN-01': {
    says: 'tx.select makes a channel transactional for good and may be repeated. In confirm mode it closes the channel with 406 "PRECONDITION_FAILED - cannot switch from confirm to tx mode".',
  },
  'TXN-02': {
    says: 'tx.commit and tx.rollback on a channel that is not transactional close it with 406 "PRECONDITION_FAILED - channel is not transactional".',
  },
  'TXN-03': {
    says: 'Publishes and settlements take effect at the commit, the publishes first, each in their order. Deliveries and gets are not part of the transaction. A publish is checked and routed when it is published: what is refused closes the channel at once.',
  },
  'TXN-04': {
    says: 'commit-ok is sent when every message is as safe as for a confirm; a new transaction begins after it. If a queue refuses one of them, the channel is closed with 406 "PRECONDITION_FAILED - partial tx completion". A message for a queue that is gone by then counts as done; RabbitMQ 4.3 closes the connection with 506 "RESOURCE_ERROR - failed to deliver message: ..." instead.',
  },
  'TXN-05': {
    says: 'tx.rollback forgets the publishes and undoes the settlements: those deliveries are outstanding on the channel again and can be settled; they are not delivered anew.',
  },
  'TXN-06': {
    says: 'Settling an unknown delivery tag fails when it is asked for, not at the commit. A tag settled in this transaction is unknown until it is rolled back.',
  },
  'TXN-07': {
    says: 'Closing the channel rolls back; what it holds unacked goes back to its queues.',
  },
  'TXN-08': {
    says: 'Requests sent behind a commit that is not complete may be refused: the connection is closed with 504 "CHANNEL_ERROR - unexpected command while processing \'tx.commit\'". A broker may instead do them after the commit.',
  },
  'TXC-03': {
    says: 'The expiration of a message is checked when it is published in a transaction: a bad one closes the channel before any commit.',
  },
  'TXC-04': {
    says: 'The TTL of a message published in a transaction runs from the commit.',
  },
  'TXC-05': {
    says: 'Acks, nacks and rejects act at the commit. After a rollback the messages are still unacked on that channel.',
  },
} satisfies Catalogue;
