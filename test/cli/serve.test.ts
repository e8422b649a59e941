import { writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { Admin } from '../../spec/support/admin.ts';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';
import { run, start } from './support.ts';

const NOWHERE = 'amqp://127.0.0.1:1';

describe('starting', () => {
  test('the first line says where it listens and where the data is', async () => {
    const data = await temporaryDirectory();
    for (const [args, place] of [
      [['--data', data], `data in ${data}`],
      [['--memory'], 'everything in memory'],
    ] as const) {
      const broker = start(NOWHERE, ['serve', '--port', '0', ...args]);
      await broker.shows('\n');
      broker.process.kill('SIGTERM');
      const { code, stdout, stderr } = await broker.outcome;
      expect(stdout).toMatch(/^amqp:\/\/guest:guest@127\.0\.0\.1:\d+ {2}/);
      expect(stdout).toContain(place);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
  });

  test('flags without a command are those of the broker', async () => {
    const broker = start(NOWHERE, ['--port', '0', '--memory', '--no-management']);
    await broker.shows('everything in memory');
    broker.process.kill('SIGTERM');
    expect((await broker.outcome).code).toBe(0);
  });

  test('with --json the first line is one object', async () => {
    const broker = start(NOWHERE, ['serve', '--port', '0', '--memory', '--json']);
    await broker.shows('\n');
    broker.process.kill('SIGINT');
    const { code, stdout } = await broker.outcome;
    const line = JSON.parse(stdout) as Record<string, unknown>;
    expect(line).toEqual({
      amqp: expect.stringMatching(/^amqp:/) as string,
      management: expect.stringMatching(/^http:/) as string,
      data: null,
      pid: broker.process.pid,
    });
    expect(code).toBe(0);
  });

  test('a directory that is in use is refused, and whoever has it is named', async () => {
    const data = await temporaryDirectory();
    const first = await spawnBroker('--port', '0', '--data', data);
    const second = await run(NOWHERE, ['serve', '--port', '0', '--data', data]);
    expect(second.code).toBe(9);
    expect(second.stderr).toMatch(
      new RegExp(`^leveret: ${data} is in use by process ${first.pid} since .*Z\n$`),
    );
    await first.kill('SIGTERM');
  });

  test('metrics have a port of their own when it is asked for, and are where the first line says', async () => {
    const flags = ['--memory', '--port', '0', '--no-management', '--metrics-port', '0', '--json'];
    const broker = start(NOWHERE, ['serve', ...flags]);
    let shown = '';
    broker.process.stdout?.on('data', (chunk) => (shown += String(chunk)));
    await broker.shows('\n');
    const { metrics } = JSON.parse(shown) as { readonly metrics: string };
    expect(await (await fetch(metrics)).text()).toContain('rabbitmq_queues 0\n');
    const port = new URL(metrics).port;
    const second = await run(NOWHERE, ['serve', '--memory', '--port', '0', '--metrics-port', port]);
    expect([second.code, second.stderr]).toEqual([
      9,
      `leveret: another program listens on 127.0.0.1:${port}; choose another port with --metrics-port, or a free one with --metrics-port 0\n`,
    ]);
    broker.process.kill('SIGTERM');
    await broker.outcome;
  });

  test('an expression of a permission that could be tried for years keeps nobody waiting', async () => {
    const broker = await spawnBroker('--port', '0', '--memory');
    const admin = new Admin(broker.http, { user: 'guest', password: 'guest' });
    const endless = { configure: '^(a+)+$', write: '.*', read: '.*' };
    await admin.must('PUT', '/permissions/%2F/guest', endless);
    expect((await admin.put(`/queues/%2F/${'a'.repeat(60)}-`, {})).status).toBe(401);
    expect((await admin.put(`/queues/%2F/${'a'.repeat(60)}`, {})).status).toBe(201);
    await broker.kill('SIGTERM');
  });

  test('the log is text for those who want to read it, and JSON for programs', async () => {
    for (const [format, line] of [
      ['text', /^\d\d:\d\d:\d\d\.\d{3} INFO {2}ready {2}port=\d+ url=amqp:/],
      ['json', /^\{"level":30,"time":\d+,.*"msg":"ready"\}\n$/],
      ['auto', /^\{"level":30,/], // no terminal
    ] as const) {
      const flags = ['--memory', '--port', '0', '--log-level', 'info', '--log-format', format];
      const broker = start(NOWHERE, ['serve', ...flags]);
      await broker.shows('everything in memory');
      broker.process.kill('SIGTERM');
      expect((await broker.outcome).stderr).toMatch(line);
    }
  });

  test('a port that is taken is refused with a way out', async () => {
    const first = await spawnBroker('--port', '0', '--memory');
    const { code, stderr } = await run(NOWHERE, ['serve', '--memory', '--port', String(first.port)]);
    expect(code).toBe(9);
    expect(stderr).toBe(
      `leveret: another program listens on 127.0.0.1:${first.port}; choose another port with --port, or a free one with --port 0\n`,
    );
    await first.kill('SIGTERM');
  });

  test('a wrong option is one line and exit code 2', async () => {
    const config = join(await temporaryDirectory(), 'leveret.json');
    const definitions = join(await temporaryDirectory(), 'definitions.json');
    await writeFile(config, '{ "prot": 5672 }');
    await writeFile(definitions, '{ "queues": [{ "name": "q" }] }');
    for (const [args, message] of [
      [['--port', '99999'], '--port is a whole number from 0 to 65535, got "99999"'],
      [['--memory', '--data', 'x'], '--memory and --data exclude each other: choose one'],
      [['--config', config], `${config}:1: "prot" is not an option; did you mean "port"?`],
      [['--prot', '1'], "unknown option '--prot' (Did you mean --port?); see leveret serve --help"],
      [['--memory', '--tls-port', '0'], '--tls-port needs --tls-cert and --tls-key'],
      [
        ['--memory', '--definitions', definitions],
        `${definitions}: queues[0].vhost is missing, and should be a text`,
      ],
      [['--log-format', 'xml'], '--log-format is one of auto, text, json, got "xml"'],
      [['--log-level', 'loud'], '--log-level is one of debug, info, warn, error, silent, got "loud"'],
    ] as const) {
      const { code, stdout, stderr } = await run(NOWHERE, ['serve', ...args]);
      expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `leveret: ${message}\n` });
    }
  });
});

describe('stopping', () => {
  test('SIGTERM closes connections with 320, keeps what is durable, and ends with 0 [CON-57]', async () => {
    const data = await temporaryDirectory();
    let broker = await spawnBroker('--port', '0', '--data', data);
    const client = await connect(broker.url);
    const closed = once(client, 'close') as Promise<[Error & { code: number }]>;
    client.on('error', () => {});
    const channel = await client.createConfirmChannel();
    await channel.assertQueue('kept', { durable: true });
    channel.sendToQueue('kept', Buffer.from('still here'), { persistent: true });
    await channel.waitForConfirms();
    expect(await broker.kill('SIGTERM')).toBe(0);
    const [reason] = await closed;
    expect(reason.message).toContain('CONNECTION_FORCED - broker forced connection closure with reason');
    expect(reason.code).toBe(320);

    broker = await spawnBroker('--port', '0', '--data', data);
    const again = await connect(broker.url);
    const message = await (await again.createChannel()).get('kept');
    expect(message === false ? '' : message.content.toString()).toBe('still here');
    await again.close();
    await broker.kill('SIGTERM');
  });

  test('a client that does not answer does not hold it up', async () => {
    const broker = await spawnBroker('--port', '0', '--memory');
    const { hostname, port } = new URL(broker.url);
    const socket = connectSocket(Number(port), hostname);
    await once(socket, 'connect');
    socket.on('error', () => {});
    const startedAt = Date.now();
    expect(await broker.kill('SIGTERM')).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    socket.destroy();
  });
});
