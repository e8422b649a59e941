import { declaringQueues } from './parts/queues-declaring.ts';
import { deletingQueues } from './parts/queues-deleting.ts';
import { exclusiveQueues } from './parts/queues-exclusive.ts';
import { queueLimits } from './parts/queues-limits.ts';
import { queuePriorities } from './parts/queues-priorities.ts';
import { topic } from './support/suite.ts';

export const queues = topic('queues', 'Queues', (test) => {
  declaringQueues(test);
  queueLimits(test);
  exclusiveQueues(test);
  deletingQueues(test);
  queuePriorities(test);
});
