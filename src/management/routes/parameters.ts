import { namedLimits, vhostLimitNames } from '../../broker/limits.ts';
import { ValidationError } from '../../broker/validation-error.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { badRequest, NO_CONTENT, notFound, noVhost, ok, put } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { text } from '../body.ts';
import type { Call, Json } from '../call.ts';
import type { Route } from '../route.ts';
import { setVhostLimits } from './limits.ts';
import { policyValue } from './policies.ts';
import { visibleVhosts } from './vhosts.ts';

const VALUE = { value: 'required: any JSON' };

/** Settings of a vhost by component and name, and settings of the whole broker by name (API-52, API-21). */
export const parameterRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/parameters',
    access: 'policymaker',
    summary: 'All parameters in the vhosts the user may see',
    handle: (call) => ok(visibleVhosts(call).flatMap((vhost) => parametersOf(vhost))),
  },
  {
    method: 'GET',
    path: '/parameters/:component',
    access: 'policymaker',
    summary: 'The parameters of a component',
    handle: (call) =>
      ok(visibleVhosts(call).flatMap((vhost) => parametersOf(vhost, call.param('component')))),
  },
  {
    method: 'GET',
    path: '/parameters/:component/:vhost',
    access: 'policymaker',
    summary: 'The parameters of a component in a vhost',
    handle: (call) => ok(parametersOf(call.vhost, call.param('component'))),
  },
  {
    method: 'GET',
    path: '/parameters/:component/:vhost/:name',
    access: 'policymaker',
    summary: 'A parameter',
    handle: (call) => ok(parameterOf(call)),
  },
  {
    method: 'PUT',
    path: '/parameters/:component/:vhost/:name',
    access: 'policymaker',
    summary: 'Sets a parameter of a vhost',
    body: VALUE,
    handle: putParameter,
  },
  {
    method: 'DELETE',
    path: '/parameters/:component/:vhost/:name',
    access: 'policymaker',
    summary: 'Deletes a parameter of a vhost',
    handle: deleteParameter,
  },
  {
    method: 'GET',
    path: '/global-parameters',
    access: 'policymaker',
    summary: 'All settings of the whole broker',
    handle: ({ broker }) => ok([...broker.globalParameters.all].map(([name, value]) => ({ name, value }))),
  },
  {
    method: 'GET',
    path: '/global-parameters/:name',
    access: 'policymaker',
    summary: 'A setting of the whole broker',
    handle: getGlobalParameter,
  },
  {
    method: 'PUT',
    path: '/global-parameters/:name',
    access: 'policymaker',
    summary: 'Sets a setting of the whole broker',
    body: VALUE,
    handle: putGlobalParameter,
  },
  {
    method: 'DELETE',
    path: '/global-parameters/:name',
    access: 'policymaker',
    summary: 'Deletes a setting of the whole broker',
    handle: deleteGlobalParameter,
  },
  {
    method: 'GET',
    path: '/cluster-name',
    access: 'user',
    summary: 'The name of the cluster, of which this is the only node',
    handle: ({ broker }) => ok({ name: broker.clusterName }),
  },
  {
    method: 'PUT',
    path: '/cluster-name',
    access: 'administrator',
    summary: 'Gives the cluster another name',
    body: { name: 'required: a text' },
    handle: putClusterName,
  },
];

/** A kind of parameter: where it is kept, and how it is changed. */
interface Component {
  readonly list: (vhost: Vhost) => readonly Parameter[];
  readonly set: (call: Call, vhost: Vhost, name: string, value: unknown) => void;
  readonly delete: (call: Call, vhost: Vhost, name: string) => void;
}

interface Parameter {
  readonly name: string;
  readonly value: unknown;
}

const VHOST_LIMITS = 'limits';
const OPERATOR = 'operator-policy';

const components: Readonly<Record<string, Component>> = {
  'vhost-limits': {
    list: ({ settings }) => {
      const value = namedLimits(settings.limits, vhostLimitNames);
      return Object.keys(value).length === 0 ? [] : [{ name: VHOST_LIMITS, value }];
    },
    set: (call, vhost, name, value) => {
      if (name !== VHOST_LIMITS) throw new ValidationError([`name not recognised: ${name}`]);
      setVhostLimits(call, vhost, limitsIn(value));
    },
    delete: (call, vhost) => setVhostLimits(call, vhost, {}),
  },
  operator_policy: {
    list: ({ policies }) =>
      policies.list(OPERATOR).map(({ name, ...policy }) => ({ name, value: policyValue(policy) })),
    set: (_call, { policies }, name, value) => void policies.set(OPERATOR, name, value),
    delete: (_call, { policies }, name) => void policies.remove(OPERATOR, name),
  },
};

function limitsIn(value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new ValidationError(['limits should be an object']);
}

/** Those of a vhost, of one component or all. An unknown component has none. */
export function parametersOf(vhost: Vhost, only?: string): Json[] {
  return Object.entries(components).flatMap(([component, { list }]) => {
    if (only !== undefined && only !== component) return [];
    return list(vhost).map(({ name, value }) => ({ value, vhost: vhost.name, component, name }));
  });
}

/** @throws {Refusal} 404 */
function parameterOf(call: Call): Json {
  const name = call.param('name');
  const found = parametersOf(call.vhost, call.param('component')).find((one) => one['name'] === name);
  if (found === undefined) throw notFound();
  return found;
}

function putParameter(call: Call): Answer {
  const [component, name] = [call.param('component'), call.param('name')];
  const vhost = call.broker.vhosts.get(call.param('vhost'));
  if (vhost === undefined) throw noVhost();
  const { value } = call.jsonWith('value');
  if (component === 'policy') throw badRequest('policies may not be set using this method');
  if (!Object.hasOwn(components, component)) throw new ValidationError([`component ${component} not found`]);
  const { list, set } = components[component] as Component;
  const isNew = !list(vhost).some((one) => one.name === name);
  set(call, vhost, name, value);
  return put(isNew);
}

function deleteParameter(call: Call): Answer {
  parameterOf(call);
  components[call.param('component')]?.delete(call, call.vhost, call.param('name'));
  return NO_CONTENT;
}

function getGlobalParameter(call: Call): Answer {
  const { globalParameters } = call.broker;
  const name = call.param('name');
  if (!globalParameters.has(name)) throw notFound();
  return ok({ name, value: globalParameters.get(name) });
}

function putGlobalParameter(call: Call): Answer {
  const { globalParameters } = call.broker;
  const name = call.param('name');
  const { value } = call.jsonWith('value');
  const isNew = !globalParameters.has(name);
  globalParameters.set(name, value);
  return put(isNew);
}

function deleteGlobalParameter(call: Call): Answer {
  if (!call.broker.globalParameters.delete(call.param('name'))) throw notFound();
  return NO_CONTENT;
}

function putClusterName(call: Call): Answer {
  call.broker.clusterName = text('name', call.jsonWith('name')['name']);
  return NO_CONTENT;
}
