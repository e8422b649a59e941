import type { UserLimits, VhostLimits } from '../../broker/journal.ts';
import { printJson, printPairs } from '../../broker/json-term.ts';
import { namedLimits, userLimitNames, vhostLimitNames } from '../../broker/limits.ts';
import type { User } from '../../broker/users.ts';
import { ValidationError } from '../../broker/validation-error.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { badRequest, NO_CONTENT, noVhost, notAuthorised, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { seesEverything } from '../auth.ts';
import type { Call, Json } from '../call.ts';
import type { Route } from '../route.ts';
import { userOf, usersOf } from './users.ts';
import { visibleVhosts } from './vhosts.ts';

const VALUE = { value: 'required: a whole number; negative is no limit' };

/** How much vhosts may hold and users may have open (API-53). */
export const limitRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/vhost-limits',
    access: 'user',
    summary: 'The limits of all vhosts the user may see',
    handle: (call) => ok(visibleVhosts(call).flatMap(limitsOfVhost)),
  },
  {
    method: 'GET',
    path: '/vhost-limits/:vhost',
    access: 'vhost-viewer',
    summary: 'The limits of a vhost, in a list',
    handle: (call) => ok(limitsOfVhost(call.vhost)),
  },
  {
    method: 'PUT',
    path: '/vhost-limits/:vhost/:name',
    access: 'administrator',
    summary: 'Sets max-connections or max-queues of a vhost',
    body: VALUE,
    handle: putVhostLimit,
  },
  {
    method: 'DELETE',
    path: '/vhost-limits/:vhost/:name',
    access: 'administrator',
    summary: 'Takes a limit from a vhost',
    handle: deleteVhostLimit,
  },
  {
    method: 'GET',
    path: '/user-limits',
    access: 'administrator',
    summary: 'The limits of all users',
    handle: ({ broker }) => ok(usersOf(broker).flatMap(limitsOfUser)),
  },
  {
    method: 'GET',
    path: '/user-limits/:user',
    access: 'user',
    summary: 'The limits of a user, in a list',
    handle: getUserLimits,
  },
  {
    method: 'PUT',
    path: '/user-limits/:user/:name',
    access: 'administrator',
    summary: 'Sets max-connections or max-channels of a user',
    body: VALUE,
    handle: putUserLimit,
  },
  {
    method: 'DELETE',
    path: '/user-limits/:user/:name',
    access: 'administrator',
    summary: 'Takes a limit from a user',
    handle: deleteUserLimit,
  },
];

/** Nothing when there are none. */
function limitsOfVhost({ name: vhost, settings }: Vhost): Json[] {
  const value = namedLimits(settings.limits, vhostLimitNames);
  return Object.keys(value).length === 0 ? [] : [{ vhost, value }];
}

function limitsOfUser({ name: user, limits }: User): Json[] {
  const value = namedLimits(limits, userLimitNames);
  return Object.keys(value).length === 0 ? [] : [{ user, value }];
}

/** @throws {Refusal} 404 */
function vhostToLimit(call: Call): Vhost {
  const vhost = call.broker.vhosts.get(call.param('vhost'));
  if (vhost === undefined) throw noVhost();
  return vhost;
}

function putVhostLimit(call: Call): Answer {
  const vhost = vhostToLimit(call);
  const { value } = call.jsonWith('value');
  const limits = { ...namedLimits(vhost.settings.limits, vhostLimitNames), [call.param('name')]: value };
  setVhostLimits(call, vhost, limits);
  return NO_CONTENT;
}

/**
 * All limits of a vhost at once.
 * @throws {ValidationError} for a limit there is not, and for what is no number
 */
export function setVhostLimits({ broker }: Call, { name, settings }: Vhost, limits: Json): void {
  const mistake = mistakeIn(limits, vhostLimitNames, 'limits');
  if (mistake !== undefined) throw new ValidationError([mistake]);
  const read: VhostLimits = byKey(limits, vhostLimitNames);
  broker.addVhost(name, { ...settings, limits: read });
}

function deleteVhostLimit(call: Call): Answer {
  const vhost = vhostToLimit(call);
  const { [call.param('name')]: _dropped, ...limits } = namedLimits(vhost.settings.limits, vhostLimitNames);
  setVhostLimits(call, vhost, limits);
  return NO_CONTENT;
}

/** A user sees its own. */
function getUserLimits(call: Call): Answer {
  const { user } = call;
  if (call.param('user') !== user.name && !seesEverything(user)) {
    throw notAuthorised('User not authorised to access object');
  }
  return ok(limitsOfUser(userOf(call)));
}

function putUserLimit(call: Call): Answer {
  const user = call.broker.users.get(call.param('user'));
  if (user === undefined) throw badRequest(['no_such_user', call.param('user')]);
  const { value } = call.jsonWith('value');
  const limits: Json = { ...namedLimits(user.limits, userLimitNames), [call.param('name')]: value };
  const mistake = mistakeIn(limits, userLimitNames, 'user-limits');
  if (mistake !== undefined) throw badRequest(mistake);
  setUserLimits(call, user, limits);
  return NO_CONTENT;
}

function deleteUserLimit(call: Call): Answer {
  const user = userOf(call);
  const { [call.param('name')]: _dropped, ...limits } = namedLimits(user.limits, userLimitNames);
  setUserLimits(call, user, limits);
  return NO_CONTENT;
}

function setUserLimits({ broker }: Call, user: User, named: Json): void {
  const limits: UserLimits = byKey(named, userLimitNames);
  broker.users.put({ ...user, limits });
}

/** What is wrong with limits, in RabbitMQ's words; undefined when nothing is. */
function mistakeIn(limits: Json, names: Readonly<Record<string, string>>, where: string): string | undefined {
  const unknown = Object.entries(limits).filter(([name]) => !Object.hasOwn(names, name));
  if (unknown.length > 0) {
    return `Unrecognised terms ${printPairs(unknown)} in ${where}`;
  }
  const wrong = Object.entries(limits).find(([, value]) => !Number.isSafeInteger(value));
  return wrong && `${wrong[0]} should be a number, actually was ${printJson(wrong[1])}`;
}

/** Limits without a mistake, by the names they have here. */
function byKey<K extends string>(limits: Json, names: Readonly<Record<string, K>>): { [N in K]?: number } {
  const read: { [N in K]?: number } = {};
  for (const [name, value] of Object.entries(limits)) {
    const key = names[name];
    if (key !== undefined) read[key] = value as number;
  }
  return read;
}
