import { access } from './parts/management-access.ts';
import { answers } from './parts/management-answers.ts';
import { clients } from './parts/management-clients.ts';
import { definitions } from './parts/management-definitions.ts';
import { exchanges } from './parts/management-exchanges.ts';
import { lists } from './parts/management-lists.ts';
import { fetching, publishing } from './parts/management-messages.ts';
import { health, overview } from './parts/management-node.ts';
import { limits, users, vhosts } from './parts/management-people.ts';
import { policyEffects, policyRequests } from './parts/management-policies.ts';
import { bindings, queues } from './parts/management-queues.ts';
import type { Define } from './support/suite.ts';
import { topic } from './support/suite.ts';

const parts = [
  access,
  answers,
  lists,
  overview,
  health,
  clients,
  exchanges,
  publishing,
  queues,
  fetching,
  bindings,
  vhosts,
  users,
  limits,
  policyRequests,
  policyEffects,
  definitions,
];

export const management = topic('management', 'The management HTTP API', (test) => {
  const define: Define = (name, options, run) =>
    test(name, { ...options, needs: ['management', ...(options.needs ?? [])] }, run);
  for (const part of parts) part(define);
});
