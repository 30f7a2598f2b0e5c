/** The conversation that is open: its messages, the newest first loaded, older ones as the reader gets there. */

import { debounce, h } from './dom.js';
import { messageNode } from './message-view.js';
import { store } from './store.js';
import { StreamingReplies } from './streaming.js';
import { VirtualList } from './virtual-list.js';

/** A message's height until it is known, in pixels. */
const ESTIMATE = 140;

/** After so long without another change, in ms, it is quiet. */
const QUIET = 1500;

export class Thread {
  #viewport = document.getElementById('thread');
  #list;
  #actions;
  #turns;
  #onShow;
  #conversation = null;
  /** Which opening is the newest: what is read for an earlier one is not shown. */
  #opening = null;
  #entries = new Map();
  #drafts = new Map();
  #expanded = new Set();
  #streamingReplies = new StreamingReplies(() => this.#draw());
  #loadingOlder = null;
  #refreshing = null;
  #isStale = false;
  #isAllStale = false;
  #refreshAllSoon = debounce(QUIET, () => this.refresh({ all: true }).catch(() => {}));

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

  /**
   * Opens a conversation; null closes the one that is open.
   *
   * @returns the conversation; null where there is none; undefined where another one was opened before this one was read
   */
  async open(id) {
    const opening = Symbol(id);
    this.#opening = opening;
    this.#conversation = null;
    this.#entries.clear();
    this.#drafts.clear();
    this.#expanded.clear();
    this.#list.reset([]);
    this.#viewport.removeAttribute('aria-busy');
    if (id === null) return null;
    this.#viewport.setAttribute('aria-busy', 'true');
    try {
      const conversation = await store.getConversation(id);
      if (this.#opening !== opening) return undefined;
      this.#conversation = conversation;
      this.#list.reset(this.#items());
      if (conversation) this.#onShow(conversation);
      return conversation;
    } catch (error) {
      if (this.#opening !== opening) return undefined;
      throw error;
    } finally {
      if (this.#opening === opening) this.#viewport.removeAttribute('aria-busy');
    }
  }

  /** Reads the newest messages again, or all that are loaded. Calls while it does so are one more time. */
  async refresh({ all = false } = {}) {
    this.#isStale = true;
    this.#isAllStale ||= all;
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  /** Reads the newest messages again at once, and older ones when it has been quiet: somebody else has changed something,
   * and it is seldom there. */
  async refreshForeign() {
    this.#refreshAllSoon();
    await this.refresh();
  }

  async #read() {
    while (this.#isStale && this.#conversation) {
      const all = this.#isAllStale;
      [this.#isStale, this.#isAllStale] = [false, false];
      const { id } = this.#conversation;
      const newest = await store.getConversation(id);
      const fresh = all ? await this.#readOlder(newest) : newest;
      if (this.#conversation?.id !== id) return;
      this.#show(all ? fresh : withOlder(fresh, this.#conversation));
    }
  }

  /** As many messages as there are on the screen. */
  async #readOlder(newest) {
    let fresh = newest;
    while (fresh?.hasOlder && fresh.messages.length < (this.#conversation?.messages.length ?? 0)) {
      fresh = await store.loadOlder(fresh);
    }
    return fresh;
  }

  /** Shows a reply that grows in this tab. */
  grow(conversationId) {
    if (this.#conversation?.id === conversationId) this.#draw();
  }

  /** Loads as far back as a message and shows it. Returns whether the branch that is shown has it. */
  async reveal(messageId) {
    const id = this.#conversation?.id;
    const isLoaded = () => this.#conversation?.messages.some((message) => message.id === messageId);
    while (!isLoaded() && (await this.#loadOlder()));
    if (this.#conversation?.id !== id) return true;
    const node = this.#list.reveal(messageId, 'centre');
    node?.classList.add('is-found');
    node?.focus({ preventScroll: true });
    return isLoaded();
  }

  /** The id of the message before another one; null where that is the first. */
  async idBefore(messageId) {
    const at = () => this.#conversation?.messages.findIndex((message) => message.id === messageId) ?? -1;
    while (at() === 0 && (await this.#loadOlder()));
    return this.#conversation?.messages[at() - 1]?.id ?? null;
  }

  /** Gives a message the focus; one of its buttons, where it has such a one. */
  focus(messageId, css = null) {
    const node = this.#list.reveal(messageId);
    /** @type {HTMLElement | null} */
    const inner = css && node?.querySelector(css);
    (inner ?? node)?.focus({ preventScroll: true });
  }

  /** Begins to edit the last message of the user's own. */
  editLast() {
    const own = this.#conversation?.messages.findLast((message) => message.type === 'user');
    if (own) this.#actions.edit(own);
  }

  /** Loads a page more, one at a time. Returns whether there was one to be had. */
  #loadOlder() {
    this.#loadingOlder ??= this.#loadPage().finally(() => {
      this.#loadingOlder = null;
    });
    return this.#loadingOlder;
  }

  async #loadPage() {
    const before = this.#conversation;
    if (!before?.hasOlder) return false;
    try {
      const { messages, hasOlder } = await store.loadOlder(before);
      const older = messages.slice(0, messages.length - before.messages.length);
      // It may have been read again meanwhile.
      const now = this.#conversation;
      const fits = now?.id === before.id && now.messages[0]?.id === before.messages[0]?.id;
      if (fits && older.length) this.#show({ ...now, messages: [...older, ...now.messages], hasOlder });
      return fits && older.length > 0;
    } catch {
      // It is gone, which the store tells as a change.
      return false;
    }
  }

  #show(conversation) {
    this.#conversation = conversation;
    if (conversation) this.#draw();
    this.#onShow(conversation);
  }

  #draw() {
    this.#list.setItems(this.#items(), this.#conversation?.messageCount);
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
        isStreaming: isLive || this.#streamingReplies.isStreaming(message),
        question,
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
    return {
      expand: (id) => {
        this.#expanded.add(id);
        this.#draw();
      },
      edit: (message) => {
        this.#drafts.set(message.id, message.content);
        this.#draw();
        this.#list.reveal(message.id)?.querySelector('textarea')?.focus();
      },
      keepDraft: (id, text) => this.#drafts.set(id, text),
      cancelEdit: (id) => {
        this.#drafts.delete(id);
        this.#draw();
        this.#list.nodeOf(id)?.focus();
      },
    };
  }

  /** Ends editing a message. */
  endEdit(id) {
    this.#actions.cancelEdit(id);
  }
}

/** The newest messages with the older ones that were known already. */
function withOlder(fresh, known) {
  const at = known.messages.findIndex((message) => message.id === fresh?.messages[0]?.id);
  if (at <= 0) return fresh;
  return { ...fresh, messages: [...known.messages.slice(0, at), ...fresh.messages], hasOlder: known.hasOlder };
}

function isSame(one, other) {
  return one === other || (typeof one === 'object' && JSON.stringify(one) === JSON.stringify(other));
}

function looksTheSame(a, b) {
  const [one, other] = [a.message, b.message];
  return (
    isSame(one.content, other.content) &&
    isSame(one.parts, other.parts) &&
    one.streaming === other.streaming &&
    one.timestamp === other.timestamp &&
    one.tokens?.total === other.tokens?.total &&
    a.isLast === b.isLast &&
    a.isLive === b.isLive &&
    a.isStreaming === b.isStreaming &&
    a.isExpanded === b.isExpanded &&
    isEditing(a) === isEditing(b) &&
    Boolean(a.question) === Boolean(b.question) &&
    isSame(one.siblingIds ?? [], other.siblingIds ?? [])
  );
}

function isEditing({ draft }) {
  return draft !== undefined;
}

function olderNode() {
  return h('div', { class: 'older' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), 'Older messages…');
}
