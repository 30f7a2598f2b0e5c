/** The report on an imported file, with the conversations that need attention first. */

import { h } from './dom.js';
import { describeCode } from './error-messages.js';
import { store } from './store.js';
import { counted } from './times.js';

/** The most conversations that are listed. */
const MOST = 300;

const FORMATS = {
  'claude-code': 'Claude Code',
  'claude-ai': 'claude.ai',
  chatgpt: 'ChatGPT',
  'ui-messages': 'AI SDK',
  librechat: 'LibreChat',
  'open-webui': 'Open WebUI',
  own: 'conversation-store',
};

/** In which order they are listed, and what is said of them. */
const STATUSES = {
  rejected: 'Not accepted',
  skipped: 'Skipped',
  updated: 'Updated',
  imported: 'Imported',
  unchanged: 'Known already',
};

const REASONS = {
  too_large: 'it is larger than what the server takes at once; the command on your machine can import it.',
  empty: 'there is nothing to read in it.',
  wrong_shape: 'it is not of the form of the rest.',
  too_many_messages: 'it has too many messages.',
  too_many_conversations: 'there are too many.',
  duplicate_id: 'another one has the same id.',
};

/** A sentence on how many became what. */
export function summaryOf({ imported, updated, unchanged, rejected, skipped }) {
  const parts = [`${counted(imported, 'conversation')} imported`];
  if (updated) parts.push(`${updated} updated`);
  if (unchanged) parts.push(`${unchanged} known already`);
  if (rejected) parts.push(`${rejected} not accepted`);
  if (skipped) parts.push(`${skipped} skipped`);
  return `${parts.join(', ')}.`;
}

export async function importReport(report) {
  const titles = new Map((await store.getAllConversations()).map(({ id, title }) => [id, title]));
  const order = Object.keys(STATUSES);
  const sorted = report.conversations.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const rows = sorted.slice(0, MOST).map((conversation) => row(conversation, titles, report.files.length > 1));
  return [
    h('ul', { class: 'text import-notes' }, notes(report, sorted.length - rows.length)),
    h('ul', { class: 'entries', 'aria-label': 'What became of each conversation' }, rows),
  ];
}

function notes({ files, ignored, invalidLines, conversations }, left) {
  const missing = conversations.reduce((sum, { missingFiles }) => sum + missingFiles, 0);
  return [
    files.map(({ name, format }) => `${name}: read as ${FORMATS[format]}.`),
    ignored.map((name) => `${name}: no conversations in it.`),
    invalidLines ? `${counted(invalidLines, 'line')} could not be read.` : [],
    missing ? `${counted(missing, 'file')} named in messages came without content.` : [],
    left > 0 ? `${counted(left, 'further conversation')} not listed here.` : [],
  ]
    .flat()
    .map((text) => h('li', {}, text));
}

function row({ id, file, index, status, code, message }, titles, hasFile) {
  const title = titles.get(id);
  const name = title ?? (id === null ? `Number ${index + 1}` : id);
  const why = code === undefined ? null : (REASONS[code] ?? describeCode(code));
  const text = why ? `${STATUSES[status]}: ${why}` : STATUSES[status];
  return h(
    'li',
    { 'data-status': status },
    h(
      'div',
      { class: 'about' },
      title === undefined ? name : h('a', { href: `#/c/${id}` }, name),
      h('small', { title: message }, hasFile ? `${text} (${file})` : text),
    ),
  );
}
