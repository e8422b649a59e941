import { declareQueue, deleteQueue, findQueue } from '../../broker/declare.ts';
import type { DeclaredQueue } from '../../broker/declared-queue.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { badRequest, NO_CONTENT, notFound, ok, put } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { flag } from '../body.ts';
import type { Call, Json } from '../call.ts';
import { bindingJson, defaultBinding, shownBinding } from '../exchange-view.ts';
import { inOrder, list } from '../list.ts';
import { queueDepth } from '../measures.ts';
import { plainQueueJson, queueAloneJson, queueJson } from '../queue-view.ts';
import type { Route } from '../route.ts';
import { tableOf } from '../table-json.ts';
import { actorOf, isTrue, openVhosts, vhostToChange } from '../topology.ts';

const STATS = {
  disable_stats: 'true: only what a queue is, not what happens to it',
  enable_queue_totals: 'true: with disable_stats, the numbers of messages all the same',
};
const QUEUE = '/queues/:vhost/:queue';

/** Queues (API-34 to API-37, API-39). */
export const queueRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/queues',
    access: 'user',
    summary: 'The queues of all vhosts the user may use',
    query: STATS,
    handle: (call) => listQueues(call, openVhosts(call)),
  },
  {
    method: 'GET',
    path: '/queues/detailed',
    access: 'user',
    summary: 'The same with every field of a queue',
    query: STATS,
    handle: (call) => listQueues(call, openVhosts(call)),
  },
  {
    method: 'GET',
    path: '/queues/:vhost',
    access: 'vhost-member',
    summary: 'The queues of a vhost',
    query: STATS,
    handle: (call) => listQueues(call, [call.vhost]),
  },
  {
    method: 'GET',
    path: QUEUE,
    access: 'vhost-member',
    summary: 'A queue',
    query: STATS,
    handle: (call) => ok(oneQueue(call, queueOf(call))),
  },
  {
    method: 'PUT',
    path: QUEUE,
    access: 'vhost-member',
    summary: 'Declares a queue',
    body: { durable: 'false unless it is said', auto_delete: 'the same', arguments: 'an object' },
    handle: declare,
  },
  {
    method: 'DELETE',
    path: QUEUE,
    access: 'vhost-member',
    summary: 'Deletes a queue',
    query: { 'if-empty': 'true: only without messages', 'if-unused': 'true: only without consumers' },
    handle: remove,
  },
  {
    method: 'GET',
    path: `${QUEUE}/bindings`,
    access: 'vhost-member',
    summary: 'The bindings of a queue, that to the default exchange included',
    handle: listBindings,
  },
  {
    method: 'DELETE',
    path: `${QUEUE}/contents`,
    access: 'vhost-member',
    summary: 'Purges a queue',
    handle: purge,
  },
  {
    method: 'POST',
    path: `${QUEUE}/actions`,
    access: 'vhost-member',
    summary: 'Nothing: queues of one node need no action',
    body: { action: 'any is refused' },
    handle: act,
  },
];

function listQueues(call: Call, vhosts: readonly Vhost[]): Promise<Answer> {
  const items = inOrder(vhosts, ({ name }) => name).flatMap(({ queues }) =>
    inOrder(queues.values(), ({ name }) => name),
  );
  const fields = { name: nameOf, vhost: ({ identity }: DeclaredQueue) => identity.vhost };
  return list(call, { items, view: viewOf(call), fields });
}

function nameOf({ name }: DeclaredQueue): string {
  return name;
}

function viewOf({ host, query }: Call): (queue: DeclaredQueue) => Json {
  if (!isTrue(query, 'disable_stats')) return (queue) => queueJson(host, queue);
  if (!isTrue(query, 'enable_queue_totals')) return (queue) => plainQueueJson(host, queue);
  return (queue) => ({ ...plainQueueJson(host, queue), ...queueDepth(queue) });
}

function oneQueue(call: Call, queue: DeclaredQueue): Json {
  return isTrue(call.query, 'disable_stats') ? viewOf(call)(queue) : queueAloneJson(call, queue);
}

/** @throws {Refusal} 404 */
function queueOf(call: Call): DeclaredQueue {
  const queue = call.vhost.queues.get(call.param('queue'));
  if (queue === undefined) throw notFound();
  return queue;
}

function declare(call: Call): Answer {
  const vhost = vhostToChange(call);
  const name = call.param('queue');
  const json = call.json();
  const isNew = !vhost.queues.has(name);
  const asked = {
    name,
    durable: flag(json['durable']) ?? false,
    exclusive: false,
    autoDelete: flag(json['auto_delete']) ?? false,
    arguments: tableOf(json['arguments'] ?? {}, 'arguments'),
  };
  declareQueue(vhost, asked, actorOf(call), () => name);
  return put(isNew);
}

function remove(call: Call): Answer {
  const { name } = queueOf(call);
  const [ifEmpty, ifUnused] = [isTrue(call.query, 'if-empty'), isTrue(call.query, 'if-unused')];
  deleteQueue(call.vhost, name, { ifEmpty, ifUnused }, actorOf(call));
  return NO_CONTENT;
}

function listBindings(call: Call): Promise<Answer> {
  const queue = queueOf(call);
  const items = [defaultBinding(queue), ...[...queue.incoming].map(shownBinding)];
  return list(call, { items, view: bindingJson });
}

function purge(call: Call): Answer {
  const { name } = queueOf(call);
  const actor = actorOf(call);
  actor.users.check(actor.user, call.vhost.name, 'read', 'queue', name);
  findQueue(call.vhost, name, actor).purge();
  return NO_CONTENT;
}

function act(call: Call): never {
  queueOf(call);
  throw badRequest(['unknown', call.jsonWith('action')['action']]);
}
