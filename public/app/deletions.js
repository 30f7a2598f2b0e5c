/**
 * Deleting with a way back: a conversation leaves the screen at once, and is deleted when nobody has taken that back.
 * Deletion is for good, on all devices, so there would be no way back from it.
 */

import { attempt } from './problems.js';
import { store } from './store.js';
import { toast } from './toasts.js';

export class Deletions {
  #waiting = new Map();
  #onHide;
  #onShow;
  #onDone;

  /** `onHide(conversation)` when one leaves the screen, `onShow(conversation)` when it comes back, `onDone(conversation)`
   * when it is deleted. */
  constructor({ onHide, onShow, onDone }) {
    this.#onDone = onDone;
    this.#onHide = onHide;
    this.#onShow = onShow;
    // Whoever goes has not taken it back.
    addEventListener('pagehide', () => {
      for (const dismiss of this.#waiting.values()) dismiss();
    });
  }

  delete(conversation) {
    const { id, title } = conversation;
    if (this.#waiting.has(id)) return;
    this.#onHide(conversation);
    const finish = () => {
      this.#waiting.delete(id);
      attempt(() => store.deleteConversation(id)).then((isDone) => {
        if (isDone) this.#onDone(conversation);
        else this.#onShow(conversation);
      });
    };
    const takeBack = () => {
      this.#waiting.delete(id);
      this.#onShow(conversation);
    };
    const dismiss = toast(`“${title}” deleted.`, { action: 'Undo', onAction: takeBack, onGone: finish });
    this.#waiting.set(id, dismiss);
  }
}
