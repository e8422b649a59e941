import { declareExchange, deleteExchange } from '../../broker/declare.ts';
import type { Exchange } from '../../broker/exchange.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { NO_CONTENT, notFound, ok, put } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { flag, text } from '../body.ts';
import type { Call } from '../call.ts';
import {
  bindingJson,
  exchangeAloneJson,
  exchangeInPath,
  exchangeJson,
  defaultBinding,
  shownBinding,
} from '../exchange-view.ts';
import { inOrder, list } from '../list.ts';
import type { Route } from '../route.ts';
import { tableOf } from '../table-json.ts';
import { actorOf, isTrue, openVhosts, vhostToChange } from '../topology.ts';

const EXCHANGE = '/exchanges/:vhost/:exchange';

/** Exchanges (API-30 to API-32), and the bindings of one (API-40). */
export const exchangeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/exchanges',
    access: 'user',
    summary: 'The exchanges of all vhosts the user may use',
    handle: (call) => listExchanges(call, openVhosts(call)),
  },
  {
    method: 'GET',
    path: '/exchanges/:vhost',
    access: 'vhost-member',
    summary: 'The exchanges of a vhost',
    handle: (call) => listExchanges(call, [call.vhost]),
  },
  {
    method: 'GET',
    path: EXCHANGE,
    access: 'vhost-member',
    summary: 'An exchange; the default one is amq.default',
    handle: (call) => ok(exchangeAloneJson(call.host, exchangeOf(call))),
  },
  {
    method: 'PUT',
    path: EXCHANGE,
    access: 'vhost-member',
    summary: 'Declares an exchange',
    body: {
      type: 'direct unless it is said',
      durable: 'false unless it is said',
      auto_delete: 'the same',
      internal: 'the same',
      arguments: 'an object',
    },
    handle: declare,
  },
  {
    method: 'DELETE',
    path: EXCHANGE,
    access: 'vhost-member',
    summary: 'Deletes an exchange',
    query: { 'if-unused': 'true: only without bindings that leave it' },
    handle: remove,
  },
  {
    method: 'GET',
    path: `${EXCHANGE}/bindings/source`,
    access: 'vhost-member',
    summary: 'The bindings that leave an exchange',
    handle: listOutgoing,
  },
  {
    method: 'GET',
    path: `${EXCHANGE}/bindings/destination`,
    access: 'vhost-member',
    summary: 'The bindings that lead to an exchange',
    handle: (call) =>
      list(call, { items: [...exchangeOf(call).incoming].map(shownBinding), view: bindingJson }),
  },
];

function listExchanges(call: Call, vhosts: readonly Vhost[]): Promise<Answer> {
  const items = vhosts.flatMap(({ exchanges }) => [...exchanges.values()]);
  const fields = { name: ({ name }: Exchange) => name, vhost: vhostOf };
  const sorted = inOrder(items, vhostOf, fields.name);
  return list(call, { items: sorted, view: (exchange) => exchangeJson(call.host, exchange), fields });
}

function vhostOf({ identity }: Exchange): string {
  return identity.vhost;
}

/** @throws {Refusal} 404 */
function exchangeOf(call: Call): Exchange {
  const exchange = call.vhost.exchanges.get(exchangeInPath(call.param('exchange')));
  if (exchange === undefined) throw notFound();
  return exchange;
}

function declare(call: Call): Answer {
  const vhost = vhostToChange(call);
  const name = exchangeInPath(call.param('exchange'));
  const json = call.json();
  const isNew = !vhost.exchanges.has(name);
  const asked = {
    name,
    type: text('type', json['type'] ?? 'direct'),
    durable: flag(json['durable']) ?? false,
    autoDelete: flag(json['auto_delete']) ?? false,
    internal: flag(json['internal']) ?? false,
    arguments: tableOf(json['arguments'] ?? {}, 'arguments'),
  };
  declareExchange(vhost, asked, actorOf(call));
  return put(isNew);
}

function remove(call: Call): Answer {
  const { name } = exchangeOf(call);
  deleteExchange(call.vhost, name, isTrue(call.query, 'if-unused'), actorOf(call));
  return NO_CONTENT;
}

function listOutgoing(call: Call): Promise<Answer> {
  const exchange = exchangeOf(call);
  const items = exchange.isDefault
    ? [...call.vhost.queues.values()].map(defaultBinding)
    : [...exchange.bindings].map(shownBinding);
  return list(call, { items, view: bindingJson });
}
