/** A list of conversations that the server returns page by page, with actions for each. */

import { h } from './dom.js';
import { describe } from './error-messages.js';

/**
 * A list in a view: `read(cursor)` gives a page, `line(conversation)` its node, `nothing` is said where there is none.
 * `remove(node)` takes a line away and keeps the focus near.
 */
export class ListedConversations {
  #read;
  #line;
  #nothing;
  #list;
  #note = h('p', { class: 'nothing', role: 'status' });
  #more = h('button', { type: 'button', class: 'quiet', onclick: () => this.load() }, 'Show more');
  #cursor = null;
  #loading = null;
  /** Raised when the list is emptied: what was asked for before is not shown any more. */
  #generation = 0;

  constructor({ id, read, line, nothing }) {
    this.#read = read;
    this.#line = line;
    this.#nothing = nothing;
    this.#list = h('ul', { class: 'entries', id });
    this.#more.hidden = true;
  }

  get nodes() {
    return [this.#note, this.#list, this.#more];
  }

  get isEmpty() {
    return this.#list.children.length === 0;
  }

  /** Reads the next page, once however often it is asked for. */
  load() {
    this.#loading ??= this.#loadPage().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #loadPage() {
    const generation = this.#generation;
    this.#note.textContent = this.isEmpty ? 'Asking…' : '';
    try {
      const { conversations, nextCursor } = await this.#read(this.#cursor);
      if (generation !== this.#generation) return;
      this.#cursor = nextCursor;
      this.#more.hidden = nextCursor === null;
      this.#list.append(...conversations.map((conversation) => this.#line(conversation)));
      this.#showNothing();
    } catch (error) {
      this.#note.textContent = describe(error);
    }
  }

  remove(node) {
    const hadFocus = node.contains(document.activeElement) || document.activeElement === document.body;
    const near = node.nextElementSibling ?? node.previousElementSibling;
    node.remove();
    this.#showNothing();
    if (!hadFocus) return;
    const next = near?.querySelector('button') ?? this.#list.closest('[tabindex]');
    if (next instanceof HTMLElement) next.focus();
  }

  clear() {
    this.#generation += 1;
    this.#list.replaceChildren();
    this.#more.hidden = true;
    this.#showNothing();
  }

  #showNothing() {
    const isNothing = this.isEmpty && this.#more.hidden;
    this.#note.textContent = isNothing ? this.#nothing : '';
    this.#note.hidden = !isNothing;
  }
}
