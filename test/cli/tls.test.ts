import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { run, start } from './support.ts';

interface Ready {
  readonly amqp: string;
  readonly amqps: string;
  readonly management: string;
}

/** Starts a broker with a certificate of the authority. */
async function startWithTls(authority: Authority, ...more: string[]): Promise<Ready> {
  const { cert, key } = await authority.sign('server');
  const tls = ['--tls-port', '0', '--tls-cert', cert, '--tls-key', key];
  const broker = start('', ['serve', '--memory', '--json', '--port', '0', ...tls, ...more]);
  onTestFinished(() => void broker.process.kill());
  const lines = createInterface({ input: broker.process.stdout ?? process.stdin });
  const [line] = (await once(lines, 'line')) as [string];
  return JSON.parse(line) as Ready;
}

test('commands speak to an amqps:// broker whose certificate they are given, or told to believe', async () => {
  const authority = await Authority.create();
  const { amqps } = await startWithTls(authority);
  expect(amqps).toMatch(/^amqps:\/\/guest:guest@127\.0\.0\.1:\d+$/);

  const declare = ['declare', 'queue', 'q'];
  for (const trust of [['--ca', authority.cert], ['--insecure']]) {
    const { code, stderr } = await run(amqps, [...declare, ...trust]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
  const untrusted = await run(amqps, declare);
  expect(untrusted.code).toBe(3);
  expect(untrusted.stderr).toMatch(/^leveret: the certificate of amqps:.* is not trusted .* with --ca\n$/);
  const missing = await run(amqps, [...declare, '--ca', '/none.pem']);
  expect([missing.code, missing.stderr]).toEqual([
    2,
    "leveret: cannot read --ca /none.pem: ENOENT: no such file or directory, open '/none.pem'\n",
  ]);
});

test('what keeps a command from the management API with TLS is said with what to do', async () => {
  const { management } = await startWithTls(await Authority.create(), '--management-tls');
  const list = async (url: string): Promise<string> =>
    (await run('', ['list', 'vhosts', '--url', url])).stderr;
  expect(management).toMatch(/^https:/);
  expect(await list(management)).toMatch(
    /^leveret: cannot reach https:.*: its certificate is not trusted \(.+\); .* in NODE_EXTRA_CA_CERTS\n$/,
  );
  expect(await list(management.replace('https:', 'http:'))).toMatch(
    /^leveret: cannot reach http:.*: it closed the connection; if it speaks TLS, use https:.*\n$/,
  );
});

test('https:// where there is no TLS is said so', async () => {
  const { management } = await startWithTls(await Authority.create());
  const { code, stderr } = await run('', ['list', 'vhosts', '--url', management.replace('http:', 'https:')]);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^leveret: cannot reach https:.*: it does not speak TLS; try http:\/\/ instead.*\n$/,
  );
});
