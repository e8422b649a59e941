import { nearest } from '../advice/nearest.ts';

/** The known name a wrong one was probably meant to be: `did you mean "port"?`, or all that are known. */
export function suggestion(wrong: string, known: readonly string[]): string {
  const meant = nearest(wrong, known);
  return meant === undefined ? `known are ${known.join(', ')}` : `did you mean "${meant}"?`;
}
