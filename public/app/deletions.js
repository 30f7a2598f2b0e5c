/**
 * Deleting with a way back, also without the server: a conversation leaves the screen at once, and is deleted when nobody has
 * taken that back. From then on it is in the trash.
 */

import { attempt } from './error-messages.js';
import { store } from './store.js';
import { toast } from './toasts.js';

/** Ids of what was to be deleted by a page that is gone: a page that goes has no time to do it itself. */
const KEY = 'deletions-left';

export class Deletions {
  #waiting = new Map();
  /** Deletions on their way into the store. */
  #running = new Set();
  #onHide;
  #onShow;
  #onDone;

  /** `onHide(conversation)` when one leaves the screen, `onShow(conversation)` when it comes back, `onDone(conversation)`
   * when it is deleted. */
  constructor({ onHide, onShow, onDone }) {
    this.#onDone = onDone;
    this.#onHide = onHide;
    this.#onShow = onShow;
    // A user who leaves has not taken it back.
    addEventListener('pagehide', () => {
      write([...read(), ...this.#waiting.keys()]);
      for (const dismiss of [...this.#waiting.values()]) dismiss();
    });
  }

  delete(conversation) {
    const { id, title } = conversation;
    if (this.#waiting.has(id)) return;
    this.#onHide(conversation);
    const finish = () => {
      this.#waiting.delete(id);
      const done = attempt(() => store.deleteConversation(id)).then((isDone) => {
        this.#running.delete(done);
        if (isDone) this.#onDone(conversation);
        else this.#onShow(conversation);
      });
      this.#running.add(done);
    };
    const takeBack = () => {
      this.#waiting.delete(id);
      this.#onShow(conversation);
    };
    const dismiss = toast(`“${title}” goes to the trash.`, { action: 'Undo', onAction: takeBack, onGone: finish });
    this.#waiting.set(id, dismiss);
  }

  /** Deletes now what waits to be. */
  async flush() {
    for (const dismiss of [...this.#waiting.values()]) dismiss();
    await Promise.all(this.#running);
  }
}

/** Deletes what the page before was to delete. */
export async function finishDeletions() {
  for (const id of read()) await store.deleteConversation(id);
  write([]);
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

function write(ids) {
  try {
    if (ids.length > 0) localStorage.setItem(KEY, JSON.stringify(ids));
    else localStorage.removeItem(KEY);
  } catch {
    // Full or forbidden: what was not deleted is there to be deleted again.
  }
}
