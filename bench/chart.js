/**
 * One bar for each broker that has the figure.
 * @typedef {object} Group
 * @property {string} label
 * @property {{ name: string, value: number }[]} bars
 */

/**
 * @typedef {object} Chart
 * @property {string} title what is drawn, in which unit, and whether more is better
 * @property {Group[]} groups
 * @property {'linear' | 'logarithmic'} scale
 * @property {number} decimals
 */

const WIDTH = 760;
const LABELS = 220;
const VALUES = 90;
const BAR = 14;
const GAP = 12;
const TOP = 66;
const MARGIN = 16;
/** A bar that is too short to be seen still shows that there is one. */
const SHORTEST = 2;
/** As dark on light as light on dark, in the order of the brokers. */
const COLOURS = ['#d9730d', '#3b82c4', '#7a9a3a', '#8b8f96', '#a45fb8', '#b8a13a'];

/**
 * A bar chart with a background of its own, so that it can be read on any page.
 * @param {Chart} chart
 * @returns {string} SVG
 */
export function barChart(chart) {
  const names = [...new Set(chart.groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const colours = new Map(names.map((name, i) => [name, COLOURS[i % COLOURS.length] ?? '']));
  const lengthOf = scaleOf(chart);
  let y = TOP;
  const groups = chart.groups.map((group) => {
    const at = y;
    y += group.bars.length * BAR + GAP;
    return groupOf(group, at, { colours, lengthOf, decimals: chart.decimals });
  });
  const height = y - GAP + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(chart.title)}">
<style>
  text { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: #1f2328; }
  .title { font-size: 14px; font-weight: 600; }
  .background { fill: #ffffff; stroke: #d0d7de; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .background { fill: #161b22; stroke: #3d444d; }
  }
</style>
<rect class="background" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
<text class="title" x="${MARGIN}" y="26">${escaped(chart.title)}</text>
${legend(names, colours)}
${groups.join('\n')}
</svg>
`;
}

/**
 * @param {string[]} names
 * @param {Map<string, string>} colours
 */
function legend(names, colours) {
  const width = (WIDTH - 2 * MARGIN) / Math.max(4, names.length);
  return names
    .map((name, i) => {
      const x = MARGIN + i * width;
      return `<rect x="${x}" y="38" width="10" height="10" fill="${colours.get(name)}"/><text x="${x + 15}" y="47">${escaped(name)}</text>`;
    })
    .join('\n');
}

/**
 * @param {Group} group
 * @param {number} y
 * @param {{ colours: Map<string, string>, lengthOf: (value: number) => number, decimals: number }} how
 */
function groupOf({ label, bars }, y, { colours, lengthOf, decimals }) {
  const middle = y + (bars.length * BAR) / 2 + 4;
  const drawn = bars.map(({ name, value }, i) => {
    const top = y + i * BAR;
    const length = lengthOf(value);
    const format = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    return `<rect x="${LABELS}" y="${top + 1}" width="${length.toFixed(1)}" height="${BAR - 2}" fill="${colours.get(name)}"/><text x="${(LABELS + length + 6).toFixed(1)}" y="${top + 11}">${value.toLocaleString('en-US', format)}</text>`;
  });
  return `<text x="${LABELS - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>\n${drawn.join('\n')}`;
}

/**
 * @param {Chart} chart
 * @returns {(value: number) => number} how long a bar is
 */
function scaleOf({ groups, scale }) {
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value)).filter((value) => value > 0);
  const most = Math.max(...values);
  const room = WIDTH - LABELS - VALUES - MARGIN;
  if (scale === 'linear') return (value) => Math.max(SHORTEST, (value / most) * room);
  // the axis begins at a power of ten below the least
  const from = Math.floor(Math.log10(Math.min(...values) * 0.99));
  const span = Math.log10(most) - from;
  return (value) => (value <= 0 ? SHORTEST : Math.max(SHORTEST, ((Math.log10(value) - from) / span) * room));
}

/** @param {string} text */
function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
