import type { Broker } from '../../broker/broker.ts';
import type { User } from '../../broker/users.ts';
import { NO_CONTENT, notFound, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { authenticate } from '../auth.ts';
import type { Call, Json } from '../call.ts';
import type { Route } from '../route.ts';

const ATTEMPTS = '/auth/attempts/:node';

/** Who is logged in, how to log in, and how often that was done (API-24, API-65). */
export const loginRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/whoami',
    access: 'user',
    summary: 'The user of this request and its tags',
    handle: ({ user }) => ok(userJson(user)),
  },
  {
    method: 'GET',
    path: '/auth',
    access: 'anybody',
    summary: 'How to log in: always with HTTP Basic',
    handle: () => ok({ oauth_enabled: false }),
  },
  {
    method: 'POST',
    path: '/login',
    access: 'anybody',
    summary: 'Tries a login sent as a form, and says what to send as HTTP Basic from then on',
    body: { username: 'required, in a form', password: 'required, in a form' },
    handle: login,
  },
  {
    method: 'GET',
    path: '/auth/hash_password/:password',
    access: 'administrator',
    summary: 'A hash of a password, as a user may be made with',
    handle: (call) => ok({ ok: call.broker.hashPassword(call.param('password')) }),
  },
  {
    method: 'GET',
    path: ATTEMPTS,
    access: 'monitor',
    summary: 'How often somebody logged in or tried to, by protocol',
    handle: (call) => ok(attempts(atNode(call))),
  },
  {
    method: 'DELETE',
    path: ATTEMPTS,
    access: 'monitor',
    summary: 'Begins to count attempts to log in again',
    handle: resetAttempts,
  },
  {
    method: 'GET',
    path: `${ATTEMPTS}/source`,
    access: 'monitor',
    summary: 'The same by address and user, which are not counted: an empty list',
    handle: (call) => {
      atNode(call);
      return ok([]);
    },
  },
];

function userJson({ name, tags }: User): Json {
  return { name, tags, is_internal_user: true };
}

function login({ broker, body, isLoopback }: Call): Answer {
  const form = new URLSearchParams(body.toString());
  const [name, password] = [form.get('username') ?? '', form.get('password') ?? ''];
  const user = authenticate(broker, { name, password, isLoopback });
  const value = Buffer.from(`${name}:${password}`).toString('base64');
  return ok({ user: userJson(user), token: { type: 'basic', value } });
}

/** @throws {Refusal} 404 for another node than this one */
function atNode(call: Call): Broker {
  if (call.param('node') !== call.host.nodeName) throw notFound();
  return call.broker;
}

function attempts({ authAttempts }: Broker): Json[] {
  return authAttempts.all.map(([protocol, { failed, succeeded }]) => ({
    protocol,
    auth_attempts: failed + succeeded,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  }));
}

function resetAttempts(call: Call): Answer {
  atNode(call).authAttempts.reset();
  return NO_CONTENT;
}
