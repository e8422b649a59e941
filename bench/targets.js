/** @typedef {import('./brokers.js').Broker} Broker */
/** @typedef {import('./figures.js').FigureName} FigureName */
/** @typedef {import('./run.js').Result} Result */

/**
 * What a figure of the first broker should be: a number, or that many times what another column has.
 * @typedef {object} Target
 * @property {FigureName} figure
 * @property {'at most' | 'at least'} bound
 * @property {number} value
 * @property {'relay' | 'against'} [times] whose figure the value multiplies; `against`: that of every other broker
 */

/**
 * @param {FigureName} figure
 * @param {number} value
 * @param {Target['times']} [times]
 * @returns {Target}
 */
export function atMost(figure, value, times) {
  return { figure, bound: 'at most', value, ...(times && { times }) };
}

/**
 * @param {FigureName} figure
 * @param {number} value
 * @param {Target['times']} [times]
 * @returns {Target}
 */
export function atLeast(figure, value, times) {
  return { figure, bound: 'at least', value, ...(times && { times }) };
}

/**
 * One target looked at.
 * @typedef {object} Verdict
 * @property {string} label of the scenario
 * @property {Target} target
 * @property {string} [of] the broker it is compared with
 * @property {number | undefined} measured in the unit of the target's value; nothing when it was not measured
 * @property {boolean | undefined} met
 */

/**
 * @param {Result[]} results
 * @returns {Verdict[]} of every target, in the order of the results
 */
export function judge(results) {
  return results
    .filter(({ broker }) => broker.role === 'first')
    .flatMap((result) => result.job.targets.flatMap((target) => verdictsOf(target, result, results)));
}

/**
 * @param {Target} target
 * @param {Result} result the first broker's
 * @param {Result[]} results
 * @returns {Verdict[]}
 */
function verdictsOf(target, result, results) {
  const { label } = result.job;
  const value = result.figures[target.figure];
  if (target.times === undefined) return [verdict(target, label, value)];
  const others = results.filter(({ broker, job }) => job.label === label && isMeant(broker, target.times));
  return others.map((other) => {
    const theirs = other.figures[target.figure];
    // few messages may cost less than the system counts
    const times = value === undefined || theirs === undefined || theirs === 0 ? undefined : value / theirs;
    return { ...verdict(target, label, times), of: other.broker.name };
  });
}

/**
 * @param {Broker} broker
 * @param {Target['times']} times
 */
function isMeant({ role, wanted }, times) {
  // another build of Leveret is there to compare, not to be beaten
  return times === 'relay' ? role === 'relay' : role === 'against' && wanted.kind === 'remote';
}

/**
 * @param {Target} target
 * @param {string} label
 * @param {number | undefined} value
 * @returns {Verdict}
 */
function verdict(target, label, value) {
  const measured = value === undefined || Number.isNaN(value) ? undefined : value;
  const met =
    measured === undefined
      ? undefined
      : target.bound === 'at most'
        ? measured <= target.value
        : measured >= target.value;
  return { label, target, measured, met };
}
