import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import amqp from 'amqplib';
import { expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { temporaryDirectory } from '../support/store.ts';

const everything = { configure: '.*', write: '.*', read: '.*' };
const team = {
  vhosts: [{ name: 'team' }],
  users: [{ name: 'alice', password: 'secret', tags: [] }],
  permissions: [{ user: 'alice', vhost: 'team', ...everything }],
  queues: [{ name: 'work', vhost: 'team' }],
};

/** What becomes of a login. */
async function login(port: number, user: string, vhost: string): Promise<string> {
  const password = user === 'guest' ? 'guest' : 'secret';
  try {
    const url = `amqp://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(vhost)}`;
    await (await amqp.connect(url)).close();
    return 'open';
  } catch {
    return 'refused';
  }
}

test('definitions that name users and vhosts are all there is in an empty directory, and stay', async () => {
  const data = await temporaryDirectory();
  for (const options of [{ data, definitions: team }, { data }]) {
    const broker = await startTestBroker(options);
    expect(broker.url).toBe(`amqp://127.0.0.1:${broker.port}`); // nobody logs in as guest
    const logins = [login(broker.port, 'alice', 'team'), login(broker.port, 'guest', '/')];
    expect(await Promise.all(logins)).toEqual(['open', 'refused']);
    const client = await amqp.connect(`amqp://alice:secret@127.0.0.1:${broker.port}/team`);
    await (await client.createChannel()).checkQueue('work');
    await client.close();
    await broker.stop();
  }
});

test('definitions without users and vhosts come on top of guest and /', async () => {
  const broker = await startTestBroker({ definitions: { queues: [{ name: 'work', vhost: '/' }] } });
  const client = await amqp.connect(broker.url);
  await (await client.createChannel()).checkQueue('work');
  await client.close();
  await broker.stop();
});

test('in a directory with users they are added to those', async () => {
  const data = await temporaryDirectory();
  await (await startTestBroker({ data })).stop();
  const broker = await startTestBroker({ data, definitions: team });
  const logins = [login(broker.port, 'alice', 'team'), login(broker.port, 'guest', '/')];
  expect(await Promise.all(logins)).toEqual(['open', 'open']);
  await broker.stop();
});

test('a mistake is one line with its place, and nothing is changed', async () => {
  const directory = await temporaryDirectory();
  const [data, path] = [join(directory, 'data'), join(directory, 'definitions.json')];
  for (const [text, message] of [
    ['{\n  "users": [],\n  oops\n}', `${path} is not JSON: `],
    [
      JSON.stringify({ ...team, bindings: [{}] }),
      `${path}: bindings[0].vhost is missing, and should be a text`,
    ],
    [
      JSON.stringify({ ...team, bindings: [{ vhost: 'team', source: 'none', destination: 'work' }] }),
      `${path}: bindings[0]: NOT_FOUND - no exchange 'none' in vhost 'team'`,
    ],
  ] as const) {
    await writeFile(path, text);
    const error: unknown = await startTestBroker({ data, definitions: path }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain(`OptionError: ${message}`);
    if (text.includes('oops')) expect(String(error)).toMatch(/in line 3, column 3$/);
  }
  await writeFile(path, JSON.stringify(team));
  const broker = await startTestBroker({ data, definitions: path });
  const logins = [login(broker.port, 'alice', 'team'), login(broker.port, 'guest', '/')];
  expect(await Promise.all(logins)).toEqual(['open', 'refused']);
  await broker.stop();
  const none = join(directory, 'none.json');
  await expect(startTestBroker({ definitions: none })).rejects.toThrow(
    `cannot read the definitions ${none}: ENOENT`,
  );
});

test('messages in a queue that is imported again are kept', async () => {
  const data = await temporaryDirectory();
  for (const count of [0, 1, 2]) {
    const broker = await startTestBroker({ data, definitions: team });
    const client = await amqp.connect(`amqp://alice:secret@127.0.0.1:${broker.port}/team`);
    const channel = await client.createConfirmChannel();
    expect((await channel.checkQueue('work')).messageCount).toBe(count);
    channel.sendToQueue('work', Buffer.from('a'), { persistent: true });
    await channel.waitForConfirms();
    await client.close();
    await broker.stop();
  }
});
