import { bind, unbind } from '../../broker/bind.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { NO_CONTENT, notFound, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { text } from '../body.ts';
import type { Call } from '../call.ts';
import { bindingJson, bindingsOf, exchangeInPath, propertiesKey } from '../exchange-view.ts';
import type { ShownBinding } from '../exchange-view.ts';
import { inOrder, list } from '../list.ts';
import type { Route } from '../route.ts';
import { tableOf } from '../table-json.ts';
import { actorOf, openVhosts, vhostToChange } from '../topology.ts';

/** Bindings (API-40 to API-42). */
export const bindingRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/bindings',
    access: 'user',
    summary: 'The bindings of all vhosts the user may use',
    handle: (call) => listBindings(call, openVhosts(call)),
  },
  {
    method: 'GET',
    path: '/bindings/:vhost',
    access: 'vhost-member',
    summary: 'The bindings of a vhost, those to the default exchange included',
    handle: (call) => listBindings(call, [call.vhost]),
  },
  ...between('queue', '/bindings/:vhost/e/:source/q/:destination'),
  ...between('exchange', '/bindings/:vhost/e/:source/e/:destination'),
];

/** Those between an exchange and what it leads to. */
function between(to: ShownBinding['to'], path: string): readonly Route[] {
  return [
    {
      method: 'GET',
      path,
      access: 'vhost-member',
      summary: `The bindings between an exchange and a ${to}`,
      handle: (call) => list(call, { items: [...endsOf(call, to)], view: bindingJson }),
    },
    {
      method: 'POST',
      path,
      access: 'vhost-member',
      summary: `Binds a ${to} to an exchange`,
      body: { routing_key: 'empty unless it is said', arguments: 'an object' },
      handle: (call) => create(call, to),
    },
    {
      method: 'GET',
      path: `${path}/:key`,
      access: 'vhost-member',
      summary: 'A binding by its properties_key',
      handle: (call) => ok(bindingJson(bindingOf(call, to))),
    },
    {
      method: 'DELETE',
      path: `${path}/:key`,
      access: 'vhost-member',
      summary: 'Takes a binding away',
      handle: (call) => remove(call, to),
    },
  ];
}

function listBindings(call: Call, vhosts: readonly Vhost[]): Promise<Answer> {
  const items = inOrder(vhosts, ({ name }) => name).flatMap((vhost) => [...bindingsOf(vhost)]);
  const fields = {
    source: ({ source }: ShownBinding) => source,
    destination: ({ destination }: ShownBinding) => destination,
    vhost: ({ vhost }: ShownBinding) => vhost,
  };
  return list(call, { items, view: bindingJson, fields });
}

/** Names that do not exist have none. */
function* endsOf(call: Call, kind: ShownBinding['to']): Generator<ShownBinding> {
  const source = exchangeInPath(call.param('source'));
  const destination = call.param('destination');
  const end = (kind === 'queue' ? call.vhost.queues : call.vhost.exchanges).get(destination);
  if (end === undefined) return;
  if (source === '' && kind === 'queue') {
    yield { ...request(call, kind), bindingKey: destination };
  }
  for (const { source: from, bindingKey, arguments: table } of end.incoming) {
    if (from.name === source) yield { ...request(call, kind), bindingKey, arguments: table };
  }
}

/** By what names it, as it stands or decoded once more (API-42). @throws {Refusal} 404 */
function bindingOf(call: Call, to: ShownBinding['to']): ShownBinding {
  const asked = call.param('key');
  const all = [...endsOf(call, to)];
  const found =
    all.find((binding) => propertiesKey(binding) === asked) ??
    all.find(({ bindingKey, arguments: table }) => table.size === 0 && bindingKey === asked);
  if (found === undefined) throw notFound();
  return found;
}

function request(call: Call, to: ShownBinding['to']): ShownBinding {
  return {
    vhost: call.param('vhost'),
    source: exchangeInPath(call.param('source')),
    destination: call.param('destination'),
    to,
    bindingKey: '',
    arguments: new Map(),
  };
}

function create(call: Call, to: ShownBinding['to']): Answer {
  const vhost = vhostToChange(call);
  const json = call.json();
  const asked = {
    ...request(call, to),
    bindingKey: text('routing_key', json['routing_key'] ?? ''),
    arguments: tableOf(json['arguments'] ?? {}, 'arguments'),
  };
  bind(vhost, asked, actorOf(call));
  const location = `${encodeURIComponent(asked.destination)}/${propertiesKey(asked)}`;
  return { status: 201, headers: { location } };
}

function remove(call: Call, to: ShownBinding['to']): Answer {
  unbind(call.vhost, bindingOf(call, to), actorOf(call));
  return NO_CONTENT;
}
