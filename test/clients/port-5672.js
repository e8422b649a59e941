// Loaded before a program that knows no other port than 5672: its connections go where LEVERET_TEST_PORT says.
import net from 'node:net';
import { syncBuiltinESMExports } from 'node:module';

const connect = net.connect;
net.connect = (options, ...rest) => {
  const port =
    options.port === undefined || Number(options.port) === 5672
      ? process.env.LEVERET_TEST_PORT
      : options.port;
  return connect({ ...options, host: '127.0.0.1', port: Number(port) }, ...rest);
};
syncBuiltinESMExports();
