/** One opening of a conversation: what is read of it, until something else is opened in its place. */

import { store } from './store.js';

export class Opening {
  /** As far as it is read; null before, and where there is no such conversation. */
  conversation = null;
  #isShown = true;
  #onRead;
  #reading = Promise.resolve();
  #refreshing = null;
  #loadingOlder = null;
  #isStale = false;
  #isAllStale = false;

  /** `id` is null where no conversation is open; `onRead(conversation)` is called while this is shown, with null where it is gone. */
  constructor(id, onRead) {
    this.id = id;
    this.#onRead = onRead;
  }

  /** Whether nothing else has been opened since. To be asked after whatever is waited for. */
  get isShown() {
    return this.#isShown;
  }

  /** Something else is opened: what is read from now on is not shown. */
  end() {
    this.#isShown = false;
  }

  /** Reads the newest messages for the first time. */
  read() {
    const reading = this.#readNewest();
    this.#reading = reading.catch(() => {});
    return reading;
  }

  async #readNewest() {
    try {
      this.#show(await store.getConversation(this.id));
    } catch (error) {
      if (this.#isShown) throw error;
    }
  }

  /** Reads the newest messages again, or all that are loaded. Calls while it does so are one more time. */
  async refresh({ all = false } = {}) {
    this.#isStale = true;
    this.#isAllStale ||= all;
    this.#refreshing ??= this.#readAgain().finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  async #readAgain() {
    await this.#reading;
    while (this.#isStale && this.#isShown && this.conversation) {
      const all = this.#isAllStale;
      [this.#isStale, this.#isAllStale] = [false, false];
      const newest = await store.getConversation(this.id);
      const fresh = all ? await this.#readOlder(newest) : newest;
      this.#show(all ? fresh : withOlder(fresh, this.conversation));
    }
  }

  /** As many messages as are loaded. */
  async #readOlder(newest) {
    let fresh = newest;
    while (fresh?.hasOlder && fresh.messages.length < this.conversation.messages.length) {
      fresh = await store.loadOlder(fresh);
    }
    return fresh;
  }

  /** Loads a page more, one at a time. Returns whether there was one to be had. */
  loadOlder() {
    this.#loadingOlder ??= this.#loadPage().finally(() => {
      this.#loadingOlder = null;
    });
    return this.#loadingOlder;
  }

  async #loadPage() {
    const before = this.conversation;
    if (!before?.hasOlder) return false;
    try {
      const { messages, hasOlder } = await store.loadOlder(before);
      const older = messages.slice(0, messages.length - before.messages.length);
      // It may have been read again meanwhile.
      const now = this.conversation;
      const fits = this.#isShown && now?.messages[0]?.id === before.messages[0]?.id;
      if (fits && older.length) this.#show({ ...now, messages: [...older, ...now.messages], hasOlder });
      return fits && older.length > 0;
    } catch {
      // It is gone, which the store tells as a change.
      return false;
    }
  }

  #show(conversation) {
    if (!this.#isShown) return;
    this.conversation = conversation;
    // It may have moved: then the id by which it was opened leads there.
    if (conversation) this.id = conversation.id;
    this.#onRead(conversation);
  }
}

/** The newest messages with the older ones that were known already. */
function withOlder(fresh, known) {
  const at = known.messages.findIndex((message) => message.id === fresh?.messages[0]?.id);
  if (at <= 0) return fresh;
  return { ...fresh, messages: [...known.messages.slice(0, at), ...fresh.messages], hasOlder: known.hasOlder };
}
