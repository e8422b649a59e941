import { nearest } from '../advice/nearest.ts';
import { Failure } from './failure.ts';
import { ifKnown } from './management.ts';
import type { Management } from './management.ts';

const NOUNS = { users: 'user', vhosts: 'vhost' } as const;

/**
 * A user or a vhost as the management API shows it.
 * @throws {Failure} when there is none, naming the one that was probably meant
 */
export async function existing<T>(
  management: Management,
  kind: keyof typeof NOUNS,
  name: string,
): Promise<T> {
  const found = await ifKnown(management.get<T>([kind, name]));
  if (found !== undefined) return found;
  const all = await management.get<readonly { readonly name: string }[]>([kind], { columns: 'name' });
  const meant = nearest(
    name,
    all.map((one) => one.name),
  );
  const hint = meant === undefined ? '' : `; did you mean '${meant}'?`;
  throw new Failure('not-found', `there is no ${NOUNS[kind]} '${name}'${hint}`);
}
