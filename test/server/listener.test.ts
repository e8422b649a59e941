import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../spec/support/client.ts';
import { RealClock } from '../../src/app/clock.ts';
import { DEFAULT_LIMITS } from '../../src/server/limits.ts';
import { Listener } from '../../src/server/listener.ts';
import { PairedServer } from '../support/paired-server.ts';

test('sockets beyond what the system lets open are dropped, those that are open are served', async () => {
  const warnings: string[] = [];
  const { broker, alarms, faults, serverProperties, log } = new PairedServer();
  const listener = new Listener({
    broker,
    alarms,
    faults,
    serverProperties,
    wallClock: new RealClock(),
    limits: { ...DEFAULT_LIMITS, sockets: 2 },
    log: { ...log, warn: (_fields, event) => warnings.push(event) },
  });
  const { port } = await listener.listen('127.0.0.1', 0);
  onTestFinished(() => listener.stop());
  const clients = [await Client.connect('127.0.0.1', port), await Client.connect('127.0.0.1', port)];
  for (let n = 0; n < 5; n++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'close');
  }
  expect(warnings).toEqual(['too many sockets: new ones are dropped']);
  for (const client of clients) await client.open();
  for (const client of clients) await client.close();
});
