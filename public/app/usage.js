/** The view of the user's statistics, which the server keeps. */

import { barChart } from './charts.js';
import { h } from './dom.js';
import { describe } from './error-messages.js';
import { store } from './store.js';
import { counted, dayInUtc, formatBytes, formatNumber } from './times.js';

/** Shows them in a node. */
export async function showUsage(node) {
  const waiting = h(
    'div',
    { class: 'waiting' },
    h('span', { class: 'spinner', role: 'status', 'aria-label': 'Loading' }),
  );
  node.replaceChildren(waiting);
  // Where they have been asked for again since, the later call shows them.
  const show = (content) => waiting.isConnected && node.replaceChildren(content);
  try {
    const statistics = await store.getStatistics();
    show(
      h('div', { class: 'usage' }, figures(statistics), charts(statistics.activity), models(statistics.models ?? [])),
    );
  } catch (error) {
    show(h('p', { class: 'nothing', role: 'alert' }, describe(error)));
  }
}

function figures({ totals: { current, lifetime }, bytes, messagesPerConversation: { mean, max } }) {
  const rows = [
    ['Conversations', current.conversations],
    ['Messages', current.messages],
    ['Tokens', current.tokens],
    ['Messages each', mean ? mean.toFixed(1) : 0],
    ['Most in one', max],
    ['Stored text', formatBytes(bytes)],
    ['Conversations ever', lifetime.conversations],
    ['Messages ever', lifetime.messages],
  ];
  return h(
    'dl',
    { class: 'figures' },
    rows.map(([name, value]) =>
      h('div', {}, h('dt', {}, name), h('dd', {}, typeof value === 'number' ? formatNumber(value) : value)),
    ),
  );
}

function charts(activity) {
  return ['messages', 'tokens'].map((field) => {
    const points = activity.map((row, index) => ({
      label: dayInUtc(row.date),
      short: (activity.length - 1 - index) % 7 === 0 ? dayInUtc(row.date) : null,
      value: row[field],
    }));
    const total = points.reduce((sum, { value }) => sum + value, 0);
    return barChart({
      title: field === 'messages' ? 'Messages a day' : 'Tokens a day',
      summary: `${counted(total, field.slice(0, -1))} in ${activity.length} days (UTC)`,
      unit: field,
      points,
    });
  });
}

/** What was received from each model, which a server that is still at the release before does not tell; null where nothing was. */
function models(rows) {
  if (!rows.length) return null;
  const row = ({ model, messages, tokens }) =>
    h('tr', {}, h('td', {}, model ?? 'Others'), h('td', {}, formatNumber(messages)), h('td', {}, formatNumber(tokens)));
  const names = ['Model', 'Messages', 'Tokens'].map((name) => h('th', { scope: 'col' }, name));
  return h('table', { class: 'models' }, h('thead', {}, h('tr', {}, names)), h('tbody', {}, rows.map(row)));
}
