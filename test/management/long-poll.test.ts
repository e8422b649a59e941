import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/broker/clock.ts';
import type { Call, Json } from '../../src/management/call.ts';
import { Patience } from '../../src/management/patience.ts';
import { Core } from '../support/core.ts';
import { useManagement } from '../support/management.ts';

const managed = useManagement({ clock: 'manual' });

const FETCH: Json = { count: 10, ackmode: 'ack_requeue_false', encoding: 'auto' };

function message(routingKey: string, payload: string): Json {
  return { properties: {}, routing_key: routingKey, payload, payload_encoding: 'string' };
}

type Request = readonly [method: string, path: string, body: Json];

function open(): Socket {
  const { hostname, port } = new URL(managed.broker.managementUrl ?? '');
  return connect(Number(port), hostname);
}

function write(socket: Socket, [method, path, body]: Request, connection = 'keep-alive'): void {
  const json = JSON.stringify(body);
  socket.write(
    `${method} /api${path} HTTP/1.1\r\nhost: x\r\nauthorization: Basic ${btoa('guest:guest')}\r\n` +
      `connection: ${connection}\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
  );
}

/** One after the other on one connection, without waiting for answers: the first is served when the next comes. */
async function inOneGo(...requests: readonly Request[]): Promise<readonly [number, unknown][]> {
  const socket = open();
  for (const [n, request] of requests.entries()) {
    write(socket, request, n === requests.length - 1 ? 'close' : 'keep-alive');
  }
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text
    .split(/(?=HTTP\/1\.1 \d)/)
    .map((answer) => [Number(answer.slice(9, 12)), body(answer.slice(answer.indexOf('\r\n\r\n') + 4))]);
}

function body(text: string): unknown {
  return text === '' ? '' : (JSON.parse(text) as unknown);
}

describe('a request that waits for a message', () => {
  test('is answered as soon as one is published, and no sooner', async () => {
    await managed.admin.must('PUT', '/queues/%2F/q', {});
    const answers = await inOneGo(
      ['POST', '/queues/%2F/q/get?wait=60s', FETCH],
      ['POST', '/exchanges/%2F/amq.default/publish', message('q', 'here')],
    );
    expect(answers).toMatchObject([
      [200, [{ payload: 'here', redelivered: false, message_count: 0 }]],
      [200, { routed: true }],
    ]);
  });

  test('gets a dead letter when its time comes', async () => {
    const { admin } = managed;
    await admin.must('PUT', '/queues/%2F/dead', {});
    const args = {
      'x-message-ttl': 60_000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    };
    await admin.must('PUT', '/queues/%2F/delay', { arguments: args });
    await admin.must('POST', '/exchanges/%2F/amq.default/publish', message('delay', 'late'));
    const answers = await inOneGo(
      ['POST', '/queues/%2F/dead/get?wait=60s', FETCH],
      ['POST', '/clock/advance', { by: '60s' }],
    );
    expect(answers[0]).toMatchObject([200, [{ payload: 'late' }]]);
  });

  test('leaves a message in its queue when it is to come back', async () => {
    await managed.admin.must('PUT', '/queues/%2F/stays', {});
    const peek = { ...FETCH, ackmode: 'ack_requeue_true' };
    const [first, , second] = await inOneGo(
      ['POST', '/queues/%2F/stays/get?wait=60s', peek],
      ['POST', '/exchanges/%2F/amq.default/publish', message('stays', 'a')],
      ['POST', '/queues/%2F/stays/get', peek],
    );
    expect([first, second]).toMatchObject([
      [200, [{ payload: 'a' }]],
      [200, [{ payload: 'a' }]],
    ]);
  });

  test('is one of many: the first that came gets the first message', async () => {
    await managed.admin.must('PUT', '/queues/%2F/shared', {});
    const one = { ...FETCH, count: 1 };
    const answers = await inOneGo(
      ['POST', '/queues/%2F/shared/get?wait=60s', one],
      ['POST', '/queues/%2F/shared/get?wait=60s', one],
      ['POST', '/exchanges/%2F/amq.default/publish', message('shared', 'a')],
      ['POST', '/exchanges/%2F/amq.default/publish', message('shared', 'b')],
    );
    expect(answers.slice(0, 2)).toMatchObject([
      [200, [{ payload: 'a' }]],
      [200, [{ payload: 'b' }]],
    ]);
  });

  test('is answered with nothing when the time is over, and counts as one fetch that found nothing', async () => {
    await managed.admin.must('PUT', '/queues/%2F/empty', {});
    const [[status, json]] = (await inOneGo(['POST', '/queues/%2F/empty/get?wait=1ms', FETCH])) as [
      [number, unknown],
    ];
    expect([status, json]).toEqual([200, []]);
    const { json: queue } = await managed.admin.get('/queues/%2F/empty');
    expect(queue).toMatchObject({ message_stats: { get_empty: 1 } });
  });

  test('is told when its queue is deleted meanwhile', async () => {
    await managed.admin.must('PUT', '/queues/%2F/short-lived', {});
    const answers = await inOneGo(
      ['POST', '/queues/%2F/short-lived/get?wait=60s', FETCH],
      ['DELETE', '/queues/%2F/short-lived', {}],
    );
    expect(answers).toEqual([
      [404, { error: 'not_found', reason: 'queue_not_found' }],
      [204, ''],
    ]);
  });

  test('gets nothing when its user may not read any more', async () => {
    const { admin } = managed;
    await admin.must('PUT', '/queues/%2F/secret', {});
    await admin.must('PUT', '/users/fired', { password: 'p', tags: 'management' });
    await admin.must('PUT', '/permissions/%2F/fired', { configure: '', write: '', read: '.*' });
    const poll = admin.request('POST', '/queues/%2F/secret/get?wait=60s', FETCH, {
      login: { user: 'fired', password: 'p' },
    });
    await admin.get('/whoami');
    await admin.must('DELETE', '/users/fired');
    await admin.must('POST', '/exchanges/%2F/amq.default/publish', message('secret', 'ours'));
    expect((await poll).status).toBe(401);
    const [answer] = await inOneGo(['POST', '/queues/%2F/secret/get', FETCH]);
    expect(answer).toMatchObject([200, [{ payload: 'ours' }]]);
  });

  test('takes nothing for a client that went away', async () => {
    await managed.admin.must('PUT', '/queues/%2F/left', {});
    const socket = open();
    write(socket, ['POST', '/queues/%2F/left/get?wait=60s', FETCH]);
    await managed.admin.get('/whoami');
    socket.destroy();
    for (let n = 0; n < 3; n++) await managed.admin.get('/whoami'); // the broker hears of that end meanwhile
    await managed.admin.must('POST', '/exchanges/%2F/amq.default/publish', message('left', 'mine'));
    const [answer] = await inOneGo(['POST', '/queues/%2F/left/get', FETCH]);
    expect(answer).toMatchObject([200, [{ payload: 'mine' }]]);
  });

  test('takes nothing for a client that went away with several of them in line', async () => {
    await managed.admin.must('PUT', '/queues/%2F/deserted', {});
    const socket = open();
    for (let n = 0; n < 3; n++) write(socket, ['POST', '/queues/%2F/deserted/get?wait=60s', FETCH]);
    await managed.admin.get('/whoami');
    socket.destroy();
    for (let n = 0; n < 3; n++) await managed.admin.get('/whoami'); // the broker hears of that end meanwhile
    await managed.admin.must('POST', '/exchanges/%2F/amq.default/publish', message('deserted', 'mine'));
    const [answer] = await inOneGo(['POST', '/queues/%2F/deserted/get', FETCH]);
    expect(answer).toMatchObject([200, [{ payload: 'mine' }]]);
  });

  test.each(['10', 'long', '-1s', '61s', '60001ms', '1m', ''])('does not wait %s', async (wait) => {
    await managed.admin.must('PUT', '/queues/%2F/q', {});
    const [answer] = await inOneGo(['POST', `/queues/%2F/q/get?wait=${wait}`, FETCH]);
    const reason = 'wait should be a time such as 500ms or 10s, and at most 60s';
    expect(answer).toEqual([400, { error: 'bad_request', reason }]);
  });
});

describe('patience', () => {
  function patience(wait: string): {
    patience: Patience;
    core: Core;
    wallClock: ManualClock;
    client: AbortController;
  } {
    const core = new Core();
    const wallClock = new ManualClock();
    const client = new AbortController();
    const call = { host: { wallClock }, query: new URLSearchParams({ wait }), gone: client.signal };
    return { patience: new Patience(call as unknown as Call), core, wallClock, client };
  }

  test('ends at its moment, of real time, however often it was woken', async () => {
    const { patience: waits, core, wallClock } = patience('500ms');
    const queue = core.queue('q');
    let looks = 0;
    const all = (async () => {
      while (await waits.more(queue)) looks++;
    })();
    core.advance(10_000);
    wallClock.advance(499);
    core.send('q', 'a');
    await Promise.resolve();
    await Promise.resolve();
    expect(looks).toBe(1);
    wallClock.advance(1);
    await all;
    expect(looks).toBe(2); // a last look when the time is over
    queue.waiting?.wake(); // nobody is left to hear of it
    expect(looks).toBe(2);
  });

  test('ends with its client', async () => {
    const { patience: waits, core, client } = patience('60s');
    const more = waits.more(core.queue('q'));
    client.abort();
    expect(await more).toBe(false);
    expect(await waits.more(core.queue('q'))).toBe(false);
  });
});
