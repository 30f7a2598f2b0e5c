/** The field in which messages are written. What is written stays with its conversation until it is sent. */

import { decorate } from './icons.js';

export class Composer {
  #form = document.getElementById('composer');
  /** @type {HTMLTextAreaElement} */
  #field = document.querySelector('#composer-text');
  /** @type {HTMLButtonElement} */
  #button = document.querySelector('#send');
  #drafts = new Map();
  #conversationId = null;
  /** What the tab does in this conversation: see `Turns.stateOf()`. */
  #state = 'idle';
  #onSend;

  /** `onSend(text)` resolves with whether it is kept; `onStop()` while a reply is written, `onEditLast()` by the arrow key in an
   * empty field. */
  constructor({ onSend, onStop, onEditLast }) {
    this.#onSend = onSend;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#state === 'writing') onStop();
      else this.#send();
    });
    this.#field.addEventListener('input', () => this.#update());
    this.#field.addEventListener('keydown', (event) => {
      // Phones have no Shift key to make a new line with.
      const isSend =
        event.key === 'Enter' && !event.shiftKey && !event.isComposing && !matchMedia('(pointer: coarse)').matches;
      if (isSend) {
        event.preventDefault();
        this.#send();
      }
      if (event.key === 'ArrowUp' && this.#field.value === '') {
        event.preventDefault();
        onEditLast();
      }
    });
    this.#update();
  }

  /** Turns to another conversation; null is one that is not begun yet. */
  open(conversationId) {
    this.#drafts.set(this.#conversationId, this.#field.value);
    this.#conversationId = conversationId;
    this.#write(conversationId, this.#drafts.get(conversationId) ?? '');
  }

  /** What is written for these conversations goes with them. */
  forget(conversationIds) {
    for (const id of conversationIds) this.#write(id, '');
  }

  /** The conversation that was not begun yet has this id from now on; what is in the field is for it. */
  begin(conversationId) {
    this.#conversationId = conversationId;
  }

  /** What the tab does in this conversation: only where that is nothing, messages are sent. */
  setState(state) {
    this.#state = state;
    this.#form.setAttribute('aria-busy', String(state === 'busy'));
    this.#update();
  }

  setVisible(isVisible) {
    this.#form.hidden = !isVisible;
  }

  focus() {
    this.#field.focus();
  }

  async #send() {
    const text = this.#field.value;
    const conversationId = this.#conversationId;
    if (this.#state !== 'idle' || text.trim() === '') return;
    this.#write(conversationId, '');
    if (await this.#onSend(text)) return;
    // It could not even be kept here: then it is not thrown away, and neither is what has been written there since.
    const texts = [text, this.#written(conversationId)];
    this.#write(conversationId, texts.filter(Boolean).join('\n'));
  }

  /** What is written for a conversation. */
  #written(conversationId) {
    return conversationId === this.#conversationId ? this.#field.value : this.#drafts.get(conversationId);
  }

  #write(conversationId, text) {
    this.#drafts.set(conversationId, text);
    if (conversationId !== this.#conversationId) return;
    this.#field.value = text;
    this.#update();
  }

  #update() {
    const isEmpty = this.#field.value.trim() === '';
    const isWriting = this.#state === 'writing';
    if (isWriting) decorate(this.#button, 'stop', 'Stop writing');
    else decorate(this.#button, 'send', 'Send message');
    this.#button.disabled = !isWriting && (isEmpty || this.#state === 'busy');
  }
}
