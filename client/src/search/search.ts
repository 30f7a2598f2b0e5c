/** The search of an open store: this device at once, and the server when it answers. */

import type { LocalTransaction } from '../local/database.js';
import type { OpenStore } from '../open.js';
import type { SearchFindings, SearchResult } from '../types.js';
import { DeviceSearch } from './device-search.js';
import { searchServer, type ServerResults } from './server-search.js';

export interface SearchOptions {
  /** At most so many results. */
  limit: number;
  /** At most so many of one conversation. */
  perConversation: number;
}

/** The server is not asked before nobody has typed for so long, ms. */
const QUIET = 250;

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

/** One text that is searched for, for as long as somebody looks at the results. */
export class SearchRun {
  readonly changed: () => void;
  readonly #search: Search;
  readonly #text: string;
  readonly #options: SearchOptions;
  readonly #ended: () => void;
  readonly #controller = new AbortController();
  readonly #stopWatching: () => void;
  #timer: unknown;
  /** Undefined: not asked yet; null: it could not be asked, or cannot search. */
  #server: ServerResults | 'asked' | null | undefined;

  constructor(search: Search, text: string, options: SearchOptions, changed: () => void, ended: () => void) {
    this.#search = search;
    this.#text = text;
    this.#options = options;
    this.changed = changed;
    this.#ended = ended;
    const { bus } = search.store;
    this.#stopWatching = bus.on('status', () => this.#onStatus());
    this.#askSoon();
  }

  async read(): Promise<SearchFindings> {
    const { results: here, isIndexing } = await this.#search.searchIndexed(this.#text, this.#options);
    const server = this.#server;
    const isAsked = server === 'asked';
    const there = server && server !== 'asked' ? server : null;
    const results = there ? await this.#merge(here, there.results) : here;
    return {
      results,
      scope: there ? 'everything' : 'device',
      isComplete: !isIndexing && !isAsked && (there?.isComplete ?? true),
    };
  }

  end() {
    this.#stopWatching();
    this.#search.store.environment.clock.clearTimeout(this.#timer);
    this.#controller.abort();
    this.#ended();
  }

  /** The server can be reached again. */
  #onStatus() {
    if (this.#server === undefined && this.#search.store.mayAsk()) this.#askSoon();
  }

  #askSoon() {
    const { environment, mayAsk } = this.#search.store;
    if (this.#text.trim() === '' || !mayAsk()) return;
    this.#server = 'asked';
    this.#timer = environment.clock.setTimeout(() => void this.#ask(), QUIET);
  }

  async #ask() {
    const { signal } = this.#controller;
    try {
      this.#server = await searchServer(this.#search.store, this.#text, this.#options.limit, signal);
    } catch {
      // Away: it is asked when it is back.
      this.#server = undefined;
    }
    if (!signal.aborted) this.changed();
  }

  /** What the server adds comes behind what is here: what is on the screen stays where it is. */
  async #merge(here: readonly SearchResult[], there: readonly SearchResult[]): Promise<SearchResult[]> {
    const { database } = this.#search.store;
    const known = new Set(here.map(keyOf));
    const added = there.filter((result) => !known.has(keyOf(result)));
    const stay = await database.run('readonly', (tx) => Promise.all(added.map((result) => isStillThere(tx, result))));
    return [...here, ...added.filter((_, index) => stay[index])].slice(0, this.#options.limit);
  }
}

function keyOf({ conversationId, messageId }: SearchResult) {
  return `${conversationId}/${messageId}`;
}

/** What was deleted here the server may not know yet. */
async function isStillThere(tx: LocalTransaction, { conversationId, messageId }: SearchResult) {
  const record = await tx.get('conversations', conversationId);
  if (record?.deleted) return false;
  return messageId === null || !(await tx.get('messages', [conversationId, messageId]))?.removed;
}
