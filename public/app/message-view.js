/** One message as it is shown: its text, what can be done with it, and an editor in its place. */

import { DEMO } from './demo-reply.js';
import { h } from './dom.js';
import { decorate } from './icons.js';
import { renderMarkdown } from './markdown.js';
import { partsOf, renderPart, textOf } from './message-parts.js';
import { longTime, shortTime, formatNumber } from './times.js';
import { versionsNode } from './versions.js';

/** Longer messages are shown from their beginning, until somebody wants all of it: in characters. */
const LONG = 20_000;

/**
 * @param entry `{ message, isLast, isLive, isStreaming, isExpanded, draft }`
 * @param actions what its buttons do
 */
export function messageNode(entry, actions) {
  const { message, draft } = entry;
  const isEditing = draft !== undefined;
  const classes = ['message', message.type, entry.isLast && 'is-last', isEditing && 'is-editing'];
  return h(
    'article',
    { class: classes.filter(Boolean).join(' '), tabindex: '-1', 'aria-label': label(message) },
    byline(message),
    isEditing ? editor(entry, actions) : content(entry, actions),
    isEditing || entry.isLive ? null : tools(entry, actions),
  );
}

function label(message) {
  return `${author(message)}, ${shortTime(message.timestamp)}`;
}

function author({ type, model }) {
  if (type === 'user') return 'You';
  if (type === 'system') return 'System';
  if (type === 'tool') return 'Tool';
  return model === DEMO ? 'Demo reply' : 'Assistant';
}

function byline(message) {
  return h(
    'p',
    { class: 'by' },
    h('b', {}, author(message)),
    message.model === DEMO ? h('span', { class: 'badge' }, 'no AI') : null,
    h('time', { datetime: message.timestamp, title: longTime(message.timestamp) }, shortTime(message.timestamp)),
    message.tokens?.total ? h('span', {}, `${formatNumber(message.tokens.total)} tokens`) : null,
  );
}

function content({ message, isStreaming, isExpanded }, actions) {
  const whole = textOf(message);
  const parts = isStreaming ? null : partsOf(message);
  const isLong = whole.length > LONG && !isExpanded;
  const nodes = isLong || !parts ? renderMarkdown(isLong ? whole.slice(0, LONG) : whole) : parts.flatMap(renderPart);
  const node = h('div', { class: `content${isStreaming ? ' is-streaming' : ''}`, dir: 'auto' }, nodes);
  const all =
    isLong &&
    h(
      'button',
      { type: 'button', class: 'small', onclick: () => actions.expand(message.id) },
      `Show all ${formatNumber(whole.length)} characters`,
    );
  const note = message.streaming && !isStreaming && h('p', { class: 'note' }, 'This reply was interrupted.');
  return [node, all, note];
}

function tools({ message, question }, actions) {
  const button = (name, title, onclick) =>
    decorate(h('button', { type: 'button', class: 'icon', onclick }), name, title);
  const buttons = [button('copy', 'Copy message', (event) => actions.copy(message, event.currentTarget))];
  // An editor of text would lose what else there is.
  if (message.type === 'user' && actions.edit && !partsOf(message))
    buttons.push(button('edit', 'Edit message', () => actions.edit(message)));
  if (message.type === 'assistant' && question && actions.regenerate) {
    buttons.push(button('refresh', 'Write this reply again', () => actions.regenerate(message)));
  }
  if (actions.fork) buttons.push(button('fork', 'Go on from here in a new conversation', () => actions.fork(message)));
  const versions = actions.switchVersion && versionsNode(message, (id, step) => actions.switchVersion(id, step));
  return h('div', { class: `tools${versions ? ' has-versions' : ''}` }, versions, buttons);
}

function editor({ message, draft }, actions) {
  const field = h('textarea', {
    'aria-label': 'Edit message',
    oninput: () => actions.keepDraft(message.id, field.value),
    onkeydown: (event) => {
      if (event.key === 'Escape') actions.cancelEdit(message.id);
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) actions.saveEdit(message, field.value, true);
    },
  });
  field.value = draft;
  return h(
    'div',
    { class: 'editor' },
    field,
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', class: 'small quiet', onclick: () => actions.cancelEdit(message.id) }, 'Cancel'),
      h(
        'button',
        { type: 'button', class: 'small', onclick: () => actions.saveEdit(message, field.value, false) },
        'Save only',
      ),
      h(
        'button',
        { type: 'button', class: 'small primary', onclick: () => actions.saveEdit(message, field.value, true) },
        'Save and rewrite',
      ),
    ),
  );
}
