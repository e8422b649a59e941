import { againArguments } from './parts/queue-arguments-again.ts';
import { argumentOrder } from './parts/queue-arguments-order.ts';
import { argumentsOfTypes } from './parts/queue-arguments-types.ts';
import { argumentValues } from './parts/queue-arguments-values.ts';
import { topic } from './support/suite.ts';

export const queueArguments = topic('queue-arguments', 'Queue arguments', (test) => {
  argumentValues(test);
  argumentsOfTypes(test);
  argumentOrder(test);
  againArguments(test);
});
