// A program the benchmark starts beside the brokers: `node main.js relay` or `node main.js null`. Says where it listens
// in a line of JSON, as Leveret does, and runs until it is killed or whoever started it is gone.
import { createServer } from 'node:net';
import { nothing } from './null.js';
import { Peer } from './peer.js';
import { relay } from './relay.js';

const duties = process.argv[2] === 'null' ? nothing() : relay();
const server = createServer((socket) => void new Peer(socket, duties));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') return;
  const amqp = `amqp://127.0.0.1:${address.port}`;
  process.stdout.write(`${JSON.stringify({ amqp, pid: process.pid })}\n`);
});
process.on('disconnect', () => process.exit());
