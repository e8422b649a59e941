import { expirationProperty } from './parts/message-ttl-expiration.ts';
import { heldMessages } from './parts/message-ttl-held.ts';
import { ttlOfPolicies } from './parts/message-ttl-policies.ts';
import { ttlOfQueues } from './parts/message-ttl-queues.ts';
import { ttlZero } from './parts/message-ttl-zero.ts';
import { topic } from './support/suite.ts';

export const messageTtl = topic('message-ttl', 'Message TTL', (test) => {
  ttlOfQueues(test);
  ttlOfPolicies(test);
  expirationProperty(test);
  heldMessages(test);
  ttlZero(test);
});
