import { barChart } from './chart.js';
import { FIGURES } from './figures.js';

/** @typedef {import('./figures.js').FigureName} FigureName */
/** @typedef {import('./run.js').Result} Result */

/**
 * @typedef {object} Plan
 * @property {string} file
 * @property {string} title
 * @property {FigureName} figure
 * @property {'linear' | 'logarithmic'} scale
 * @property {string[]} [scenarios] only of these
 */

/** @type {Plan[]} */
const PLANS = [
  {
    file: 'throughput.svg',
    title: 'Messages per second (longer is better)',
    figure: 'rate',
    scale: 'linear',
    scenarios: ['flow', 'durable', 'many', 'fanout', 'topic', 'headers'],
  },
  {
    file: 'cpu.svg',
    title: 'Processor time of the broker per message, in microseconds (shorter is better)',
    figure: 'brokerCpu',
    scale: 'linear',
    scenarios: ['flow', 'durable', 'many', 'fanout', 'topic'],
  },
  {
    file: 'latency.svg',
    title: 'Publish to delivery at 500 messages a second, 99 % within milliseconds (shorter is better)',
    figure: 'deliverP99',
    scale: 'linear',
  },
  {
    file: 'lateness.svg',
    title: 'Half of the expired messages come at most so many ms late (logarithmic, shorter is better)',
    figure: 'lateP50',
    scale: 'logarithmic',
  },
  {
    file: 'memory.svg',
    title: 'Resident memory at its peak, in MiB (shorter is better)',
    figure: 'rssPeak',
    scale: 'linear',
    scenarios: ['burst', 'backlog', 'durable', 'many'],
  },
];

/**
 * The charts for which there are figures of more than one broker.
 * @param {Result[]} results
 * @returns {{ file: string, title: string, svg: string }[]}
 */
export function chartsOf(results) {
  return PLANS.flatMap(({ file, title, figure, scale, scenarios }) => {
    const shown = results.filter(
      ({ job, broker }) =>
        // what generates the load is no broker
        broker.role !== 'null' && (scenarios === undefined || scenarios.includes(job.scenario)),
    );
    const groups = groupsOf(shown, figure);
    if (!groups.some(({ bars }) => bars.length > 1)) return [];
    return [{ file, title, svg: barChart({ title, groups, scale, decimals: FIGURES[figure].decimals }) }];
  });
}

/**
 * @param {Result[]} results
 * @param {FigureName} figure
 * @returns {import('./chart.js').Group[]}
 */
function groupsOf(results, figure) {
  const labels = [...new Set(results.map(({ job }) => job.label))];
  return labels
    .map((label) => ({
      label,
      bars: results.flatMap(({ job, broker, figures }) => {
        const value = figures[figure];
        return job.label !== label || value === undefined || Number.isNaN(value)
          ? []
          : [{ name: broker.name, value }];
      }),
    }))
    .filter(({ bars }) => bars.length > 0);
}
