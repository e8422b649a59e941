import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { PolicyDefinition } from '../broker/policy-keys.ts';
import { Queue } from '../broker/queue.ts';

/**
 * What sets the deadline of a message that expires in a queue (TTL-01): `expiration`, `x-message-ttl`, or a policy by
 * its name.
 * @param expiration its property
 */
export function expiresBy(queue: DeclaredQueue | undefined, expiration: string | undefined): string {
  if (!(queue instanceof Queue)) return 'expiration';
  const { messageTtl } = queue.settings;
  if (expiration !== undefined && Number(expiration) <= messageTtl) return 'expiration';
  if (queue.arguments.messageTtl === messageTtl) return 'x-message-ttl';
  return policyWith(queue, 'message-ttl', messageTtl) ?? 'x-message-ttl';
}

/** The policy that says this of a queue, the operator's first: `policy 'NAME'`; undefined when none does. */
function policyWith(
  { policies: { policy, operatorPolicy } }: Queue,
  key: keyof PolicyDefinition,
  value: unknown,
): string | undefined {
  if (operatorPolicy !== undefined && operatorPolicy.definition[key] === value) {
    return `operator policy '${operatorPolicy.name}'`;
  }
  return policy !== undefined && policy.definition[key] === value ? `policy '${policy.name}'` : undefined;
}
