import assert from 'node:assert/strict';
import { segment } from './admin.ts';
import type { Answer } from './admin.ts';
import type { Context, Policy } from './context.ts';
import { sendAll, takeDeaths } from './length-limits-deaths.ts';
import type { Limited } from './length-limits-deaths.ts';

/** What cases of policies need. */
export const MANAGEMENT = { needs: ['management'] } as const;
export const MANAGEMENT_AND_QUORUM = { needs: ['management', 'quorum-queues'] } as const;
export const MANAGEMENT_AND_RETRY = { needs: ['management', 'quorum-queues', 'delayed-retry'] } as const;

type Definition = Policy['definition'];

/** A policy for the queues that are named by `t.queue()`, and so not for `limited(...).dead`. */
export function govern(
  t: Context,
  definition: Definition,
  more: Omit<Policy, 'definition'> = {},
): Promise<string> {
  return t.policy({ definition, pattern: `^${t.prefix}\\.q`, applyTo: 'queues', ...more });
}

/** Such an operator policy. */
export function overrule(t: Context, definition: Definition, priority = 0): Promise<string> {
  return govern(t, definition, { operator: true, priority });
}

/** What the HTTP API says of a queue. */
export async function shown(t: Context, queue: string): Promise<Readonly<Record<string, unknown>>> {
  return ((await t.admin.get(`/queues/%2F/${segment(queue)}`)).json ?? {}) as Record<string, unknown>;
}

/** Tries to set a policy that matches nothing, and takes it away again. */
export async function propose(
  t: Context,
  definition: Definition,
  kind: 'policies' | 'operator-policies' = 'policies',
): Promise<Answer> {
  const path = `/${kind}/%2F/${segment(t.name('policy'))}`;
  t.undo(() => t.admin.delete(path));
  return t.admin.put(path, { pattern: `^${t.prefix}$`, definition, priority: 0, 'apply-to': 'queues' });
}

/** A policy with this definition must be refused for this reason. */
export async function refusesPolicy(
  t: Context,
  definition: Definition,
  text: string,
  kind: 'policies' | 'operator-policies' = 'policies',
): Promise<void> {
  const { status, json } = await propose(t, definition, kind);
  const { error, reason } = (json ?? {}) as Record<string, unknown>;
  const unescaped = String(reason).replaceAll('&lt;', '<').replaceAll('&gt;', '>'); // as 3.10 sends some of them
  assert.deepEqual([status, error, unescaped], [400, 'bad_request', `Validation failed\n\n${text}\n`]);
}

interface Limit {
  readonly small: number;
  readonly large: number;
  /** Succeeds when the small value takes effect. */
  readonly takesEffect: (t: Context, limited: Limited) => Promise<void>;
}

async function dropsTheFirst(t: Context, { dead, queue }: Limited): Promise<void> {
  await sendAll(t, queue, 'a', 'b');
  assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
  assert.deepEqual(await t.drain(queue), ['b']);
}

/** The numeric keys of which the smallest counts, wherever they are from. */
export const limits: Readonly<Record<string, Limit>> = {
  'max-length': { small: 1, large: 100, takesEffect: dropsTheFirst },
  'max-length-bytes': { small: 1, large: 100, takesEffect: dropsTheFirst },
  'message-ttl': {
    small: 50,
    large: 60_000,
    takesEffect: async (t, { dead, queue }) => {
      await t.send(queue, 'a');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a expired']);
    },
  },
  expires: { small: 100, large: 60_000, takesEffect: (t, { queue }) => untilGone(t, queue) },
};

/** Waits until a queue is gone; it is not looked at often, as that would keep it. */
async function untilGone(t: Context, queue: string): Promise<void> {
  for (let n = 0; n < 10; n++) {
    await t.elapse(600);
    if (!(await t.hasQueue(queue))) return;
  }
  assert.fail(`${queue} is still there`);
}
