import type { VhostSettings } from '../../broker/journal.ts';
import { ALL_ACCESS } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { badRequest, NO_CONTENT, notFound, ok, put, Refusal } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { seesEverything } from '../auth.ts';
import { flag, tags, text } from '../body.ts';
import type { Call, Json } from '../call.ts';
import type { ManagementHost } from '../host.ts';
import { inOrder } from '../list.ts';
import type { Route } from '../route.ts';
import { vhostStats } from '../totals-view.ts';

const QUEUE_TYPES = ['classic', 'quorum', 'stream'];

/** Vhosts (API-43, API-44). */
export const vhostRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/vhosts',
    access: 'user',
    summary: 'All vhosts the user may see',
    handle: (call) => ok(listJson(call)),
  },
  {
    method: 'GET',
    path: '/vhosts/:vhost',
    access: 'administrator',
    summary: 'A vhost',
    handle: (call) => ok({ ...vhostJson(call.host, call.vhost), ...vhostStats(call.host)(call.vhost) }),
  },
  {
    method: 'PUT',
    path: '/vhosts/:vhost',
    access: 'administrator',
    summary: 'Makes a vhost, on which the user then has all permissions, or changes one',
    body: {
      description: 'a text',
      tags: 'a list, or a text with commas',
      default_queue_type: 'classic, quorum or stream',
      tracing: 'whether messages are copied to amq.rabbitmq.trace',
    },
    handle: putVhost,
  },
  {
    method: 'DELETE',
    path: '/vhosts/:vhost',
    access: 'administrator',
    summary: 'Deletes a vhost with all that is in it, and closes its connections',
    handle: deleteVhost,
  },
  {
    method: 'POST',
    path: '/vhosts/:vhost/deletion/protection',
    access: 'administrator',
    summary: 'Protects a vhost from deletion',
    handle: (call) => protect(call, true),
  },
  {
    method: 'DELETE',
    path: '/vhosts/:vhost/deletion/protection',
    access: 'administrator',
    summary: 'Lets a vhost be deleted again',
    handle: (call) => protect(call, false),
  },
  {
    method: 'POST',
    path: '/vhosts/:vhost/start/:node',
    access: 'administrator',
    summary: 'Starts a vhost, which always runs',
    handle: startVhost,
  },
];

/** Those the user has permissions on, or all for who sees everything (API-03). */
export function visibleVhosts({ broker, user }: Call): Vhost[] {
  const isVisible = ({ name }: Vhost): boolean =>
    seesEverything(user) || broker.users.mayOpen(user.name, name);
  return inOrder(broker.vhosts.values(), ({ name }) => name).filter(isVisible);
}

/** What a vhost says of itself. */
export function metadataOf({
  description = '',
  tags = [],
  defaultQueueType = 'classic',
  isProtected,
}: VhostSettings): Json {
  const protection = isProtected === true ? { protected_from_deletion: true } : {};
  return { description, tags, default_queue_type: defaultQueueType, ...protection };
}

function listJson(call: Call): Json[] {
  const stats = vhostStats(call.host);
  return visibleVhosts(call).map((vhost) => ({ ...vhostJson(call.host, vhost), ...stats(vhost) }));
}

function vhostJson(host: ManagementHost, { name, settings }: Vhost): Json {
  const { isProtected = false, tracing = false } = settings;
  const metadata = metadataOf(settings);
  return {
    name,
    ...metadata,
    protected_from_deletion: isProtected,
    metadata,
    tracing,
    cluster_state: { [host.nodeName]: 'running' },
  };
}

/** What is left out is reset, but for what is set in other ways. */
function putVhost(call: Call): Answer {
  const { broker, user } = call;
  const name = call.param('vhost');
  const json = call.json();
  const before = broker.vhosts.get(name)?.settings;
  broker.addVhost(name, { ...readSettings(json), ...keptSettings(json, before) });
  if (before === undefined) broker.grant(user.name, name, ALL_ACCESS);
  return put(before === undefined);
}

function readSettings(json: Json): VhostSettings {
  const { description, tags: given } = json;
  const defaultQueueType = readQueueType(json['default_queue_type']);
  return {
    ...(description === undefined ? {} : { description: text('description', description) }),
    ...(given === undefined ? {} : { tags: tags('tags', given) }),
    ...(defaultQueueType === undefined ? {} : { defaultQueueType }),
  };
}

/** Undefined for what older versions write when there is none. */
function readQueueType(value: unknown): string | undefined {
  if (value === undefined || value === null || value === 'undefined') return undefined;
  const type = text('default_queue_type', value);
  if (QUEUE_TYPES.includes(type)) return type;
  throw badRequest(`${type} is not a valid queue type`);
}

function keptSettings(json: Json, before: VhostSettings | undefined): VhostSettings {
  const tracing = flag(json['tracing']) ?? before?.tracing ?? false;
  const { limits, isProtected } = before ?? {};
  return {
    ...(limits === undefined ? {} : { limits }),
    ...(isProtected === undefined ? {} : { isProtected }),
    ...(tracing ? { tracing } : {}),
  };
}

function deleteVhost({ broker, vhost }: Call): Answer {
  if (vhost.settings.isProtected === true) {
    const reason = `Refusing to delete virtual host '${vhost.name}' because it is protected from deletion`;
    throw new Refusal(412, { error: 'precondition_failed', reason });
  }
  broker.deleteVhost(vhost.name);
  return NO_CONTENT;
}

function protect({ broker, vhost }: Call, isProtected: boolean): Answer {
  const { isProtected: _before, ...settings } = vhost.settings;
  broker.addVhost(vhost.name, isProtected ? { ...settings, isProtected } : settings);
  return NO_CONTENT;
}

function startVhost(call: Call): Answer {
  const node = call.param('node');
  if (node !== call.host.nodeName) throw badRequest(`Unknown node: ${node}`);
  if (!call.broker.vhosts.has(call.param('vhost'))) throw notFound();
  return NO_CONTENT;
}
