import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Traffic } from '../../src/app/traffic.ts';

const server = createServer((socket) => socket.resume());

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => server.close());

function open(): Socket {
  return connect((server.address() as AddressInfo).port, '127.0.0.1');
}

test('brokers side by side leave nothing on the sockets of the program', async () => {
  const before = open();
  const many = Array.from({ length: 12 }, () => new Traffic(() => []));
  const socket = open();
  expect(socket.listenerCount('close')).toBe(before.listenerCount('close'));
  for (const traffic of many) traffic.stop();
  for (const one of [before, socket]) {
    one.destroy();
    await once(one, 'close');
  }
});
