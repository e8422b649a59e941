/** How bad it is: messages are lost or a declare fails; messages may be lost or wait; worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

/** Worst first. */
export const severities: readonly Severity[] = ['error', 'warning', 'info'];

/** One thing that can be wrong with a topology. */
interface Check {
  readonly severity: Severity;
  readonly title: string;
  /** What will happen, and to which message. */
  readonly effect: string;
  readonly fix: string;
  /** The rules of RabbitMQ's behaviour it follows from, as in docs/rules.md. */
  readonly rules: readonly string[];
}

/** Every check; `docs/lint.md` is tested against it. */
export const checks = {
  'invalid-definitions': {
    severity: 'error',
    title: 'definitions that cannot be read',
    effect: 'Nothing of the file is imported, and nothing else in it could be checked.',
    fix: 'Correct the place that is named.',
    rules: [],
  },
  'refused-declaration': {
    severity: 'error',
    title: 'something the broker refuses to make',
    effect: 'The import ends here, and a client that declares it this way gets the same error.',
    fix: 'Correct what the text of the broker names.',
    rules: ['ARG-01', 'ARG-02', 'ARG-04', 'ARG-06'],
  },
  'repeated-declaration': {
    severity: 'warning',
    title: 'the same name twice, in different ways',
    effect: 'The first one is made and the other is left out.',
    fix: 'Remove one of the two.',
    rules: ['ARG-08', 'ARG-11'],
  },
  'misspelled-argument': {
    severity: 'error',
    title: 'an argument no queue or exchange has, one or two letters from one they have',
    effect: 'The declare succeeds and the argument does nothing.',
    fix: 'Write the name as it is known.',
    rules: ['ARG-05'],
  },
  'unknown-argument': {
    severity: 'info',
    title: 'an argument no type of queue has',
    effect: 'It is stored, shown, and ignored.',
    fix: 'Remove it, unless some tool of yours reads it.',
    rules: ['ARG-05'],
  },
  'missing-dead-letter-exchange': {
    severity: 'error',
    title: 'a dead-letter exchange that does not exist',
    effect:
      'The declare succeeds. Whatever dies in the queue is lost in silence, until somebody declares it.',
    fix: 'Declare the exchange, or correct the name.',
    rules: ['DLX-03'],
  },
  'unroutable-dead-letters': {
    severity: 'error',
    title: 'dead letters that no queue gets',
    effect: 'What dies in the queue is routed to nobody, and lost in silence.',
    fix: 'Bind a queue to the dead-letter exchange with that key, or set x-dead-letter-routing-key.',
    rules: ['DLX-15', 'DLX-18'],
  },
  'dead-letters-by-name': {
    severity: 'warning',
    title: 'dead letters whose own key must name a queue',
    effect:
      'The default exchange gives them to the queue their key names, and there is hardly one: they are lost.',
    fix: 'Set x-dead-letter-routing-key to the queue they should go to.',
    rules: ['DLX-15', 'BND-05'],
  },
  'automatic-cycle': {
    severity: 'error',
    title: 'a way round on which nobody rejects',
    effect: 'What was rejected nowhere on the way round is taken for a cycle, and dropped in silence.',
    fix: 'Lead the last of the queues somewhere else, or let a consumer reject on the way.',
    rules: ['CYC-03', 'CYC-04', 'CYC-06'],
  },
  'delivery-limit-cycle': {
    severity: 'warning',
    title: 'a quorum queue whose delivery limit ends its retries',
    effect:
      'A message that is requeued too often dies without having been rejected: it is dropped when it is about to come back.',
    fix: 'Reject instead of requeueing, or set x-delivery-limit to -1.',
    rules: ['DLV-02', 'CYC-02', 'CYC-03'],
  },
  'reject-loop-without-delay': {
    severity: 'warning',
    title: 'rejected messages come straight back',
    effect: 'A message that is always rejected goes round as fast as the broker can, without end.',
    fix: 'Put a queue with x-message-ttl between the two, and let the consumer give up by the count in x-death.',
    rules: ['CYC-05'],
  },
  'endless-retries': {
    severity: 'info',
    title: 'a retry loop that only the consumer ends',
    effect: 'A message that is always rejected is retried for ever: cycles with a reject are allowed.',
    fix: 'Let the consumer count: the entry of its queue with reason "rejected" in x-death has the number.',
    rules: ['CYC-07', 'IDM-03'],
  },
  'expires-before-messages': {
    severity: 'warning',
    title: 'a queue that expires before its messages do',
    effect: 'Unused, it is deleted with all that waits in it, and nothing is dead-lettered.',
    fix: 'Make x-expires longer than x-message-ttl by more than the longest time without a declare.',
    rules: ['QEX-02', 'QEX-05', 'EXP-11', 'IDM-12'],
  },
  'expires-while-waiting': {
    severity: 'info',
    title: 'a waiting queue that expires though it is published to',
    effect:
      'Publishing is no use in the sense of x-expires: without consumers, get or a declare it is deleted ' +
      'with its messages.',
    fix: 'Declare it again before each publish, or leave x-expires out.',
    rules: ['QEX-03', 'QEX-05', 'EXP-11'],
  },
  'mixed-expirations': {
    severity: 'warning',
    title: 'a waiting queue without a TTL of its own',
    effect:
      'It delays by the expiration of each message, and only its head expires: a short one behind a long one ' +
      'comes late.',
    fix: 'Have one queue with x-message-ttl for each delay, or delay in an x-delayed-message exchange.',
    rules: ['EXP-01', 'EXP-02', 'IDM-02'],
  },
  'consumed-waiting-queue': {
    severity: 'warning',
    title: 'a consumer on a waiting queue',
    effect: 'It takes messages before their time, instead of letting them expire to where they should go.',
    fix: 'Consume from the queue its dead letters go to.',
    rules: ['IDM-01', 'TTL-13'],
  },
  'vanishing-dead-letters': {
    severity: 'warning',
    title: 'a waiting queue without a dead-letter exchange',
    effect: 'Messages wait there for their TTL, and then they are gone.',
    fix: 'Set x-dead-letter-exchange, to "" with x-dead-letter-routing-key for the queue they should come back to.',
    rules: ['DLX-09', 'IDM-01'],
  },
  'expires-silently': {
    severity: 'info',
    title: 'a TTL without a dead-letter exchange',
    effect: 'What nobody consumes in time is gone.',
    fix: 'Set x-dead-letter-exchange where that matters.',
    rules: ['DLX-09'],
  },
  'drops-oldest': {
    severity: 'info',
    title: 'a length limit without a dead-letter exchange',
    effect: 'When the queue is full its oldest message goes for each new one, and publishers get an ack.',
    fix: 'Set x-dead-letter-exchange, or x-overflow to reject-publish so that publishers get a nack.',
    rules: ['LEN-05', 'IDM-09', 'IDM-10'],
  },
  'zero-ttl': {
    severity: 'warning',
    title: 'a TTL of 0',
    effect: 'A message that no consumer can take in the moment it arrives expires at once.',
    fix: 'Leave it out for "never"; keep it if "now or not at all" is meant.',
    rules: ['TTL-15', 'IDM-11'],
  },
  'very-long-ttl': {
    severity: 'info',
    title: 'a TTL of more than 49 days',
    effect:
      'It works here and in RabbitMQ. TTLs are milliseconds, and clients that keep one in 32 bits cut it.',
    fix: 'Check the unit.',
    rules: ['TTL-02'],
  },
  'priority-holds-back': {
    severity: 'info',
    title: 'a TTL in a priority queue',
    effect:
      'Only the head of the highest priority that is there expires: lower ones wait behind it, past their deadline.',
    fix: 'Have a queue for each priority if they must expire in time.',
    rules: ['EXP-08'],
  },
  'inactive-at-least-once': {
    severity: 'warning',
    title: 'at-least-once dead-lettering that is not in force',
    effect: 'Dead letters are moved at most once, or not at all: no error says so.',
    fix: 'Set x-dead-letter-exchange and x-overflow to reject-publish as well.',
    rules: ['DLX-13'],
  },
  'unsupported-overflow': {
    severity: 'warning',
    title: 'reject-publish-dlx on a quorum queue',
    effect: 'It is accepted and acts as drop-head: the oldest message goes, and publishers get an ack.',
    fix: 'Set x-overflow to reject-publish, or use a classic queue.',
    rules: ['LEN-15'],
  },
  'delivery-limit-loses': {
    severity: 'warning',
    title: 'a quorum queue without a dead-letter exchange',
    effect: 'A message that came back too often, 20 times if nothing else is said, is dropped.',
    fix: 'Set x-dead-letter-exchange, or x-delivery-limit to -1.',
    rules: ['DLV-02', 'DLV-03'],
  },
  'auto-delete-loses': {
    severity: 'warning',
    title: 'an auto-delete queue that dead-letters',
    effect: 'When its last consumer goes it is deleted with its messages, and none of them is dead-lettered.',
    fix: 'Use x-expires, which leaves time, or a queue that stays.',
    rules: ['EXP-11'],
  },
  'missing-alternate-exchange': {
    severity: 'warning',
    title: 'an alternate exchange that does not exist',
    effect:
      'The declare succeeds, and what the exchange cannot route is lost or returned as if there were none.',
    fix: 'Declare it, or correct the name.',
    rules: ['RTE-03'],
  },
  'dead-end-alternate-exchange': {
    severity: 'warning',
    title: 'alternate exchanges that lead nowhere',
    effect: 'Each exchange is tried once, and none of them has a binding: what is unroutable stays so.',
    fix: 'Bind a queue to the last of them.',
    rules: ['RTE-02', 'RTE-03'],
  },
  'exchange-without-bindings': {
    severity: 'info',
    title: 'an exchange without bindings',
    effect: 'Whatever is published to it is lost, or returned if it is mandatory.',
    fix: 'Bind a queue, or delete it.',
    rules: ['RTE-03'],
  },
  'unbound-queue': {
    severity: 'info',
    title: 'a queue without bindings',
    effect: 'Only the default exchange reaches it, with its name as the key.',
    fix: 'Nothing, if that is how it is used.',
    rules: ['BND-05'],
  },
  'forbidden-dead-letter-exchange': {
    severity: 'warning',
    title: 'a user who may configure a queue but not its dead-letter exchange',
    effect: 'Where the queue does not exist yet, his declare is refused (403).',
    fix: 'Grant write on the dead-letter exchange, and read on the queue.',
    rules: ['DLX-06', 'DLX-07'],
  },
  'shadowed-policy': {
    severity: 'warning',
    title: 'a policy that others of higher priority hide',
    effect: 'Of all policies that match only one applies: this one does nothing.',
    fix: 'Put all keys into the policy that applies, or give this one a higher priority.',
    rules: ['POL-02'],
  },
  'unsupported-policy': {
    severity: 'warning',
    title: 'a policy with a key the queue does not have',
    effect: 'There it is left out as a whole, and the next one applies, if there is one.',
    fix: 'Make a policy of its own for each type, with apply-to classic_queues, quorum_queues or streams.',
    rules: ['POL-03'],
  },
  'unmatched-policy': {
    severity: 'info',
    title: 'a policy that matches nothing',
    effect: 'It is in force for no queue and no exchange there is.',
    fix: 'Nothing, if what it is for comes later; else correct pattern or apply-to.',
    rules: ['POL-02'],
  },
  'inert-dead-letter-key': {
    severity: 'warning',
    title: 'a policy with a dead-letter routing key, and no dead-letter exchange anywhere',
    effect: 'It does nothing: what dies in the queue is gone.',
    fix: 'Add dead-letter-exchange to the policy; "" is the default exchange.',
    rules: ['POL-07'],
  },
  'overruled-policy': {
    severity: 'info',
    title: 'an argument and a policy that say different things',
    effect:
      'Of TTLs, queue expiry and lengths the smaller holds; else the argument, but overflow of quorum queues.',
    fix: 'Leave one of the two out.',
    rules: ['POL-05', 'POL-06'],
  },
  'mirrored-queues': {
    severity: 'warning',
    title: 'a policy that mirrors queues',
    effect:
      'There are no mirrored queues since RabbitMQ 4.0: 4.3 refuses the keys, and the import here leaves them out.',
    fix: 'Leave the ha- keys out, and use quorum queues.',
    rules: [],
  },
  'transient-queue': {
    severity: 'warning',
    title: 'a transient queue that is not exclusive',
    effect: 'RabbitMQ has deprecated it: a broker may refuse to declare it, and a later version will.',
    fix: 'Make it durable; with x-expires it still goes by itself.',
    rules: ['GEN-32'],
  },
  'global-prefetch': {
    severity: 'warning',
    title: 'a prefetch of a whole channel',
    effect: 'RabbitMQ 4.3 gives it to each consumer instead, unless it is configured not to.',
    fix: 'Leave out global in basic.qos, and give each consumer its share.',
    rules: ['GEN-31', 'QOS-03'],
  },
  'queue-mode': {
    severity: 'info',
    title: 'x-queue-mode',
    effect: 'It does nothing since RabbitMQ 3.12, and 4.3 does not even check it.',
    fix: 'Leave it out.',
    rules: ['ARG-04', 'ARG-07'],
  },
  'queue-version-1': {
    severity: 'warning',
    title: 'x-queue-version 1',
    effect: 'RabbitMQ 4.3 refuses to declare it.',
    fix: 'Leave it out.',
    rules: ['ARG-04'],
  },
  'queue-master-locator': {
    severity: 'warning',
    title: 'x-queue-master-locator',
    effect: 'RabbitMQ 4.3 refuses it unless it is told to permit what is deprecated.',
    fix: 'Leave it out, or use x-queue-leader-locator.',
    rules: ['ARG-05'],
  },
  'many-wildcards': {
    severity: 'warning',
    title: 'a topic pattern with more than two #',
    effect: 'RabbitMQ 4.3 refuses to bind with it.',
    fix: 'Write fewer: two # in a row match what one does.',
    rules: ['RTE-07'],
  },
  'delayed-message-plugin': {
    severity: 'info',
    title: 'an x-delayed-message exchange',
    effect: 'It works here. The plugin RabbitMQ needs for it does not run on 4.3 any more.',
    fix: 'Nothing here; elsewhere one waiting queue for each delay.',
    rules: ['DLM-01'],
  },
} as const satisfies Record<string, Check>;

export type CheckId = keyof typeof checks;

export const checkIds = Object.keys(checks) as CheckId[];
