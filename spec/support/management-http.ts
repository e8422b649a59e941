import assert from 'node:assert/strict';
import { segment } from './admin.ts';
import type { Answer } from './admin.ts';
import type { Context } from './context.ts';

/** A JSON object as it was answered. */
export type Json = Readonly<Record<string, unknown>>;

/** Statistics come with the next sample, which may take seconds. */
const SAMPLES_MS = 20_000;
/** Between two looks at statistics: the answers are large, and nothing changes sooner. */
const LOOK_MS = 250;

export const notFound = { error: 'Object Not Found', reason: 'Not Found' };

export function refusal(reason: string): Json {
  return { error: 'not_authorised', reason };
}

export function badRequest(reason: unknown): Json {
  return { error: 'bad_request', reason };
}

/** `at('queues', '/', 'q')` is `/queues/%2F/q`. */
export function at(...segments: readonly string[]): string {
  return segments.map((part) => `/${segment(part)}`).join('');
}

/** The status, and the whole body: an empty one without `json`. */
export function answered(answer: Answer, status: number, json?: unknown): void {
  const said = `${answer.status} ${answer.text}`;
  assert.equal(answer.status, status, said);
  if (json === undefined) assert.equal(answer.text, '');
  else assert.deepEqual(withoutEntities(answer.json), json);
}

/** Before 4.0 the characters `<` and `>` of some reasons are written as HTML entities. */
export function withoutEntities(json: unknown): unknown {
  const text = JSON.stringify(json ?? null);
  return JSON.parse(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>')) as unknown;
}

/** An object that must be there. */
export async function read(t: Context, path: string): Promise<Json> {
  return object((await t.admin.must('GET', path)).json);
}

/** A list that must be there. RabbitMQ may answer 500 when what it lists is deleted meanwhile: it is asked again. */
export async function list(t: Context, path: string): Promise<readonly Json[]> {
  let answer = await t.admin.get(path);
  await t.until(async () => answer.status !== 500 || (answer = await t.admin.get(path)).status !== 500);
  assert.equal(answer.status, 200, `GET ${path}: ${answer.text}`);
  return objects(answer.json);
}

export function object(json: unknown): Json {
  assert.ok(typeof json === 'object' && json !== null && !Array.isArray(json), JSON.stringify(json));
  return json as Json;
}

export function objects(json: unknown): readonly Json[] {
  assert.ok(Array.isArray(json), JSON.stringify(json));
  return json.map(object);
}

/** One field of each, in order. */
export function each(items: readonly Json[], field: string): unknown[] {
  return items.map((item) => item[field]);
}

/** Some fields of an object. */
export function pick(json: Json, fields: readonly string[]): Json {
  return Object.fromEntries(fields.map((field) => [field, json[field]]));
}

/** An object has each of these fields. */
export function hasFields(json: Json, fields: readonly string[]): void {
  const missing = fields.filter((field) => json[field] === undefined);
  assert.deepEqual(missing, [], `missing in ${JSON.stringify(json)}`);
}

/** Looks at an object until it shows what the next sample must bring. */
export async function sampled(t: Context, path: string, shows: (json: Json) => boolean): Promise<Json> {
  let seen: Json = {};
  const isThere = await t.until(async () => {
    const { status, json } = await t.admin.get(path);
    if (status === 200) seen = object(json);
    if (status === 200 && shows(seen)) return true;
    await t.pause(LOOK_MS);
    return false;
  }, SAMPLES_MS);
  assert.ok(isThere, `${path} is ${JSON.stringify(seen)}`);
  return seen;
}

/** Looks at a list until one of its objects is the one that is sought. */
export async function found(t: Context, path: string, isIt: (json: Json) => boolean): Promise<Json> {
  let it: Json | undefined;
  const isThere = await t.until(async () => {
    // RabbitMQ answers 500 when something in a list goes away meanwhile.
    const { status, json } = await t.admin.get(path);
    it = status === 200 ? objects(json).find(isIt) : undefined;
    if (it === undefined) await t.pause(LOOK_MS);
    return it !== undefined;
  }, SAMPLES_MS);
  assert.ok(isThere && it !== undefined, `nothing in ${path} is what was sought`);
  return it;
}

/** The body of a publish; `properties`, `routing_key`, `payload` and `payload_encoding` are all required. */
export function message(routingKey: string, payload: string, properties: Json = {}): Json {
  return { properties, routing_key: routingKey, payload, payload_encoding: 'string' };
}

/** Fetches through HTTP. */
export async function fetched(t: Context, queue: string, body: Json = {}): Promise<readonly Json[]> {
  const whole = { count: 10, ackmode: 'ack_requeue_false', encoding: 'auto', ...body };
  const answer = await t.admin.post(`${at('queues', '/', queue)}/get`, whole);
  assert.equal(answer.status, 200, answer.text);
  return objects(answer.json);
}
