import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { segment } from '../support/admin.ts';
import { plainResponse } from '../support/client.ts';
import type { Client } from '../support/client.ts';
import { startOk, TUNED } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';
import { field } from '../support/fields.ts';

/** What a client can do, and which vhost it may use. */
export function clientCases(test: Define): void {
  properties(test);
  vhosts(test);
}

function properties(test: Define): void {
  for (const [what, options, isTold] of [
    ['announced consumer_cancel_notify', { capabilities: ['consumer_cancel_notify'] }, true],
    ['announced nothing', {}, false],
    [
      'announced consumer_cancel_notify as a number',
      { clientProperties: { capabilities: { consumer_cancel_notify: 1 } } },
      false,
    ],
  ] as const) {
    test(
      `a client that ${what} is ${isTold ? '' : 'not '}told that its consumer is gone`,
      { rules: ['CON-08'] },
      async (t) => {
        const client = await t.connect(options);
        const queue = await t.queue();
        const consumer = await t.consume(queue, {}, client);
        await t.deleteQueue(queue);
        if (!isTold) return client.expectSilence(consumer.channel.number);
        const { consumerTag } = await consumer.channel.expect('basic.cancel');
        assert.equal(consumerTag, consumer.tag);
      },
    );
  }

  test(
    'a client may have capabilities and properties that nobody knows',
    { rules: ['CON-08'] },
    async (t) => {
      const clientProperties = {
        capabilities: { time_travel: true, list: [1, 'two', null] },
        product: 'conformance',
        number: field('l', 5),
        nested: { deep: { deeper: true } },
      };
      const client = await t.connect({ clientProperties });
      await client.call(1, 'channel.open');
    },
  );

  test(
    'the HTTP API shows what a client said of itself',
    { rules: ['CON-08', 'CON-09'], needs: ['management'] },
    async (t) => {
      const name = t.name('connection');
      const client = await t.connect({
        clientProperties: { connection_name: name, product: 'conformance', colour: 'red' },
      });
      const shown = await shownConnection(t, name);
      const { localAddress, localPort, remoteAddress, remotePort } = client.stream as Socket;
      assert.equal(shown['name'], `${localAddress}:${localPort} -> ${remoteAddress}:${remotePort}`);
      const { product, colour } = shown['client_properties'] as Record<string, unknown>;
      assert.deepEqual([product, colour], ['conformance', 'red']);
    },
  );
}

/** A connection as the HTTP API shows it, by the name its client gave it. */
export async function shownConnection(t: Context, name: string): Promise<Record<string, unknown>> {
  let shown: Record<string, unknown> | undefined;
  await t.eventually(async () => {
    const { json } = await t.admin.get('/connections');
    const all = json as Record<string, unknown>[];
    shown = all.find((connection) => connection['user_provided_name'] === name);
    return shown !== undefined;
  }, `the HTTP API shows the connection ${name}`);
  return shown as Record<string, unknown>;
}

function vhosts(test: Define): void {
  test(
    'a vhost for which a user has no permissions is closed to it',
    { rules: ['CON-27'], needs: ['management'] },
    async (t) => {
      const { user, password } = await t.user({});
      const vhost = await t.vhost();
      const text = `NOT_ALLOWED - access to vhost '${vhost}' refused for user '${user}'`;
      await refusesOpen(t, { user, password, vhost }, text);
    },
  );

  test(
    'permissions that match nothing open a vhost to a user',
    { rules: ['CON-27'], needs: ['management'] },
    async (t) => {
      const { user, password } = await t.user(undefined);
      const vhost = await t.vhost();
      await t.permit(user, {}, vhost);
      const client = await t.connect({ user, password, vhost });
      await client.call(1, 'channel.open');
    },
  );

  test(
    'a connection beyond the limit of its vhost is refused',
    { rules: ['CON-28'], needs: ['management'] },
    async (t) => {
      const vhost = await t.vhost();
      const { user, password } = await t.user({});
      await t.permit(user, {}, vhost);
      await limit(t, `/vhost-limits/${segment(vhost)}/max-connections`, 1);
      await t.connect({ user, password, vhost });
      const refused = `NOT_ALLOWED - access to vhost '${vhost}' refused for user '${user}'`;
      await eventuallyRefusesOpen(
        t,
        { user, password, vhost },
        `${refused}: connection limit (1) is reached`,
      );
    },
  );

  test(
    'a connection beyond the limit of its user is refused',
    { rules: ['CON-28'], needs: ['management'] },
    async (t) => {
      const { user, password } = await t.user({});
      await limit(t, `/user-limits/${segment(user)}/max-connections`, 1);
      await t.connect({ user, password });
      const text = `NOT_ALLOWED - connection refused for user '${user}': user connection limit (1) is reached`;
      await eventuallyRefusesOpen(t, { user, password, vhost: '/' }, text);
    },
  );

  test(
    'the limit of a vhost is looked at before the permissions of a user',
    { rules: ['CON-28'], needs: ['management'] },
    async (t) => {
      const vhost = await t.vhost();
      const { user, password } = await t.user(undefined);
      await limit(t, `/vhost-limits/${segment(vhost)}/max-connections`, 0);
      const refused = `NOT_ALLOWED - access to vhost '${vhost}' refused for user '${user}'`;
      await refusesOpen(t, { user, password, vhost }, `${refused}: connection limit (0) is reached`);
    },
  );
}

interface Login {
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
}

async function limit(t: Context, path: string, value: number): Promise<void> {
  await t.admin.must('PUT', path, { value });
  t.undo(() => t.admin.delete(path));
}

async function refusesOpen(t: Context, login: Login, text: string): Promise<void> {
  const client = await asksToOpen(t, login);
  await client.expectConnectionError(530, text, 'connection.open');
}

/** Connections are counted a moment after they were opened. */
async function eventuallyRefusesOpen(t: Context, login: Login, text: string): Promise<void> {
  let client: Client | undefined;
  await t.eventually(async () => {
    client = await asksToOpen(t, login);
    return (await client.peek(0)) === 'connection.close';
  }, `open is refused: ${text}`);
  await client?.expectConnectionError(530, text, 'connection.open');
}

async function asksToOpen(t: Context, { user, password, vhost }: Login): Promise<Client> {
  const client = await startOk(t, { response: plainResponse(user, password) });
  await client.expect(0, 'connection.tune');
  client.send(0, 'connection.tune-ok', TUNED);
  client.send(0, 'connection.open', { virtualHost: vhost });
  return client;
}
