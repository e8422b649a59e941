import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { JsonDocument } from '../advice/document.ts';
import { Failure } from './failure.ts';
import type { Management } from './management.ts';

/** A file of definitions, and what to call it. */
export interface NamedDocument {
  readonly name: string;
  readonly document: JsonDocument;
}

/** @param file `-` is standard input */
export async function readDocument(file: string): Promise<NamedDocument> {
  const name = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure('usage', `cannot read the definitions: ${(error as Error).message}`);
  }
  try {
    return { name, document: new JsonDocument(text) };
  } catch (error) {
    throw new Failure('usage', `${name} is not JSON: ${(error as Error).message}`);
  }
}

/** A queue as the management API lists it. */
interface ListedQueue {
  readonly vhost: string;
  readonly name: string;
  readonly consumers?: number;
  readonly messages_ready?: number;
}

/** What a running broker knows of its queues. */
export interface ListedFacts {
  readonly vhost: string;
  readonly name: string;
  readonly consumers: number;
  readonly messages: number;
}

export async function queueFacts(management: Management): Promise<ListedFacts[]> {
  const queues = await management.get<readonly ListedQueue[]>(['queues'], {
    columns: 'vhost,name,consumers,messages_ready',
  });
  return queues.map(({ vhost, name, consumers = 0, messages_ready: messages = 0 }) => ({
    vhost,
    name,
    consumers,
    messages,
  }));
}

/** What there is in a vhost of a running broker now, what is transient or exclusive included, as definitions. */
export async function currentTopology(management: Management, vhost: string): Promise<object> {
  const list = (kind: string): Promise<readonly object[]> => management.get<readonly object[]>([kind, vhost]);
  const [exchanges, queues, bindings, policies, operatorPolicies] = await Promise.all([
    list('exchanges'),
    list('queues'),
    list('bindings'),
    list('policies'),
    list('operator-policies'),
  ]);
  const parameters = operatorPolicies.map((policy) => operatorPolicy(policy as Record<string, unknown>));
  return { vhosts: [{ name: vhost }], exchanges, queues, bindings, policies, parameters };
}

/** As definitions have them: parameters of a component of their own. */
function operatorPolicy({ vhost, name, ...value }: Record<string, unknown>): object {
  return { component: 'operator_policy', vhost, name, value };
}
