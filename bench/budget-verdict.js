/** @typedef {import('./allocations.js').Allocations} Allocations */

/** What a build of Node or chance may add. */
const TOLERANCE = 0.12;
/** Differences below this are nothing (bytes). */
const LEAST = 16;

/** @type {Record<keyof Allocations, string>} */
const WORDS = { heap: 'on the heap', buffers: 'in buffers', kept: 'kept while it waits' };

/**
 * @param {Record<string, Allocations>} measured by path
 * @param {Partial<Record<string, Allocations>>} budgets
 * @returns {{ lines: string[], isExceeded: boolean }} a line for each figure
 */
export function judge(measured, budgets) {
  /** @type {string[]} */
  const lines = [];
  let isExceeded = false;
  for (const [path, figures] of Object.entries(measured)) {
    for (const [kind, bytes] of /** @type {[keyof Allocations, number][]} */ (Object.entries(figures))) {
      const budget = budgets[path]?.[kind];
      const verdict = verdictOf(bytes, budget);
      const allowed = budget === undefined ? 'no budget' : `budget ${budget} B`;
      lines.push(`${path}: ${bytes} B per message ${WORDS[kind]}, ${allowed}${verdict.words}`);
      isExceeded ||= verdict.isExceeded;
    }
  }
  return { lines, isExceeded };
}

/**
 * @param {number} bytes
 * @param {number | undefined} budget
 */
function verdictOf(bytes, budget) {
  if (budget === undefined) return { words: ': record it with npm run budget -- --record', isExceeded: true };
  const more = bytes - budget;
  if (Math.abs(more) <= Math.max(LEAST, budget * TOLERANCE)) return { words: '', isExceeded: false };
  if (more > 0) return { words: `: ${more} B too many`, isExceeded: true };
  return { words: `: ${-more} B less, worth recording with npm run budget -- --record`, isExceeded: false };
}
