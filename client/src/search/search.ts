/** The search of an open store: this device at once, and the server when it answers. */

import type { OpenStore } from '../open.js';
import type { SearchResult } from '../types.js';
import { DeviceSearch } from './device-search.js';
import { SearchRun } from './search-run.js';

export interface SearchOptions {
  /** At most so many results. */
  limit: number;
  /** At most so many of one conversation. */
  perConversation: number;
}

export class Search {
  readonly store: OpenStore;
  readonly #device: DeviceSearch;
  readonly #runs = new Set<SearchRun>();

  constructor(store: OpenStore) {
    this.store = store;
    this.#device = new DeviceSearch(store.database, () => {
      for (const run of this.#runs) run.changed();
    });
  }

  /** Loads the index, and brings it up to date. */
  async prepare() {
    await this.#device.search({ text: '', limit: 0, perConversation: 0, isComplete: true });
  }

  /** All that this device has. */
  async searchDevice(text: string, options: SearchOptions): Promise<SearchResult[]> {
    return (await this.#device.search({ text, ...options, isComplete: true })).results;
  }

  /** What this device has so far. */
  searchIndexed(text: string, options: SearchOptions) {
    return this.#device.search({ text, ...options, isComplete: false });
  }

  /** Begins a search that goes on until it is ended. `changed` is called when there may be more to read. */
  begin(text: string, options: SearchOptions, changed: () => void): SearchRun {
    const run = new SearchRun(this, text, options, changed, () => this.#runs.delete(run));
    this.#runs.add(run);
    return run;
  }

  close() {
    for (const run of [...this.#runs]) run.end();
    this.#device.close();
  }
}
