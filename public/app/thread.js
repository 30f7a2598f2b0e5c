/** The conversation that is open: its messages, the newest first loaded, older ones as the reader gets there. */

import { debounce, h } from './dom.js';
import { messageNode } from './message-view.js';
import { Opening } from './opening.js';
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
  #opening = new Opening(null, () => {});
  #entries = new Map();
  /** What is written in editors of messages: by message, of the conversation that is open; and by conversation, of all. */
  #drafts = new Map();
  #draftsOfAll = new Map();
  #expanded = new Set();
  #streamingReplies = new StreamingReplies(() => this.#draw());
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
      onReachStart: () => this.#opening.loadOlder(),
    });
  }

  /** What is open: after each wait it is asked whether it is still shown. */
  get opening() {
    return this.#opening;
  }

  get conversation() {
    return this.#opening.conversation;
  }

  get list() {
    return this.#list;
  }

  /** Opens a conversation, which is to be read then; null closes the one that is open. */
  open(id) {
    this.#opening.end();
    this.#opening = new Opening(id, (conversation) => this.#show(conversation));
    this.#drafts = this.#draftsOf(id);
    this.#entries.clear();
    this.#expanded.clear();
    this.#list.reset([]);
    this.#setBusy(id !== null);
    return this.#opening;
  }

  #setBusy(isBusy) {
    if (isBusy) this.#viewport.setAttribute('aria-busy', 'true');
    else this.#viewport.removeAttribute('aria-busy');
  }

  /** What is being edited in these conversations goes with them. */
  forget(conversationIds) {
    for (const id of conversationIds) this.#draftsOfAll.delete(id);
  }

  /** They wait for the conversation to be opened again. */
  #draftsOf(conversationId) {
    const drafts = this.#draftsOfAll.get(conversationId) ?? new Map();
    this.#draftsOfAll.set(conversationId, drafts);
    return drafts;
  }

  /** Reads the newest messages again, or all that are loaded. */
  refresh(options) {
    return this.#opening.refresh(options);
  }

  /** Reads the newest messages again at once, and older ones when it has been quiet: somebody else has changed something,
   * and it is seldom there. */
  async refreshForeign() {
    this.#refreshAllSoon();
    await this.refresh();
  }

  /** Shows a reply that grows in this tab. */
  grow(conversationId) {
    if (this.#opening.id === conversationId) this.#draw();
  }

  /** Loads as far back as a message and shows it. Returns whether the branch that is shown has it. */
  async reveal(messageId) {
    const opening = this.#opening;
    const isLoaded = () => opening.conversation?.messages.some((message) => message.id === messageId);
    while (!isLoaded() && (await opening.loadOlder()));
    if (!opening.isShown) return true;
    const node = this.#list.reveal(messageId, 'centre');
    node?.classList.add('is-found');
    node?.focus({ preventScroll: true });
    return isLoaded();
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
    const own = this.conversation?.messages.findLast((message) => message.type === 'user');
    if (own) this.#actions.edit(own);
  }

  #show(conversation) {
    this.#setBusy(false);
    if (conversation) this.#draw();
    this.#onShow(conversation);
  }

  #draw() {
    this.#list.setItems(this.#items(), this.conversation?.messageCount);
  }

  #items() {
    const { id, conversation } = this.#opening;
    if (!conversation) return [];
    const { messages, hasOlder } = conversation;
    const live = this.#turns.writingIn(id);
    // It may be of a branch that is not shown any more.
    const isNext = live && live.parentId === messages.at(-1)?.id;
    const shown = isNext ? [...messages, live] : messages;
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
        // It may be under way: by the arrow key one comes back to it.
        if (!this.#drafts.has(message.id)) this.#drafts.set(message.id, message.content);
        this.#draw();
        this.#list.reveal(message.id)?.querySelector('textarea')?.focus();
      },
      keepDraft: (id, text) => this.#drafts.set(id, text),
      cancelEdit: (id) => this.endEdit(this.#opening, id),
    };
  }

  /** Ends editing a message, also where something else is open by now. */
  endEdit(opening, id) {
    const { id: conversationId, isShown } = opening;
    const drafts = isShown ? this.#drafts : this.#draftsOfAll.get(conversationId);
    drafts?.delete(id);
    this.#draw();
    if (isShown) this.#list.nodeOf(id)?.focus();
  }
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
