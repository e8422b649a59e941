import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { JsonDocument } from '../advice/document.ts';
import type { ChannelFacts, QueueFacts } from '../advice/study.ts';
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

/** Who consumes, as the management API lists it. */
export async function queueFacts(management: Management): Promise<QueueFacts[]> {
  const queues = await management.get<readonly (Omit<QueueFacts, 'consumers'> & Partial<QueueFacts>)[]>(
    ['queues'],
    {
      columns: 'vhost,name,consumers',
    },
  );
  return queues.map(({ vhost, name, consumers = 0 }) => ({ vhost, name, consumers }));
}

interface ListedChannel {
  readonly vhost: string;
  readonly name: string;
  readonly global_prefetch_count?: number;
}

export async function channelFacts(management: Management): Promise<ChannelFacts[]> {
  const channels = await management.get<readonly ListedChannel[]>(['channels'], {
    columns: 'vhost,name,global_prefetch_count',
  });
  return channels.map(({ vhost, name, global_prefetch_count: globalPrefetch = 0 }) => ({
    vhost,
    name,
    globalPrefetch,
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
