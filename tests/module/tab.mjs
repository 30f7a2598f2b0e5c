/** A tab of a browser in the module's tests. */

import { HybridConversationStore } from '../../public/conversation-store.js';
import { API } from './network.mjs';

/** A tab, and the events of its store. */
export class Tab {
  store;
  events = [];
  #watchers = new Set();
  #isVisible = true;
  #browser;

  constructor(browser, { environment, ...options }) {
    this.#browser = browser;
    this.store = new HybridConversationStore({
      api: API,
      ...options,
      environment: {
        ...browser.environment,
        page: {
          isVisible: () => this.#isVisible,
          isOnline: () => browser.network.isOnline,
          watch: (callback) => {
            this.#watchers.add(callback);
            return () => this.#watchers.delete(callback);
          },
        },
        ...environment,
      },
    });
    for (const name of ['change', 'status', 'conflict', 'refused', 'progress']) {
      this.store.on(name, (event) => this.events.push({ name, ...event }));
    }
  }

  of(name) {
    return this.events.filter((event) => event.name === name);
  }

  hide() {
    this.#isVisible = false;
    this.#tell('leaving');
  }

  show() {
    this.#isVisible = true;
    this.#tell('visibility');
  }

  /** It was in view, and is used again. */
  focus() {
    this.#tell('focus');
  }

  networkChanged() {
    this.#tell('online');
  }

  #tell(event) {
    for (const callback of this.#watchers) callback(event);
  }

  /** The tab is gone from one moment to the next, without a word. */
  async crash() {
    this.#watchers.clear();
    await this.store.close();
  }

  async goOffline() {
    this.#browser.network.goOffline();
    this.networkChanged();
  }

  async goOnline() {
    this.#browser.network.goOnline();
    this.networkChanged();
  }
}
