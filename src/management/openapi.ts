import { ok } from './answer.ts';
import type { Access, Route } from './route.ts';

/** What a segment of a path stands for, where its name does not say it all. */
const SEGMENTS: Readonly<Record<string, string>> = {
  vhost: 'A vhost; %2F is the vhost /',
  exchange: 'An exchange; amq.default is the default exchange',
  source: 'An exchange; amq.default is the default exchange',
};

const ACCESS: Readonly<Record<Access, string>> = {
  anybody: 'Anybody, without a login.',
  user: 'Users with any tag of the management.',
  'vhost-member': 'Users with any tag of the management and permissions on the vhost.',
  'vhost-viewer':
    'Users with any tag of the management and permissions on the vhost, or with the tag monitoring.',
  monitor: 'Users with the tag monitoring.',
  policymaker: 'Users with the tag policymaker and, where there is a vhost, permissions on it.',
  administrator: 'Administrators.',
};

const JSON_BODY = { 'application/json': { schema: {} } };
const EMPTY = { description: 'An empty body' };

const COLUMNS = { columns: 'Which fields to show: name,message_stats.publish' };

/** What a request is answered when all is well. */
const ANSWERS = {
  GET: { 200: { description: 'JSON', content: JSON_BODY } },
  PUT: { 201: { description: 'It is new' }, 204: { description: 'It was there already' } },
  POST: { '2XX': { description: 'It is done' } },
  DELETE: { 204: EMPTY },
} as const;

const REFUSALS = {
  400: { description: 'What is asked for cannot be understood, or is refused: error and reason' },
  401: { description: 'Without a login, or not allowed: error and reason' },
  404: { description: 'There is no such thing: error and reason' },
};

const NOT_WELL = { 503: { description: 'It is not well: status and reason', content: JSON_BODY } };

type Operation = Readonly<Record<string, unknown>>;

/** All routes, and one more that describes them, itself too. */
export function withDocument(routes: readonly Route[]): readonly Route[] {
  const document: Route = {
    method: 'GET',
    path: '/openapi.json',
    access: 'anybody',
    summary: 'This document',
    handle: ({ host }) => ok(documentOf(all, host.actsAs)),
  };
  const all = [...routes, document];
  return all;
}

/** @param version the RabbitMQ whose API it is */
function documentOf(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Leveret management API',
      version,
      description:
        "RabbitMQ's management HTTP API. Administrators may make all requests. Lists take `sort`, `sort_reverse`, " +
        '`page`, `page_size`, `name` and `use_regex`.',
    },
    servers: [{ url: '/api' }],
    components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
    security: [{ basic: [] }],
    paths,
  };
}

function operationOf({ method, path, access, summary, body, query }: Route): Operation {
  const segments = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const inPath = segments.map((name) => ({
    name,
    in: 'path',
    required: true,
    description: SEGMENTS[name] ?? `The ${name}`,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries({ ...(method === 'GET' ? COLUMNS : {}), ...query }).map(
    ([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string' },
    }),
  );
  return {
    summary,
    description: `For: ${ACCESS[access]}`,
    operationId: `${method.toLowerCase()}${camelCase(path)}`,
    tags: [path.split('/')[1] ?? ''],
    parameters: [...inPath, ...inQuery],
    ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
    ...(access === 'anybody' ? { security: [] } : {}),
    responses: { ...ANSWERS[method], ...(path.startsWith('/health') ? NOT_WELL : {}), ...REFUSALS },
  };
}

function bodyOf(body: Readonly<Record<string, string>>): Operation {
  const keys = Object.entries(body);
  const required = keys.filter(([, text]) => text.startsWith('required')).map(([key]) => key);
  const properties = Object.fromEntries(keys.map(([key, description]) => [key, { description }]));
  const schema = { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
  return { required: required.length > 0, content: { 'application/json': { schema } } };
}

/** `/vhost-limits/:vhost` as `VhostLimitsVhost`. */
function camelCase(path: string): string {
  return path.replace(/[^a-zA-Z]+([a-zA-Z]?)/g, (_, letter: string) => letter.toUpperCase());
}
