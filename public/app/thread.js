/** The conversation that is open: its messages, the newest first loaded, older ones as the reader gets there. */

import { h } from './dom.js';
import { messageNode } from './message-view.js';
import { store } from './store.js';
import { VirtualList } from './virtual-list.js';

/** A message's height until it is known, in pixels. */
const ESTIMATE = 140;

export class Thread {
  #viewport = document.getElementById('thread');
  #list;
  #actions;
  #turns;
  #onShow;
  #conversation = null;
  #entries = new Map();
  #drafts = new Map();
  #expanded = new Set();
  #isLoadingOlder = false;
  #refreshing = null;
  #isStale = false;

  /** `onShow(conversation)` is called whenever there is something new to show; with null where it is gone. */
  constructor({ turns, actions, onShow }) {
    this.#turns = turns;
    this.#onShow = onShow;
    this.#actions = { ...actions, ...this.#ownActions() };
    this.#list = new VirtualList(this.#viewport, {
      render: (item) => (item.isPlaceholder ? olderNode() : messageNode(item, this.#actions)),
      estimate: ESTIMATE,
      follow: true,
      onReachStart: () => this.#loadOlder(),
    });
  }

  get conversation() {
    return this.#conversation;
  }

  get list() {
    return this.#list;
  }

  /** Opens a conversation; null closes the one that is open. */
  async open(id) {
    this.#conversation = null;
    this.#entries.clear();
    this.#drafts.clear();
    this.#expanded.clear();
    this.#list.reset([]);
    if (id === null) return null;
    this.#viewport.setAttribute('aria-busy', 'true');
    const conversation = await store.getConversation(id).finally(() => this.#viewport.removeAttribute('aria-busy'));
    this.#conversation = conversation;
    this.#list.reset(this.#items());
    this.#onShow(conversation);
    return conversation;
  }

  /** Reads again what is on the screen. Calls while it does so are one more time. */
  async refresh() {
    this.#isStale = true;
    this.#refreshing ??= this.#refreshAll().finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  async #refreshAll() {
    while (this.#isStale && this.#conversation) {
      this.#isStale = false;
      const { id, messages } = this.#conversation;
      let fresh = await store.getConversation(id);
      while (fresh?.hasOlder && fresh.messages.length < messages.length) fresh = await store.loadOlder(fresh);
      if (this.#conversation?.id !== id) return;
      this.#show(fresh);
    }
  }

  /** Shows a reply that grows in this tab. */
  grow(conversationId) {
    if (this.#conversation?.id === conversationId) this.#list.setItems(this.#items());
  }

  /** Loads as far back as a message and shows it. */
  async reveal(messageId) {
    const id = this.#conversation?.id;
    const has = () => this.#conversation.messages.some((message) => message.id === messageId);
    while (this.#conversation?.id === id && this.#conversation?.hasOlder && !has()) await this.#loadOlder();
    const node = this.#list.reveal(messageId, 'centre');
    node?.classList.add('is-found');
    node?.focus({ preventScroll: true });
  }

  /** Begins to edit the last message of the user's own. */
  editLast() {
    const own = this.#conversation?.messages.findLast((message) => message.type === 'user');
    if (own) this.#actions.edit(own);
  }

  async #loadOlder() {
    const before = this.#conversation;
    if (!before?.hasOlder || this.#isLoadingOlder) return;
    this.#isLoadingOlder = true;
    try {
      const more = await store.loadOlder(before);
      if (this.#conversation === before) this.#show(more);
    } finally {
      this.#isLoadingOlder = false;
    }
  }

  #show(conversation) {
    this.#conversation = conversation;
    if (conversation) this.#list.setItems(this.#items(), conversation.messageCount);
    this.#onShow(conversation);
  }

  #items() {
    if (!this.#conversation) return [];
    const { id, messages, hasOlder } = this.#conversation;
    const live = this.#turns.writingIn(id);
    const shown = live && !messages.some((message) => message.id === live.id) ? [...messages, live] : messages;
    let question = null;
    const items = shown.map((message, index) => {
      const isLive = message.id === live?.id;
      const entry = {
        key: message.id,
        message: isLive ? { ...message, content: live.content } : message,
        isLast: index === shown.length - 1,
        isLive,
        question,
        following: shown.length - 1 - index,
        isExpanded: this.#expanded.has(message.id),
        draft: this.#drafts.get(message.id),
      };
      if (message.type === 'user') question = message;
      return this.#versioned(entry);
    });
    return hasOlder ? [{ key: 'older', version: 0, isPlaceholder: true }, ...items] : items;
  }

  /** Gives an entry the version it had where it looks the same, so that it is not drawn again. */
  #versioned(entry) {
    const before = this.#entries.get(entry.key);
    const version = before && looksTheSame(before, entry) ? before.version : (before?.version ?? 0) + 1;
    const versioned = { ...entry, version };
    this.#entries.set(entry.key, versioned);
    return versioned;
  }

  #ownActions() {
    const again = () => this.#list.setItems(this.#items(), this.#conversation?.messageCount);
    return {
      expand: (id) => {
        this.#expanded.add(id);
        again();
      },
      edit: (message) => {
        this.#drafts.set(message.id, message.content);
        again();
        this.#list.reveal(message.id)?.querySelector('textarea')?.focus();
      },
      keepDraft: (id, text) => this.#drafts.set(id, text),
      cancelEdit: (id) => {
        this.#drafts.delete(id);
        again();
        this.#list.nodeOf(id)?.focus();
      },
    };
  }

  /** Ends editing a message. */
  endEdit(id) {
    this.#actions.cancelEdit(id);
  }
}

function looksTheSame(a, b) {
  const [one, other] = [a.message, b.message];
  return one.content === other.content && one.streaming === other.streaming && one.timestamp === other.timestamp
    && one.tokens?.total === other.tokens?.total && a.isLast === b.isLast && a.isLive === b.isLive
    && a.isExpanded === b.isExpanded && isEditing(a) === isEditing(b) && Boolean(a.question) === Boolean(b.question)
    && (!isEditing(a) || a.following === b.following);
}

function isEditing({ draft }) {
  return draft !== undefined;
}

function olderNode() {
  return h('div', { class: 'older' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), 'Older messages…');
}
