/** The live query for a search, which combines the results of the device with those of the server. */

import { StoreError } from './errors.js';
import type { EventBus } from './event-bus.js';
import { LiveQuery } from './live-query.js';
import { same } from './local/fields.js';
import type { SearchRun } from './search/search-run.js';
import type { Search } from './search/search.js';
import type { ChangeEvent, LiveSearchOptions, SearchFindings, SearchResult } from './types.js';

/** What searches, once the store is open and the search is loaded. */
export interface SearchSource {
  events: EventBus<{ change: ChangeEvent; opened: undefined; 'user-changed': undefined }>;
  loadSearch(): Promise<Search>;
}

/** The most results, and of one conversation, where nobody says how many. */
const [MOST, PER_CONVERSATION] = [50, 3];

const NOTHING: SearchFindings = Object.freeze({
  results: Object.freeze([]),
  scope: 'device',
  isComplete: true,
  hasMore: false,
  indexed: null,
});

/** What is found for a text: what this device has at once, and what the server adds when it comes. */
export class LiveSearch extends LiveQuery<SearchFindings> {
  readonly #loadMore: () => Promise<void>;

  constructor(source: SearchSource, text: string, options: LiveSearchOptions, onIdle: () => void) {
    const { limit = MOST, perConversation = PER_CONVERSATION } = options;
    let changed: (() => void) | null = null;
    let run: SearchRun | null = null;
    const end = () => {
      run?.end();
      run = null;
    };
    super({
      async read() {
        if (text.trim() === '') return NOTHING;
        const search = await source.loadSearch();
        // Nobody wants it any more: what is shown stays.
        if (!changed) throw new StoreError('closed', 'The search was ended.');
        run ??= search.begin(text, { limit, perConversation }, () => changed?.());
        return run.read();
      },
      watch(callback) {
        changed = callback;
        const reopened = () => {
          end();
          callback();
        };
        const stops = [source.events.on('change', callback), source.events.on('opened', reopened)];
        return () => {
          changed = null;
          for (const stop of stops) stop();
          end();
        };
      },
      reuse: reuseFindings,
      onIdle,
    });
    this.#loadMore = async () => run?.more();
  }

  /** Lets the server look further, where there is more to look through. */
  async loadMore(): Promise<void> {
    await this.#loadMore();
  }
}

function reuseFindings(before: SearchFindings, next: SearchFindings): SearchFindings {
  const known = new Map(before.results.map((result) => [keyOf(result), result]));
  const results = next.results.map((result) => known.get(keyOf(result)) ?? result);
  const { length } = before.results;
  const isSame = results.length === length && results.every((result, at) => result === before.results[at]);
  const found = { ...next, results: isSame ? before.results : results };
  return isSame && same({ ...before, results: null }, { ...found, results: null }) ? before : found;
}

/** Where the excerpt is the same, so are its marks: it is the same text that is searched for. */
function keyOf({ conversationId, messageId, title, at, excerpt }: SearchResult) {
  return [conversationId, messageId, title, at, excerpt].join('\n');
}
