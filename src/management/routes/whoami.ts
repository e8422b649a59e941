import { ok } from '../answer.ts';
import type { Route } from '../route.ts';

/** Who is logged in. */
export const whoamiRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/whoami',
    access: 'user',
    summary: 'The user of this request and its tags',
    handle: ({ user: { name, tags } }) => ok({ name, tags }), // API-24
  },
];
