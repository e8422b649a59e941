import { isExpression } from '../broker/expression.ts';
import type { Permission } from '../broker/users.ts';
import { badRequest } from './answer.ts';
import type { Json } from './call.ts';

/** A flag, also as a text (API-09). Undefined when there is none. @throws {Refusal} 400 */
export function flag(value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw badRequest(['not_boolean', value]);
}

/** Tags in a list, or in a text with commas between them. @throws {Refusal} 400 */
export function tags(key: string, value: unknown): string[] {
  const list = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(list)) throw badRequest(`${key} should be a list, or a text with commas`);
  return list.map((tag) => String(tag).trim()).filter((tag) => tag !== '');
}

/** @throws {Refusal} 400 for anything but a text */
export function text(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw badRequest(`${key} should be a text`);
}

/** A text that is a regular expression. @throws {Refusal} 400 */
export function expression(key: string, value: unknown): string {
  const expression = text(key, value);
  if (!isExpression(expression)) throw badRequest(['invalid_regexp', expression]);
  return expression;
}

/** What a user may do in a vhost. @throws {Refusal} 400 */
export function readPermission(json: Json | null): Permission {
  const { configure, write, read } = json ?? {};
  return {
    configure: expression('configure', configure),
    write: expression('write', write),
    read: expression('read', read),
  };
}
