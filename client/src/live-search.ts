import { StoreError } from './errors.js';
import type { EventBus } from './event-bus.js';
import { LiveQuery } from './live-query.js';
import type { Search, SearchRun } from './search/search.js';
import type { ChangeEvent, LiveSearchOptions, SearchFindings, SearchResult } from './types.js';

/** What is found for a text: what this device has at once, and what the server adds when it comes. */
export type LiveSearch = LiveQuery<SearchFindings>;

/** What searches, once the store is open and the search is loaded. */
export interface SearchSource {
  events: EventBus<{ change: ChangeEvent; opened: undefined }>;
  loadSearch(): Promise<Search>;
}

/** The most results, and of one conversation, where nobody says how many. */
const [MOST, PER_CONVERSATION] = [50, 3];

const NOTHING: SearchFindings = Object.freeze({ results: Object.freeze([]), scope: 'device', isComplete: true });

export function createLiveSearch(
  { events, loadSearch }: SearchSource,
  text: string,
  { limit = MOST, perConversation = PER_CONVERSATION }: LiveSearchOptions,
  onIdle: () => void,
): LiveSearch {
  let changed: (() => void) | null = null;
  let run: SearchRun | null = null;
  const end = () => {
    run?.end();
    run = null;
  };
  return new LiveQuery<SearchFindings>({
    async read() {
      if (text.trim() === '') return NOTHING;
      const search = await loadSearch();
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
      const stops = [events.on('change', callback), events.on('opened', reopened)];
      return () => {
        changed = null;
        for (const stop of stops) stop();
        end();
      };
    },
    reuse: reuseFindings,
    onIdle,
  });
}

function reuseFindings(before: SearchFindings, next: SearchFindings): SearchFindings {
  const known = new Map(before.results.map((result) => [JSON.stringify(result), result]));
  const results: SearchResult[] = next.results.map((result) => known.get(JSON.stringify(result)) ?? result);
  const isSame =
    results.length === before.results.length && results.every((result, at) => result === before.results[at]);
  const shared = isSame ? { ...next, results: before.results } : { ...next, results };
  return isSame && next.scope === before.scope && next.isComplete === before.isComplete ? before : shared;
}
