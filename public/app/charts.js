/** Bar charts, drawn as SVG; with a table for those who read rather than look. */

import { h, s } from './dom.js';
import { formatNumber } from './times.js';

const WIDTH = 720;
const HEIGHT = 190;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 8;

/** A chart of `[{ label, short, value }]`. */
export function barChart({ title, summary, unit, points }) {
  const highest = niceCeiling(Math.max(...points.map(({ value }) => value), 1));
  const drawing = s(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${title}. ${summary}` },
    gridLines(highest),
    points.map((point, index) => bar(point, index, points.length, highest, unit)),
    s('line', { class: 'axis', x1: LEFT, x2: WIDTH, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
  );
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, h('h2', {}, title), h('span', {}, summary)),
    drawing,
    h('details', {}, h('summary', {}, 'As a table'), table(points, unit)),
  );
}

function gridLines(highest) {
  const steps = Math.min(highest, 4);
  return Array.from({ length: steps }, (_, step) => {
    const value = (highest / steps) * (step + 1);
    const y = heightOf(value, highest);
    return s(
      'g',
      {},
      s('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: y, y2: y }),
      s('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, formatNumber(value)),
    );
  });
}

function bar({ label, short, value }, index, count, highest, unit) {
  const slot = (WIDTH - LEFT) / count;
  const width = Math.min(slot * 0.68, 28);
  const x = LEFT + slot * index;
  const y = heightOf(value, highest);
  const height = HEIGHT - BOTTOM - y;
  return s(
    'g',
    {},
    s('title', {}, `${label}: ${formatNumber(value)} ${unit}`),
    s('rect', { class: 'slot', x, y: TOP, width: slot, height: HEIGHT - BOTTOM - TOP }),
    value > 0
      ? s('path', { class: 'bar-fill', d: roundedTop(x + (slot - width) / 2, y, width, Math.max(height, 1.5)) })
      : null,
    short ? s('text', { x: x + slot / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, short) : null,
  );
}

function roundedTop(x, y, width, height) {
  const radius = Math.min(3, width / 2, height);
  return `M${x} ${y + height}V${y + radius}q0 ${-radius} ${radius} ${-radius}h${width - 2 * radius}q${radius} 0 ${radius} ${radius}V${y + height}z`;
}

function heightOf(value, highest) {
  return HEIGHT - BOTTOM - (value / highest) * (HEIGHT - BOTTOM - TOP);
}

/** The next number with a first digit at which an axis ends well, divisible by four. */
function niceCeiling(value) {
  if (value <= 4) return Math.ceil(value);
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10].find((factor) => {
    const end = factor * power;
    return end >= value && end % 4 === 0;
  });
  return step ? step * power : Math.ceil(value / 4) * 4;
}

function table(points, unit) {
  const rows = points.filter(({ value }) => value > 0);
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Day'), h('th', { scope: 'col' }, unit))),
    h(
      'tbody',
      {},
      rows.map(({ label, value }) => h('tr', {}, h('td', {}, label), h('td', {}, formatNumber(value)))),
    ),
  );
}
