import { expect, test } from 'vitest';
import { routes } from '../../src/management/routes.ts';
import { startTestBroker } from '../support/broker.ts';
import { adminOf, useManagement } from '../support/management.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: unknown }>>;
}

const managed = useManagement();

async function document(): Promise<Document> {
  return (await managed.admin.get('/openapi.json', { login: 'none' })).json as Document;
}

/** A path with something in every segment; what there is if it may be changed. */
function filled(path: string): string {
  return path.replaceAll('{vhost}', '%2F').replace(/\{\w+\}/g, 'x');
}

test('every route is documented, and every documented request is one of a route', async () => {
  const { paths } = await document();
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  expect(documented.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  const operations = Object.values(paths).flatMap((of) => Object.values(of));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test('every documented path has the methods it is documented with, and the segments it names', async () => {
  const { paths } = await document();
  for (const [path, operations] of Object.entries(paths)) {
    const { status, headers } = await managed.admin.request('OPTIONS', filled(path));
    const allowed = (headers.get('allow') ?? '').split(', ').filter((method) => !/HEAD|OPTIONS/.test(method));
    expect([path, status, allowed.sort()]).toEqual([
      path,
      200,
      Object.keys(operations)
        .map((method) => method.toUpperCase())
        .sort(),
    ]);
    for (const { parameters } of Object.values(operations)) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
    }
  }
});

test('no request is so wrong that it is answered as a bug of the broker or with an undocumented status, and all need a login', async () => {
  const { paths } = await document();
  const broker = await startTestBroker({ management: true });
  const admin = adminOf(broker);
  const bodies = [
    undefined,
    '',
    '{',
    '[]',
    '5',
    '{"value":{}}',
    '{"name":5,"users":5,"tags":5,"definition":5}',
  ];
  for (const { method, path, access } of routes) {
    if (path.startsWith('/clock/')) continue; // it may wait
    const at = path.replaceAll(':vhost', '%2F').replace(/:\w+/g, 'x');
    const unknown = await admin.request(method, at, undefined, { login: 'none' });
    if (access !== 'anybody') expect([method, path, unknown.status]).toEqual([method, path, 401]);
    if (method === 'DELETE' && path === '/vhosts/:vhost') continue; // the others need it
    const operations = paths[path.replace(/:(\w+)/g, '{$1}')] ?? {};
    const responses = operations[method.toLowerCase()]?.responses ?? {};
    for (const body of method === 'GET' ? [undefined] : bodies) {
      const answer = await admin.request(method, at, body);
      expect.soft([method, path, body, answer.status, answer.text]).not.toContainEqual(500);
      const names = [String(answer.status), `${Math.floor(answer.status / 100)}XX`];
      const isDocumented = names.some((name) => Object.hasOwn(responses, name));
      expect.soft([method, path, body, answer.status, isDocumented]).not.toContainEqual(false);
      if (method === 'GET') expect.soft([path, answer.status, answer.json]).not.toContainEqual(undefined);
    }
  }
  await broker.stop();
});
