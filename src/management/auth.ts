import type { Broker } from '../broker/broker.ts';
import type { User } from '../broker/users.ts';
import { notAuthorised, Refusal } from './answer.ts';
import type { Access } from './route.ts';

/** Any of them lets a user in; each has what those before it have, but `policymaker` does not see what it may not use. */
const TAGS = ['management', 'policymaker', 'monitoring', 'administrator'] as const;

const CHALLENGE = { 'www-authenticate': 'Basic realm="RabbitMQ Management"' };

/** Who sends a request without a login, where anybody may. */
const NOBODY: User = { name: '', passwordHash: '', tags: [] };

/** Where a request comes from. */
export interface Caller {
  /** The header. */
  readonly authorization: string | undefined;
  readonly isLoopback: boolean;
}

interface Login {
  readonly name: string;
  readonly password: string;
  readonly isLoopback: boolean;
}

/**
 * Who makes a request, if he may make it (API-02, API-03).
 * @param vhost the name in the path, when there is one; it need not exist
 * @throws {Refusal} 401
 */
export function authorise(broker: Broker, access: Access, caller: Caller, vhost: string | undefined): User {
  if (access === 'anybody') return NOBODY;
  const user = authenticate(broker, readLogin(caller));
  checkTag(user, access);
  if (vhost === undefined || !broker.vhosts.has(vhost) || broker.users.mayOpen(user.name, vhost)) return user;
  if (user.tags.includes('administrator') || (access === 'vhost-viewer' && seesEverything(user))) return user;
  throw notAuthorised('User not authorised to access virtual host');
}

function checkTag({ tags }: User, access: Access): void {
  if (tags.includes('administrator')) return;
  if (access === 'administrator') throw notAuthorised('Not administrator user');
  if (access === 'monitor' && !tags.includes('monitoring')) throw notAuthorised('Not monitor user');
  if (access === 'policymaker' && !tags.includes('policymaker')) {
    throw notAuthorised('User not authorised to access object');
  }
}

function readLogin({ authorization, isLoopback }: Caller): Login {
  const login = /^Basic\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  if (login === undefined) throw new Refusal(401, undefined, CHALLENGE);
  const [name = '', ...password] = Buffer.from(login, 'base64').toString().split(':');
  return { name, password: password.join(':'), isLoopback };
}

/**
 * A user who may use the management API.
 * @throws {Refusal} 401
 */
export function authenticate({ users, authAttempts }: Broker, { name, password, isLoopback }: Login): User {
  const user = users.get(name);
  const isUser = user !== undefined && users.authenticate(name, password);
  const isAdmitted = isUser && (isLoopback || name !== 'guest'); // CON-17
  authAttempts.count('http', isAdmitted);
  if (!isUser) throw new Refusal(401, { error: 'not_authorized', reason: 'Not_Authorized' }, CHALLENGE);
  if (!isAdmitted) throw notAuthorised('User can only log in via localhost');
  if (!TAGS.some((tag) => user.tags.includes(tag))) throw notAuthorised('Not management user');
  return user;
}

/** Whether the user is shown what is in vhosts that he may not use. */
export function seesEverything({ tags }: User): boolean {
  return tags.includes('administrator') || tags.includes('monitoring');
}
