import { beforeAll, describe, expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { programs, runParity } from './parity.ts';

/** Another broker that must see the same: `amqp://guest:guest@HOST:PORT/`. */
const OTHER_URL = process.env['PARITY_URL'];

type More = Readonly<Record<string, unknown>>;

/** One entry of a death history. */
const died = (queue: string, reason: string, more: More = {}) => ({
  queue: `parity-${queue}`,
  reason,
  count: 1,
  exchange: '',
  'routing-keys': [`parity-${queue}`],
  hasTime: true,
  ...more,
});

/** A message as it was published to a queue. */
const alive = (queue: string, body: string, more: More = {}) => ({
  body,
  exchange: '',
  routingKey: `parity-${queue}`,
  redelivered: false,
  headers: {},
  ...more,
});

/** A dead letter: its history, newest first, and headers of its own. */
const dead = (
  queue: string,
  body: string,
  history: readonly ReturnType<typeof died>[],
  { headers = {}, ...more }: More = {},
) => {
  const [first, last] = [history.at(-1), history[0]];
  return alive(queue, body, {
    ...more,
    headers: {
      'x-death': history,
      'x-first-death-queue': first?.queue,
      'x-first-death-reason': first?.reason,
      'x-first-death-exchange': first?.exchange,
      'x-last-death-queue': last?.queue,
      'x-last-death-reason': last?.reason,
      'x-last-death-exchange': last?.exchange,
      ...(headers as More),
    },
  });
};

const retried = [
  died('retry.work.3', 'rejected'),
  died('retry.wait.2', 'expired'),
  died('retry.work.2', 'rejected'),
  died('retry.wait.1', 'expired'),
  died('retry.work.1', 'rejected'),
  died('retry.wait.0', 'expired'),
  died('retry.work.0', 'rejected'),
];
const counted = (count: number) =>
  dead('count.work', 'again', [
    died('count.wait', 'expired', { count }),
    died('count.work', 'rejected', { count }),
  ]);
const again = (attempt: number) => died(`again.wait.${attempt}`, 'expired');
const copied = died('copies.wait', 'expired', {
  exchange: 'amq.direct',
  'routing-keys': ['key.to', 'key.cc'],
});
const copy = dead('copies', 'for all', [copied], {
  exchange: 'parity-copies',
  routingKey: 'key.to',
  headers: { CC: ['key.cc'] },
});
const fanned = dead('fan', 'wide', [died('fan', 'expired')], {
  exchange: 'parity-fan',
  routingKey: 'dead.now',
});

const declared = (code: number, text: string) => {
  const reply = code === 404 ? '404 (NOT-FOUND)' : '406 (PRECONDITION-FAILED)';
  const message = `Operation failed: QueueDeclare; ${reply} with message "${text}"`;
  return { code, classId: 50, methodId: 10, text: message };
};
const ttlDiffers =
  "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'parity-fixed' in vhost '/': ";
const invalid = (arg: string, reason: string): string =>
  `PRECONDITION_FAILED - invalid arg '${arg}' for queue 'parity-new' in vhost '/': ${reason}`;

const expected: Record<(typeof programs)[number], unknown> = {
  delayQueue: [
    dead('delay.work', 'later', [died('delay.wait', 'expired')], {
      deliveryMode: 2,
      priority: 3,
      headers: { mine: 'kept' },
    }),
  ],
  retryWithThreeWaits: [
    alive('retry.work.0', 'broken'),
    dead('retry.work.1', 'broken', retried.slice(5)),
    dead('retry.work.2', 'broken', retried.slice(3)),
    dead('retry.work.3', 'broken', retried.slice(1)),
    dead('retry.parking', 'broken', retried),
  ],
  retryAndCount: [alive('count.work', 'again'), counted(1), counted(2), counted(3)],
  retryByPublishing: [
    alive('again.work', 'broken'),
    dead('again.work', 'broken', [again(0)]),
    dead('again.work', 'broken', [again(1)]),
    dead('again.work', 'broken', [again(2)]),
    dead('again.parking', 'broken', [died('again.work', 'rejected'), again(2)]),
  ],
  cycle: [
    [dead('cycle.a', 'round', [died('cycle.a', 'expired')], { exchange: 'parity-cycle' })],
    [alive('cycle.witness', 'end')],
    'empty',
  ],
  maxLength: [
    ['ack', 'ack', 'ack', 'ack'],
    ['m1', 'm2'].map((body) => dead('long.dead', body, [died('long', 'maxlen')])),
    ['m3', 'm4'].map((body) => alive('long', body)),
  ],
  maxLengthBytes: [
    ['ack', 'ack', 'ack', 'ack'],
    ['aaaaaa', 'bbbb', 'c', 'ddddddddddd'].map((body) => dead('bytes.dead', body, [died('bytes', 'maxlen')])),
  ],
  rejectPublish: [['ack', 'nack', 'nack'], [alive('refuse', 'm1')]],
  rejectPublishDlx: [
    ['ack', 'nack', 'nack'],
    ['m2', 'm3'].map((body) => dead('refuse.dead', body, [died('refuse.dlx', 'maxlen')])),
    [alive('refuse.dlx', 'm1')],
  ],
  copies: [[copy], [copy], 1],
  copiesWithKey: [
    [
      dead(
        'keyed.dead',
        'for one',
        [died('keyed.wait', 'expired', { 'routing-keys': ['parity-keyed.wait', 'parity-keyed.cc'] })],
        { headers: { CC: ['parity-keyed.cc'] } },
      ),
    ],
    [alive('keyed.wait', 'for one', { headers: { CC: ['parity-keyed.cc'] } })],
  ],
  expirations: ['40', '60000', '0'].map((expiration, index) => [
    dead(
      'expire.dead',
      ['own', 'queue', 'at once'][index] as string,
      [died('expire', 'expired', { 'original-expiration': expiration })],
      expiration === '0' ? { deliveryMode: 2 } : {},
    ),
  ]),
  behindTheHead: [
    dead('head.dead', 'slow', [died('head', 'expired', { 'original-expiration': '150' })]),
    dead('head.dead', 'fast', [died('head', 'expired', { 'original-expiration': '10' })]),
  ],
  requeuedThenExpired: [dead('back.dead', 'again', [died('back', 'expired')])],
  forgedHistory: [
    [
      alive('forged', 'fake', {
        headers: { 'x-death': 'never', 'x-first-death-queue': 'elsewhere', 'x-last-death-reason': 'boredom' },
      }),
    ],
    [dead('forged.dead', 'fake', [died('forged', 'rejected')])],
  ],
  fanOut: [[fanned], [fanned], 0],
  refusals: [
    declared(406, `${ttlDiffers}received '2000' but current is '1000'`),
    declared(406, `${ttlDiffers}received none but current is the value '1000' of type 'short'`),
    declared(406, invalid('x-expires', '{value_zero,0}')),
    declared(406, invalid('x-dead-letter-routing-key', 'routing_key_but_no_dlx_defined')),
    declared(404, "NOT_FOUND - no queue 'parity-none' in vhost '/'"),
    {
      code: 404,
      classId: 50,
      methodId: 20,
      text: `Operation failed: QueueBind; 404 (NOT-FOUND) with message "NOT_FOUND - no exchange 'parity-none' in vhost '/'"`,
    },
    {
      code: 404,
      classId: 60,
      methodId: 20,
      text: `Operation failed: BasicConsume; 404 (NOT-FOUND) with message "NOT_FOUND - no queue 'parity-none' in vhost '/'"`,
    },
  ],
};

describe('the same program sees the same', () => {
  let own: Record<string, unknown> = {};
  beforeAll(async () => {
    const broker = await startTestBroker();
    own = await runParity(broker.url);
    await broker.stop();
  });

  test.each(programs)('%s', (name) => {
    expect(own[name]).toEqual(expected[name]);
  });

  test.runIf(OTHER_URL !== undefined)('as on the broker of PARITY_URL', async () => {
    expect(own).toEqual(await runParity(OTHER_URL ?? ''));
  });
});
