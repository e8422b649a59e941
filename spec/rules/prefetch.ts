import type { Catalogue } from '../support/catalogue.ts';

/** Prefetch. */
export const prefetchRules = {
  'QOS-01': {
    says: 'A prefetch-size other than 0 closes the connection: 540 (60/10) NOT_IMPLEMENTED - prefetch_size!=0 (10).',
  },
  'QOS-02': {
    says: 'With global=false a prefetch-count is the limit of every consumer that is started on this channel afterwards, of each for itself. Those that are there keep theirs. It also ends a limit of the channel.',
  },
  'QOS-03': {
    says: 'With global=true a prefetch-count is one limit of all consumers of the channel together, at once and also of those that are there. When there are limits of both kinds a delivery must keep both. 0 ends it, and deliveries go on. Since 4.3 global=true is by default taken as global=false; a broker may go on honouring it.',
  },
  'QOS-04': {
    says: 'Without a prefetch-count, or with 0, a consumer may have any number of unacked deliveries; of a quorum queue not more than 2000.',
  },
  'QOS-05': {
    says: 'The limit of a consumer counts its own unacked deliveries. Each that is acked, nacked or rejected makes room for the next. A limit of the channel also counts the messages that were fetched by basic.get and are unacked when it is set, but not those fetched later.',
  },
  'QOS-06': {
    says: 'A limit that is lowered takes no delivery back. Deliveries go on once there are fewer than it allows.',
  },
  'QOS-07': {
    says: "Consuming from a quorum queue under a limit of the channel closes the connection: 540 (60/20) NOT_IMPLEMENTED - queue 'Q' in vhost 'VH' does not support global qos. Since 4.3, where there are no such limits by default, it is allowed.",
  },
  'QOS-08': {
    says: 'basic.qos is always answered by qos-ok.',
  },
} satisfies Catalogue;
