import type { Catalogue } from '../support/catalogue.ts';

/** Acknowledging and requeueing. */
export const settlingRules = {
  'ACK-01': {
    says: 'Settling a delivery tag that is not outstanding on this channel closes the channel with 406 "PRECONDITION_FAILED - unknown delivery tag N", at basic.ack, basic.nack or basic.reject. It is not outstanding when it was never issued, is settled already, was delivered with no-ack, or belongs to another channel.',
  },
  'ACK-02': {
    says: 'multiple=true settles every outstanding tag up to and including the one named. The one named must be outstanding itself; otherwise ACK-01 holds and nothing is settled.',
  },
  'ACK-03': {
    says: 'Tag 0 with multiple=true means all that is outstanding on the channel, which may be nothing. Tag 0 without multiple is an unknown delivery tag.',
  },
  'ACK-04': {
    says: 'A message rejected (basic.reject, basic.nack) with requeue=false is dead-lettered, or dropped when its queue has no dead-letter exchange. With requeue=true it takes its old place in the queue again, before all that was published later and whatever the order of the requeues, and is delivered with redelivered=true.',
  },
  'ACK-05': {
    says: 'A quorum queue puts returned messages elsewhere: before 4.0, without a delivery limit, behind everything else; since 4.0 in a line of their own, in the order of their return, before everything that was never delivered. A broker may instead give them their old place, as ACK-04 says.',
  },
  'ACK-06': {
    says: 'A requeued message may go straight back to the consumer that returned it; nothing delays it.',
  },
  'ACK-07': {
    says: 'basic.recover with requeue=true returns everything that is unacked on the channel, consumed or fetched, to its queues, answers recover-ok, and delivers it anew with new tags and redelivered=true. basic.recover-async does the same without an answer.',
  },
  'ACK-08': {
    says: 'basic.recover and basic.recover-async with requeue=false close the connection with 540 "NOT_IMPLEMENTED - requeue=false".',
  },
  'ACK-09': {
    says: 'basic.ack, basic.nack and basic.reject have no answer, and may settle deliveries in any order.',
  },
  'ACK-10': {
    says: 'A quorum queue counts in the header x-delivery-count how often a message was delivered in vain before. Before 3.13 the first delivery carries 0; since 3.13 the header is there from 1 on. Since 4.3 basic.reject with requeue and a lost consumer count, basic.nack with requeue does not, and x-acquired-count says how often it was handed out before.',
  },
} satisfies Catalogue;
