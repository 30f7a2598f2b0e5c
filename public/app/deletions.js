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
  /** What has left the screen and is not deleted yet; of each, what is known of its last change: see `#noteChange()`. */
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
      const left = [...this.#hidden].map(([id, { at }]) => ({ id, at: Math.max(Date.now(), at) }));
      write([...read(), ...left]);
      for (const dismiss of [...this.#waiting.values()]) dismiss();
    });
    store.on('change', ({ changed, source }) => {
      for (const id of changed) this.#noteChange(id, source);
    });
  }

  delete(conversation) {
    const { id, title } = conversation;
    if (this.#hidden.has(id)) return;
    const entry = { at: Date.parse(conversation.updatedAt), reading: null, isKept: false };
    this.#hidden.set(id, entry);
    this.#noteChange(id, 'tab');
    this.#onHide(conversation);
    const show = () => {
      this.#hidden.delete(id);
      this.#onShow(conversation);
    };
    const finish = () => {
      this.#waiting.delete(id);
      const done = attempt(() => this.#deleteUnlessKept(id, entry)).then((isDone) => {
        this.#running.delete(done);
        if (entry.isKept) toast(`“${title}” stays: another tab has written in it.`);
        if (!isDone || entry.isKept) return show();
        this.#hidden.delete(id);
        this.#onDone(conversation);
      });
      this.#running.add(done);
    };
    const takeBack = () => {
      this.#waiting.delete(id);
      show();
    };
    const dismiss = toast(`“${title}” goes to the trash.`, { action: 'Undo', onAction: takeBack, onGone: finish });
    this.#waiting.set(id, dismiss);
  }

  /**
   * What another tab writes keeps a conversation. What this one writes, which may be in the middle of a reply, does not, nor does what
   * comes from the server: it only moves the time after which a change is another tab's.
   */
  #noteChange(id, source) {
    const entry = this.#hidden.get(id);
    if (!entry) return;
    if (source === 'other-tab') {
      entry.isKept = true;
      this.#waiting.get(id)?.();
      return;
    }
    const reading = store.getAllConversations().then((list) => {
      const found = list.find((one) => one.id === id);
      if (found) entry.at = Date.parse(found.updatedAt);
      if (entry.reading === reading) entry.reading = null;
    });
    // What is not known to be newer is deleted only where it is as old as what is known.
    reading.catch(() => {});
    entry.reading = reading;
  }

  /** What another tab has just written may not be heard of yet: the store does not delete that. */
  async #deleteUnlessKept(id, entry) {
    for (let at = null; at !== entry.at && !entry.isKept; ) {
      while (entry.reading) await entry.reading;
      at = entry.at;
      await store.deleteConversation(id, { ifUnchangedSince: at });
      // This tab may have written before that, and not have been asked when.
      while (entry.reading) await entry.reading;
    }
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
