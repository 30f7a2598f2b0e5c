/** What is shown where no conversation is open. */

import { h } from './dom.js';
import { icon } from './icons.js';

/** For a first visit, with ways to begin; or, where there are conversations, just an invitation. */
export function showWelcome(node, { isFirst, onSample, onImport, onLink }) {
  // Drawn anew it would lose the focus, and a click that is under way.
  if (node.dataset.isFirst === String(isFirst)) return;
  node.dataset.isFirst = String(isFirst);
  const card = (name, title, text, run, id) =>
    h('button', { type: 'button', onclick: run, id }, icon(name), title, h('span', {}, text));
  const cards = h(
    'div',
    { class: 'cards' },
    card('sample', 'Look at a sample', 'Three conversations that came with this page.', onSample, 'load-sample'),
    card(
      'upload',
      'Import yours',
      'From ChatGPT, claude.ai, Claude Code and others, or an export; you can drop files anywhere here.',
      onImport,
      'import',
    ),
    card(
      'device',
      'Link this device',
      'With the code of a device that has your conversations, or with your recovery code.',
      onLink,
      'link-device',
    ),
  );
  const lead = isFirst
    ? 'What you write is kept on this device at once, and on the server from there: offline too, and the same on all your devices.'
    : 'Write a message below, or open one of your conversations.';
  node.replaceChildren(
    h(
      'div',
      { class: 'welcome' },
      h(
        'div',
        {},
        h('h2', {}, isFirst ? 'Conversations that stay' : 'A new conversation'),
        h('p', { class: 'lead' }, lead),
      ),
      isFirst ? cards : null,
    ),
  );
}
