/**
 * Deleting with a way back, also without the server: a conversation leaves the screen at once, and is deleted when nobody has
 * taken that back. From then on it is in the trash.
 */

import { attempt } from './error-messages.js';
import { store } from './store.js';
import { toast } from './toasts.js';

/** What was to be deleted by a page that is gone: a page that goes has no time to do it itself. Ids, each with the time from which
 * on a change is of somebody who wants it kept. */
const KEY = 'deletions-left';

export class Deletions {
  /** What has left the screen and is not deleted yet. */
  #hidden = new Map();
  /** Of those that can be taken back, what makes the notice go away. */
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
      const left = [...this.#hidden.values()].map(({ id, updatedAt }) => ({ id, at: sinceWhen(updatedAt) }));
      write([...read(), ...left]);
      for (const dismiss of [...this.#waiting.values()]) dismiss();
    });
  }

  delete(conversation) {
    const { id, title } = conversation;
    if (this.#hidden.has(id)) return;
    this.#hidden.set(id, conversation);
    this.#onHide(conversation);
    const finish = () => {
      this.#waiting.delete(id);
      const done = attempt(() => store.deleteConversation(id)).then((isDone) => {
        this.#running.delete(done);
        this.#hidden.delete(id);
        if (isDone) this.#onDone(conversation);
        else this.#onShow(conversation);
      });
      this.#running.add(done);
    };
    const takeBack = () => {
      this.#waiting.delete(id);
      this.#hidden.delete(id);
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

/** Deletes what the page before was to delete, but for what was changed since: another tab may do so at this moment. */
export async function finishDeletions() {
  for (const { id, at } of read()) {
    await store.deleteConversation(id, { ifUnchangedSince: at });
    forgetDeletion(id);
  }
}

/** A conversation is not to be deleted any more: it is, or somebody has restored it. */
export function forgetDeletion(id) {
  // Other tabs may have added some.
  write(read().filter((one) => one.id !== id));
}

/** Now, or by the conversation's own time: another device's clock may be ahead. */
function sinceWhen(updatedAt) {
  return Math.max(Date.now(), Date.parse(updatedAt));
}

function read() {
  try {
    const left = JSON.parse(localStorage.getItem(KEY)) ?? [];
    // Earlier releases have left ids alone, which do not tell what was written since.
    return left.filter(({ id }) => id);
  } catch {
    return [];
  }
}

function write(left) {
  try {
    if (left.length > 0) localStorage.setItem(KEY, JSON.stringify(left));
    else localStorage.removeItem(KEY);
  } catch {
    // Full or forbidden: what was not deleted is there to be deleted again.
  }
}
