import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';

const KILLS = 5;

test('what was imported is there after a kill, as soon as the broker says that it runs', async () => {
  const directory = await temporaryDirectory();
  const [data, path] = [join(directory, 'data'), join(directory, 'definitions.json')];
  const names = Array.from({ length: KILLS }, (_, i) => `v${i}`);
  for (const vhost of names) {
    const rights = { user: 'alice', vhost, configure: '', write: '.*', read: '.*' };
    const definition = { 'max-length': 2, 'dead-letter-exchange': 'amq.fanout' };
    const definitions = {
      vhosts: [{ name: vhost }],
      users: [{ name: 'alice', password: 'secret' }],
      permissions: [rights],
      policies: [{ vhost, name: 'short', pattern: '^q', definition }],
      queues: [{ name: 'q', vhost }],
    };
    await writeFile(path, JSON.stringify(definitions));
    const broker = await spawnBroker('--data', data, '--port', '0', '--definitions', path);
    await broker.kill('SIGKILL');
  }
  const broker = await spawnBroker('--data', data, '--port', '0', '--log-level', 'error');
  for (const vhost of names) {
    const client = await connect(`amqp://alice:secret@127.0.0.1:${broker.port}/${vhost}`);
    const channel = await client.createChannel();
    for (let n = 0; n < 3; n++) channel.sendToQueue('q', Buffer.from(String(n)));
    expect((await channel.checkQueue('q')).messageCount).toBe(2);
    await client.close();
  }
  await expect(connect(`amqp://guest:guest@127.0.0.1:${broker.port}`)).rejects.toThrow('ACCESS-REFUSED');
  await broker.kill('SIGTERM');
});
