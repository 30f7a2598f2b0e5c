/** The list of conversations: pinned ones first, then by time; the archive; and what a search finds. */

import { h } from './dom.js';
import { rowNode } from './conversation-row.js';
import { Found } from './found.js';
import { store } from './store.js';
import { periodOf } from './times.js';
import { VirtualList } from './virtual-list.js';

/** A row's height until it is known, in pixels. */
const ESTIMATE = 58;

export class ConversationList {
  #viewport = document.getElementById('list');
  #list;
  #actions;
  #conversations = [];
  #found = new Found((isOther) => {
    if (isOther) this.#viewport.scrollTop = 0;
    this.#show();
  });
  #openId = null;
  #hidden = new Set();
  #isArchive = false;
  #versions = new Map();
  #items = [];

  constructor(actions) {
    this.#actions = { ...actions, toggleArchive: () => this.#toggleArchive() };
    this.#list = new VirtualList(this.#viewport, {
      render: (item) => rowNode(item, this.#actions),
      estimate: ESTIMATE,
    });
    this.#viewport.append(skeleton());
    this.#viewport.addEventListener('keydown', (event) => this.#onKey(event));
    this.#viewport.addEventListener('focusin', (event) => this.#onFocus(event));
    this.#viewport.addEventListener(
      'scroll',
      () => {
        this.#viewport.classList.toggle('is-scrolled', this.#viewport.scrollTop > 0);
      },
      { passive: true },
    );
  }

  get conversations() {
    return this.#conversations;
  }

  find(id) {
    return this.#conversations.find((conversation) => conversation.id === id) ?? null;
  }

  /** Shows the list as it is, or as it is being read. */
  async refresh(list = store.getAllConversations()) {
    this.#conversations = await list;
    this.#show();
  }

  /** Lists what is found for a text; with none all conversations. */
  search(query) {
    this.#found.search(query);
  }

  markOpen(id) {
    this.#openId = id;
    this.#show();
  }

  /** Takes a conversation out of the list, until it is deleted or shown again. */
  hide(id) {
    const at = this.#items.findIndex((item) => item.conversation?.id === id);
    const hadFocus = this.#list.nodeOf(this.#items[at]?.key)?.contains(document.activeElement);
    this.#hidden.add(id);
    this.#show();
    if (!hadFocus) return;
    const near =
      this.#items.slice(at).find((item) => item.conversation) ?? this.#items.findLast((item) => item.conversation);
    if (near) this.#list.reveal(near.key)?.querySelector('a')?.focus();
  }

  unhide(id) {
    this.#hidden.delete(id);
    this.#show();
  }

  focus() {
    this.#firstLink()?.focus();
  }

  /** The conversation so many places below another one, or the first. */
  neighbour(id, step) {
    const shown = this.#items.filter((item) => item.conversation);
    const at = shown.findIndex((item) => item.conversation.id === id);
    return (at < 0 ? shown[0] : shown[at + step])?.conversation ?? null;
  }

  #show() {
    const items = this.#found.results ? this.#resultItems() : this.#listItems();
    this.#items = items.map((item) => this.#versioned(item));
    this.#viewport.setAttribute('aria-busy', 'false');
    this.#viewport.setAttribute('role', 'list');
    this.#viewport.querySelector('.skeleton')?.remove();
    this.#showNothing(items.every((item) => item.shelf || item.key === 'note'));
    this.#list.setItems(this.#items);
    this.#keepTabStop();
  }

  #listItems() {
    const shown = this.#conversations.filter(({ id }) => !this.#hidden.has(id));
    const archived = shown.filter((conversation) => conversation.archived);
    const listed = this.#isArchive ? archived : shown.filter((conversation) => !conversation.archived);
    const pinned = listed.filter((conversation) => conversation.pinned);
    const rest = listed.filter((conversation) => !conversation.pinned);
    const items = [...grouped(pinned, () => 'Pinned'), ...grouped(rest, ({ updatedAt }) => periodOf(updatedAt))];
    const isDoor = this.#isArchive || archived.length > 0;
    return isDoor ? [...items, { key: 'shelf', shelf: { isArchive: this.#isArchive, count: archived.length } }] : items;
  }

  #resultItems() {
    const { results, note, loadMore } = this.#found;
    const shown = results.filter(({ conversationId }) => !this.#hidden.has(conversationId));
    const items = shown.map((result) => ({
      key: `found ${result.conversationId} ${result.messageId}`,
      result,
      conversation: this.find(result.conversationId),
    }));
    return note || loadMore ? [...items, { key: 'note', note: note ?? '', loadMore }] : items;
  }

  /** Gives an item the version it had where it looks the same. */
  #versioned(item) {
    const id = item.conversation?.id ?? item.result?.conversationId;
    const isOpen = id !== undefined && id === this.#openId;
    // What is on its way needs no mention; what cannot go does.
    const isStuck =
      Boolean(item.conversation?.pending) && !['synced', 'sending', 'starting'].includes(store.status.mode);
    const looks = JSON.stringify([
      item.conversation,
      item.result,
      item.shelf,
      item.note,
      Boolean(item.loadMore),
      isOpen,
      isStuck,
    ]);
    const before = this.#versions.get(item.key);
    const version = before?.looks === looks ? before.version : (before?.version ?? 0) + 1;
    this.#versions.set(item.key, { looks, version });
    return { ...item, isOpen, isStuck, version };
  }

  #showNothing(isEmpty) {
    this.#viewport.querySelector('.nothing')?.remove();
    if (!isEmpty) return;
    const text = this.#nothingText();
    if (text) this.#viewport.prepend(h('p', { class: 'nothing' }, text));
  }

  #nothingText() {
    if (this.#found.results) return this.#found.isSearching ? null : 'Nothing found.';
    if (store.status.loading) return 'They are on their way.';
    return this.#isArchive ? 'The archive is empty.' : 'Your conversations will be listed here.';
  }

  #toggleArchive() {
    this.#isArchive = !this.#isArchive;
    this.#viewport.scrollTop = 0;
    this.#show();
    this.focus();
  }

  #onKey(event) {
    const row = event.target.closest('.row');
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (row && step) {
      event.preventDefault();
      this.#step(row.dataset.key, step);
    } else if (row && event.key === 'ArrowRight') {
      row.querySelector('button')?.focus();
    } else if (row && event.key === 'ArrowLeft') {
      row.querySelector('a').focus();
    } else if (row && (event.key === 'Delete' || event.key === 'F2')) {
      event.preventDefault();
      const conversation = this.#items.find((item) => item.key === row.dataset.key)?.conversation;
      if (conversation) this.#actions[event.key === 'F2' ? 'rename' : 'remove'](conversation);
    }
  }

  #step(key, step) {
    let at = this.#items.findIndex((item) => item.key === key) + step;
    while (this.#items[at]?.heading) at += step;
    const next = this.#items[at];
    if (next) this.#list.reveal(next.key)?.querySelector('a, button')?.focus();
  }

  #onFocus(event) {
    const link = event.target.closest('.row a');
    if (!link) return;
    /** @type {NodeListOf<HTMLElement>} */
    const others = this.#viewport.querySelectorAll('a[tabindex="0"]');
    for (const other of others) other.tabIndex = -1;
    link.tabIndex = 0;
  }

  /** The list is one stop of the Tab key; within it the arrows move. */
  #keepTabStop() {
    if (this.#viewport.querySelector('a[tabindex="0"]')) return;
    const link = this.#firstLink();
    if (link) link.tabIndex = 0;
  }

  /** @returns {HTMLElement | null} */
  #firstLink() {
    return (
      this.#viewport.querySelector('a[tabindex="0"]') ??
      this.#viewport.querySelector('a[aria-current]') ??
      this.#viewport.querySelector('.row a')
    );
  }
}

/** Items of conversations, with a heading wherever a new group begins. */
function grouped(conversations, groupOf) {
  let last = null;
  return conversations.flatMap((conversation) => {
    const group = groupOf(conversation);
    const heading = group === last ? [] : [{ key: `group ${group}`, heading: group }];
    last = group;
    return [...heading, { key: conversation.id, conversation }];
  });
}

function skeleton() {
  return h(
    'div',
    { class: 'skeleton', 'aria-hidden': 'true' },
    Array.from({ length: 10 }, () => h('i')),
  );
}
