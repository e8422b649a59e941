import { createServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Admin } from '../../spec/support/admin.ts';
import type { ManagementHost } from '../../src/management/host.ts';
import { ManagementListener } from '../../src/management/listener.ts';
import { ManualJournal } from '../support/manual-journal.ts';
import { PairedServer } from '../support/paired-server.ts';

const journal = new ManualJournal();
const { broker, alarms, limits, log, wallClock } = new PairedServer({ journal });
const host = { broker, alarms, limits, log, wallClock, actsAs: '4.2.0', nodeName: 'n', platform: 'p' };
const server = new ManagementListener(host as unknown as ManagementHost, createServer(), 'http'); // what is not asked for may be missing
let admin: Admin;

beforeAll(async () => {
  const { port } = await server.listen('127.0.0.1', 0);
  admin = new Admin(`http://127.0.0.1:${port}`, { user: 'guest', password: 'guest' });
});

afterAll(() => server.stop());

test('what a request changed is on disk before it is answered, and nothing else waits for that', async () => {
  journal.commit();
  let isAnswered = false;
  const put = admin.put('/vhosts/v', {}).finally(() => (isAnswered = true));
  while (!broker.vhosts.has('v')) await turn();
  expect((await admin.get('/vhosts/v')).status).toBe(200);
  expect(isAnswered).toBe(false);
  journal.commit();
  expect((await put).status).toBe(201);
  expect((await admin.put('/vhosts/v', {})).status).toBe(204); // which changes nothing
});
