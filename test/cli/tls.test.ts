import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { run, start } from './support.ts';

interface Ready {
  readonly amqp: string;
  readonly amqps: string;
}

test('commands speak to an amqps:// broker whose certificate they are given, or told to believe', async () => {
  const authority = await Authority.create();
  const { cert, key } = await authority.sign('server');
  const tls = ['--tls-port', '0', '--tls-cert', cert, '--tls-key', key];
  const broker = start('', ['serve', '--memory', '--json', '--port', '0', ...tls]);
  onTestFinished(() => void broker.process.kill());
  const lines = createInterface({ input: broker.process.stdout ?? process.stdin });
  const [line] = (await once(lines, 'line')) as [string];
  const { amqps } = JSON.parse(line) as Ready;
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
