import type { Policy, PolicyKind } from '../../broker/policies.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { NO_CONTENT, notFound, noVhost, ok, put } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Call, Json } from '../call.ts';
import type { Access, Route } from '../route.ts';
import { visibleVhosts } from './vhosts.ts';

const BODY = {
  pattern: 'required: a regular expression, found anywhere in a name',
  definition: 'required: an object of what holds for what the pattern matches',
  priority: 'of the policies that match, only the highest applies; 0 unless it is said',
  'apply-to': 'queues, classic_queues, quorum_queues, streams, exchanges or all, unless it is said',
};

/** What holds for queues and exchanges by their names (API-49 to API-51). */
export const policyRoutes: readonly Route[] = [
  ...routesOf('policy', '/policies', 'policymaker', ['a policy', 'policies']),
  ...routesOf('operator-policy', '/operator-policies', 'administrator', [
    'an operator policy',
    'operator policies',
  ]),
];

/** @param access to one of them; who may see a vhost may see all lists */
function routesOf(
  kind: PolicyKind,
  path: string,
  access: Access,
  [one, several]: readonly [string, string],
): Route[] {
  const item = `${path}/:vhost/:name`;
  return [
    {
      method: 'GET',
      path,
      access: 'user',
      summary: `All ${several} in the vhosts the user may see`,
      handle: (call) => ok(visibleVhosts(call).flatMap((vhost) => policiesOf(vhost, kind))),
    },
    {
      method: 'GET',
      path: `${path}/:vhost`,
      access: 'vhost-member',
      summary: `The ${several} of a vhost`,
      handle: (call) => ok(policiesOf(call.vhost, kind)),
    },
    {
      method: 'GET',
      path: item,
      access,
      summary: `Shows ${one}`,
      handle: (call) => getPolicy(call, kind),
    },
    {
      method: 'PUT',
      path: item,
      access,
      summary: `Sets ${one}, as a whole`,
      body: BODY,
      handle: (call) => putPolicy(call, kind),
    },
    {
      method: 'DELETE',
      path: item,
      access,
      summary: `Deletes ${one}`,
      handle: (call) => deletePolicy(call, kind),
    },
  ];
}

export function policiesOf({ name, policies }: Vhost, kind: PolicyKind): Json[] {
  return policies.list(kind).map((policy) => policyJson(name, policy));
}

function policyJson(vhost: string, { name, ...policy }: Policy): Json {
  return { vhost, name, ...policyValue(policy) };
}

/** A policy by the names of its parts in RabbitMQ. */
export function policyValue({ pattern, applyTo, definition, priority }: Omit<Policy, 'name'>): Json {
  return { pattern, 'apply-to': applyTo, definition, priority };
}

function getPolicy(call: Call, kind: PolicyKind): Answer {
  const { name, policies } = call.vhost;
  const policy = policies.get(kind, call.param('name'));
  if (policy === undefined) throw notFound();
  return ok(policyJson(name, policy));
}

function putPolicy(call: Call, kind: PolicyKind): Answer {
  const vhost = call.broker.vhosts.get(call.param('vhost'));
  if (vhost === undefined) throw noVhost();
  const name = call.param('name');
  const {
    pattern,
    definition,
    priority = 0,
    'apply-to': to = 'all',
  } = call.jsonWith('pattern', 'definition');
  const isNew = vhost.policies.get(kind, name) === undefined;
  vhost.policies.set(kind, name, { pattern, definition, priority, 'apply-to': to });
  return put(isNew);
}

function deletePolicy(call: Call, kind: PolicyKind): Answer {
  if (!call.vhost.policies.remove(kind, call.param('name'))) throw notFound();
  return NO_CONTENT;
}
