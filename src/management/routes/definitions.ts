import { readDefinitions } from '../../broker/definitions.ts';
import { DefinitionsError } from '../../broker/json-place.ts';
import { importWhole } from '../../broker/rehearsal.ts';
import { badRequest, NO_CONTENT, noVhost } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { inPieces, inSlices } from '../breather.ts';
import type { Call, Json } from '../call.ts';
import { brokerDefinitions, vhostDefinitions } from '../definitions-json.ts';
import type { Route } from '../route.ts';

const IN_VHOST = ['parameters', 'policies', 'exchanges', 'queues', 'bindings'] as const;

/** Also as the file `file` of a form. */
const FILE = Object.fromEntries(
  ['users', 'vhosts', 'permissions', 'topic_permissions', 'parameters', 'global_parameters']
    .concat(IN_VHOST)
    .map((section) => [section, 'a list, as it is exported']),
);

/** Export and import of definitions (API-54 to API-56). */
export const definitionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/definitions',
    access: 'administrator',
    summary: 'All that is needed to set the broker up again',
    handle: ({ host }) => ({ status: 200, pieces: inPieces(brokerDefinitions(host)) }),
  },
  {
    method: 'POST',
    path: '/definitions',
    access: 'administrator',
    summary: 'Makes what definitions ask for, all of it or nothing; deletes nothing',
    body: FILE,
    handle: async (call) => importAll(call, await uploaded(call)),
  },
  {
    method: 'GET',
    path: '/definitions/:vhost',
    access: 'administrator',
    summary: 'All that is needed to set a vhost up again',
    handle: exportVhost,
  },
  {
    method: 'POST',
    path: '/definitions/:vhost',
    access: 'administrator',
    summary: 'Makes in a vhost what definitions ask for',
    body: FILE,
    handle: async (call) => importIntoVhost(call, await uploaded(call)),
  },
];

function exportVhost(call: Call): Answer {
  const vhost = call.broker.vhosts.get(call.param('vhost'));
  if (vhost === undefined) throw badRequest('vhost_not_found');
  return { status: 200, pieces: inPieces(vhostDefinitions(call.host, vhost)) };
}

/** The body, or the file in it when it is a form. @throws {Refusal} 400 */
async function uploaded({ headers, body }: Call): Promise<Json> {
  const type = String(headers['content-type'] ?? '');
  const text = type.startsWith('multipart/form-data') ? await fileIn(type, body) : body.toString();
  const json = text === '' ? {} : parse(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badRequest('failed_to_parse_json');
  return json as Json;
}

async function fileIn(type: string, body: Buffer): Promise<string> {
  const form = await new Response(body, { headers: { 'content-type': type } })
    .formData()
    .catch(() => undefined);
  const file = form?.get('file') ?? undefined;
  if (file === undefined) throw badRequest('failed_to_parse_json');
  return typeof file === 'string' ? file : file.text();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Of a whole broker, only what is in vhosts is taken, and as if it were in this one. */
function importIntoVhost(call: Call, json: Json): Promise<Answer> {
  const vhost = call.param('vhost');
  if (!call.broker.vhosts.has(vhost)) throw noVhost();
  const sections = IN_VHOST.map((name) => [name, inVhost(json[name], vhost)] as const);
  return importAll(call, Object.fromEntries(sections));
}

function inVhost(section: unknown, vhost: string): unknown {
  if (!Array.isArray(section)) return section; // which is refused, unless there is none
  return section.map((item: unknown) =>
    typeof item === 'object' && item !== null ? { ...item, vhost } : item,
  );
}

async function importAll({ broker, host }: Call, json: Json): Promise<Answer> {
  try {
    for (const warning of await inSlices(importWhole(broker, readDefinitions(json)))) {
      host.log.warn({ warning }, 'not everything was imported');
    }
    return NO_CONTENT;
  } catch (error) {
    if (error instanceof DefinitionsError) throw badRequest(error.message);
    throw error;
  }
}
