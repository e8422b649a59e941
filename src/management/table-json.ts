import { DefinitionsError, JsonPlace } from '../broker/json-place.ts';
import { decodeProperties } from '../wire/properties.ts';
import type { Properties } from '../wire/properties.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { badRequest } from './answer.ts';
import type { Json } from './call.ts';

/** A table as JSON. Numbers beyond what JSON can tell exactly become the nearest; bytes become text. */
export function tableJson(table: FieldTable): Json {
  const json: Record<string, unknown> = {};
  for (const [key, value] of table) json[key] = valueJson(value);
  return json;
}

function valueJson(value: FieldValue): unknown {
  switch (value.tag) {
    case 'S':
    case 'x':
      return value.value.toString();
    case 'l':
    case 'L':
    case 'T':
      return Number(value.value);
    case 'D':
      return value.value.digits / 10 ** value.value.scale;
    case 'A':
      return value.value.map(valueJson);
    case 'F':
      return tableJson(value.value);
    default:
      return value.value;
  }
}

/**
 * Arguments or headers in a body. Integers become 64 bits wide (API-35); an empty list is an empty table (API-14).
 * @throws {Refusal} 400 when it is no object
 */
export function tableOf(json: unknown, name: string): FieldTable {
  try {
    return new JsonPlace(name, Array.isArray(json) && json.length === 0 ? {} : json).table();
  } catch (error) {
    if (error instanceof DefinitionsError) throw badRequest(error.message);
    throw error;
  }
}

/** The names of the properties, as the API has them. */
export const propertyNames = {
  contentType: 'content_type',
  contentEncoding: 'content_encoding',
  headers: 'headers',
  deliveryMode: 'delivery_mode',
  priority: 'priority',
  correlationId: 'correlation_id',
  replyTo: 'reply_to',
  expiration: 'expiration',
  messageId: 'message_id',
  timestamp: 'timestamp',
  type: 'type',
  userId: 'user_id',
  appId: 'app_id',
  clusterId: 'cluster_id',
} as const satisfies Record<keyof Properties, string>;

/** Properties as JSON: only those there are. */
export function propertiesJson(bytes: Buffer): Json {
  const properties = decodeProperties(bytes);
  const json: Record<string, unknown> = {};
  for (const [name, shown] of Object.entries(propertyNames)) {
    const value = properties[name as keyof Properties];
    if (value === undefined) continue;
    if (typeof value === 'bigint') json[shown] = Number(value);
    else json[shown] = typeof value === 'object' ? tableJson(value) : value;
  }
  return json;
}
