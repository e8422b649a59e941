import type { Catalogue } from '../support/catalogue.ts';

/** Dead letters that come back to where they died. */
export const cyclesRules = {
  'CYC-01': {
    says: 'Cycles are looked for in each queue a dead letter is routed to, after its death was recorded. Queues it would cycle through are left out; the others get it.',
  },
  'CYC-02': {
    says: 'A death by reject is never held for part of a cycle. Every other reason (expired, maxlen, delivery_limit) is.',
  },
  'CYC-03': {
    says: 'It is a cycle when the message died in the target before and no death from the newest back to the newest one there was a reject.',
  },
  'CYC-04': {
    says: 'A queue that dead-letters to itself loses a message at its first death by TTL or by length limit.',
  },
  'CYC-05': {
    says: 'A queue that dead-letters to itself takes a rejected message back as often as it is rejected, and counts.',
  },
  'CYC-06': {
    says: 'Between two queues with a TTL that dead-letter to each other a message is dropped when it would come into the first one again.',
  },
  'CYC-07': {
    says: 'A message that is rejected, waits for its TTL in another queue and comes back goes round as often as it likes. It has one entry for each of the two queues, with equal counts.',
  },
  'CYC-08': {
    says: 'A reject before a cycle began does not save a message from it. Before 3.13.3 RabbitMQ lets such a message go round without end, as it does not keep the deaths in order (XD-07).',
  },
  'CYC-09': {
    says: 'In a queue that dead-letters to itself a message that was rejected and then expires is dropped: the newest death there is not the reject.',
  },
  'CYC-10': {
    says: 'A message that is dropped as a cycle is dropped in silence: nobody gets a return, a nack or an error.',
  },
} satisfies Catalogue;
