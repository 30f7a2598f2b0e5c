/** One line of the list of conversations: as it is listed, or as a search found it. */

import { h } from './dom.js';
import { decorate, icon } from './icons.js';
import { counted, isMonth, longTime, monthOf, shortTime, whenFormatting } from './times.js';

/** The node of an item of the list: a group's heading, a conversation, a find, a note, or the door to the archive. */
export function rowNode(item, actions) {
  if (item.heading) return headingNode(item.heading);
  if (item.shelf) return shelfNode(item.shelf, actions);
  if (item.key === 'note') return noteNode(item);
  return item.result ? resultNode(item, actions) : conversationNode(item, actions);
}

function headingNode(heading) {
  const text = h('h2', { class: 'group' }, isMonth(heading) ? null : heading);
  if (isMonth(heading)) whenFormatting(() => text.replaceChildren(monthOf(heading)));
  return h('div', { role: 'listitem' }, text);
}

function conversationNode({ conversation, isOpen, isStuck }, actions) {
  const { id, title } = conversation;
  const meta = h('span', { class: 'meta' });
  whenFormatting(() => meta.append(...metaNodes(conversation, isStuck)));
  return h(
    'div',
    { class: 'row', role: 'listitem' },
    link(`#/c/${id}`, isOpen, [h('span', { class: 'name', dir: 'auto' }, title), meta]),
    menuButton(conversation, actions),
  );
}

/** What there is to know of a conversation beside its title. */
function metaNodes({ updatedAt, messageCount, pinned, keep }, isStuck) {
  const nodes = [
    ...(pinned ? [icon('pin'), h('span', { class: 'visually-hidden' }, 'Pinned,')] : []),
    ...(keep ? [icon('bookmark'), h('span', { class: 'visually-hidden' }, 'Kept for good,')] : []),
    h('time', { datetime: updatedAt, title: longTime(updatedAt) }, shortTime(updatedAt)),
    h('span', {}, `· ${counted(messageCount ?? 0, 'message')}`),
  ];
  if (isStuck) nodes.push(h('span', { class: 'unsent', title: 'Saved here, not yet at the server' }, '· unsent'));
  return nodes;
}

function resultNode({ result, conversation, isOpen }, actions) {
  const { conversationId, messageId, title, excerpt, marks } = result;
  const text = markedNodes(excerpt, marks);
  const address = messageId ? `#/c/${conversationId}/${messageId}` : `#/c/${conversationId}`;
  return h(
    'div',
    { class: 'row', role: 'listitem' },
    link(address, isOpen, [
      h('span', { class: 'name', dir: 'auto' }, messageId ? title : text),
      messageId ? h('span', { class: 'excerpt', dir: 'auto' }, text) : null,
    ]),
    conversation ? menuButton(conversation, actions) : null,
  );
}

/** The excerpt, with what was found in it as `<mark>`. */
function markedNodes(excerpt, marks) {
  let end = 0;
  const nodes = marks.flatMap(([start, length]) => {
    const before = excerpt.slice(end, start);
    end = start + length;
    return [before, h('mark', {}, excerpt.slice(start, end))];
  });
  return [...nodes, excerpt.slice(end)];
}

function link(href, isOpen, content) {
  return h('a', { href, tabindex: '-1', 'aria-current': isOpen ? 'page' : null }, content);
}

function menuButton(conversation, actions) {
  const button = h('button', {
    type: 'button',
    class: 'icon',
    tabindex: '-1',
    'aria-haspopup': 'menu',
    'aria-expanded': 'false',
    onclick: () => actions.openMenu(conversation, button),
  });
  return decorate(button, 'more', `Options of ${conversation.title}`);
}

/** What is to be known of the results of a search, and how to get more of them. */
function noteNode({ note, loadMore }) {
  const button = h('button', { type: 'button', onclick: loadMore }, 'Search further');
  return h('div', { class: 'note', role: 'listitem' }, note ? h('p', {}, note) : null, loadMore ? button : null);
}

function shelfNode({ isArchive, count }, actions) {
  const label = isArchive ? 'Back to all conversations' : `Archive (${count})`;
  return h(
    'div',
    { class: 'shelf', role: 'listitem' },
    h('button', { type: 'button', onclick: actions.toggleArchive }, icon(isArchive ? 'back' : 'archive'), label),
  );
}
