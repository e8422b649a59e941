import { expect, test } from 'vitest';
import { mergeOptions } from '../../src/app/options.ts';
import { startTestBroker } from '../support/broker.ts';

test('the management API is on unless it is turned off, and its port follows that of AMQP', async () => {
  expect(mergeOptions({}, {}, {})).toMatchObject({ management: true });
  expect(mergeOptions({}, { LEVERET_MANAGEMENT: 'false' }, {})).toMatchObject({ management: false });
  expect(mergeOptions({ management: false }, {}, { management: true })).toMatchObject({ management: false });
  const port = 20_000 + (process.pid % 2_000); // a system gives away higher ones, which may be taken
  const broker = await startTestBroker({ port, management: true });
  expect(broker.managementUrl).toBe(`http://127.0.0.1:${port + 10_000}`);
  await broker.stop();
});
