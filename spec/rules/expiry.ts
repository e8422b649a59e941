import type { Catalogue } from '../support/catalogue.ts';

/** How expired messages leave a queue. */
export const expiryRules = {
  'EXP-01': {
    says: 'Messages expire only at the head of a queue: one with a short TTL waits behind a head that has not expired, past its own deadline. A sweep takes expired messages from the head and stops at the first that has not expired.',
  },
  'EXP-02': {
    says: 'A message with a TTL of 100 ms behind one of 800 ms expires after 800 ms, right after its head. Behind a head without a TTL it stays.',
  },
  'EXP-03': {
    says: 'A message that waits behind the head past its deadline still is a ready message: it is counted, and it counts toward the length limits.',
  },
  'EXP-04': {
    says: 'The head expires by itself when its deadline comes; nobody has to consume, fetch or publish. The queue also looks at its head when it changes: after a publish, a fetch, a requeue, a drop by the length limit, a change of policy, and when the broker starts.',
  },
  'EXP-05': {
    says: 'When a head that held others back leaves (delivered, fetched or dropped), the expired messages behind it are dead-lettered at once.',
  },
  'EXP-06': {
    says: 'An unacked message is not part of the line: it does not expire, and nothing waits behind it. Requeued before its deadline it is the head again, and holds others back again.',
  },
  'EXP-07': {
    says: 'Messages that expire together are dead-lettered in the order of the queue, whatever their deadlines were.',
  },
  'EXP-08': {
    says: 'In a classic queue with priorities only the head of the highest priority that has messages can expire. A head that came in front of others by its priority has to expire in time as well, and must not be delivered after its deadline; RabbitMQ arms no timer for it, and hands it out expired.',
  },
  'EXP-09': {
    says: 'A quorum queue expires messages at its head only. Since 4.3 each priority is a line of its own there, so a message of a low priority expires although one of a higher priority has not; before, it waits.',
  },
  'EXP-10': {
    says: 'A purge removes the ready messages without dead-lettering any. Unacked ones stay.',
  },
  'EXP-11': {
    says: 'A queue that is deleted dead-letters nothing, however it goes: by queue.delete, as the last consumer of an auto-delete queue leaves, as the owner of an exclusive queue disconnects, by x-expires, or with its vhost.',
  },
  'EXP-12': {
    says: 'A reject or nack of a message whose queue is gone meanwhile does nothing: no dead letter, and no channel error.',
  },
} satisfies Catalogue;
