/** The heading of the open conversation: its title, which can be changed in place, and what can be done with it. */

import { h } from './dom.js';
import { decorate } from './icons.js';
import { counted } from './times.js';

export class Header {
  #title = document.getElementById('title');
  #subtitle = document.getElementById('subtitle');
  #counts = h('span');
  #origin = h('span');
  #forkedFrom = null;
  #actions = document.getElementById('thread-actions');
  #conversation = null;
  /** Keeps the title that is being typed, if one is. */
  #endRename = () => {};
  #onRename;
  #buttons;

  constructor({ onRename, onShare, openMenu }) {
    this.#onRename = onRename;
    const share = h('button', {
      type: 'button',
      class: 'icon',
      id: 'share',
      onclick: () => onShare(this.#conversation),
    });
    const more = h('button', {
      type: 'button',
      class: 'icon',
      id: 'thread-menu',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      onclick: () => openMenu(this.#conversation, more),
    });
    this.#buttons = [
      decorate(share, 'share', 'Share this conversation'),
      decorate(more, 'more', 'Options of this conversation'),
    ];
    this.#title.addEventListener('dblclick', () => this.rename());
  }

  /** Shows a conversation, or the same one anew: what has the focus there stays. */
  show(conversation) {
    if (conversation.id !== this.#conversation?.id) this.#endRename();
    this.#conversation = conversation;
    if (!this.#actions.hasChildNodes()) this.#actions.append(...this.#buttons);
    this.#setTitle(conversation.title);
    const { forkedFrom } = conversation;
    const tokens = conversation.totalTokens ? `, ${counted(conversation.totalTokens, 'token')}` : '';
    const count = counted(conversation.messageCount ?? conversation.messages.length, 'message');
    this.#counts.textContent = `${count}${tokens}`;
    this.#setOrigin(forkedFrom ?? null);
    if (!this.#counts.isConnected) this.#subtitle.replaceChildren(this.#counts, this.#origin);
  }

  #setOrigin(forkedFrom) {
    if (JSON.stringify(forkedFrom) === JSON.stringify(this.#forkedFrom)) return;
    this.#forkedFrom = forkedFrom;
    this.#origin.replaceChildren(...(forkedFrom ? originNodes(forkedFrom) : []));
  }

  /** Shows a page that is no conversation. */
  showPlain(title, subtitle = '') {
    this.#endRename();
    this.#conversation = null;
    this.#actions.replaceChildren();
    this.#setTitle(title);
    this.#subtitle.textContent = subtitle;
  }

  #setTitle(title) {
    // Not while somebody is typing there.
    if (!this.#title.querySelector('input')) this.#title.textContent = title;
    document.title = `${title} – conversation-store`;
  }

  focus() {
    this.#title.focus();
  }

  /** Makes the title a field: Enter keeps what is written, Escape what was there. */
  rename() {
    const conversation = this.#conversation;
    if (!conversation || this.#title.querySelector('input')) return;
    const field = h('input', { 'aria-label': 'Title', maxlength: 200, value: conversation.title });
    const finish = (isKept) => {
      if (!field.isConnected) return;
      const title = isKept && field.value.trim() ? field.value.trim() : conversation.title;
      this.#title.replaceChildren(title);
      if (title !== conversation.title) this.#onRename(conversation, title);
    };
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      event.preventDefault();
      finish(event.key === 'Enter');
      this.#title.focus();
    });
    this.#endRename = () => finish(true);
    field.addEventListener('blur', this.#endRename);
    this.#title.replaceChildren(field);
    field.select();
  }
}

/** Where a conversation was forked from: another one of the user's own, or what somebody has shared. */
function originNodes({ conversationId, messageId, title }) {
  if (!conversationId) return title ? [`, from “${title}”`] : [];
  const place = messageId ? `#/c/${conversationId}/${messageId}` : `#/c/${conversationId}`;
  return [', ', h('a', { href: place }, 'from another conversation')];
}
