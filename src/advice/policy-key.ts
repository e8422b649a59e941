import { policyKeyNames } from '../broker/policy-keys.ts';
import { nearest } from './nearest.ts';

/** A mistake in the name of a key of a policy. */
export interface MisspeltKey {
  readonly key: string;
  /** What it was probably meant to be. */
  readonly meant: string;
}

/** The first key of a policy that looks like a misspelt one. */
export function misspeltPolicyKey(definition: object): MisspeltKey | undefined {
  for (const key of Object.keys(definition)) {
    if (policyKeyNames.includes(key)) continue;
    const meant = nearest(key, policyKeyNames);
    if (meant !== undefined) return { key, meant };
  }
  return undefined;
}
