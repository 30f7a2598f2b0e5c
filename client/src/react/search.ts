/** The hook that searches while the user types. */

import { useState, useSyncExternalStore } from 'react';

import type { LiveSearchOptions, SearchFindings, SearchResult } from '../index.js';
import { useConversationStore } from './context.js';

export interface SearchState {
  /** What was found for the newest text that something has been found for; undefined before the first. */
  readonly data: readonly SearchResult[] | undefined;
  /** Whether `data` is not yet all of that of the text. */
  readonly isSearching: boolean;
  /** `device`: only this device was searched. `everything`: the server, too. */
  readonly scope: SearchFindings['scope'];
  /** Whether the server has more to look through. */
  readonly hasMore: boolean;
  /** How many conversations the server has prepared for searching; null where only the device was searched. See `SearchFindings`. */
  readonly indexed: SearchFindings['indexed'];
  /** Lets the server look further. */
  readonly loadMore: () => Promise<void>;
  readonly error: Error | null;
}

const NOTHING: SearchState = {
  data: Object.freeze([]),
  isSearching: false,
  scope: 'device',
  hasMore: false,
  indexed: null,
  loadMore: async () => {},
  error: null,
};

/** Searches as the user types: this device at once, and what only the server has when it comes. */
export function useSearch(text: string, options: LiveSearchOptions = {}): SearchState {
  const store = useConversationStore<unknown>();
  // A space behind it says that its last word is whole.
  const words = text.trimStart();
  const live = store.liveSearch(words, options);
  const { subscribe, getSnapshot, getServerSnapshot } = live;
  const { data, error } = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  const [before, setBefore] = useState<SearchFindings>();
  // What was found for the text before is shown until there is something for this one.
  const shown = words === '' ? undefined : (data ?? before);
  if (shown !== before) setBefore(shown);
  if (words === '') return NOTHING;
  const { results, scope = 'device', indexed = null } = shown ?? {};
  const hasMore = data?.hasMore ?? false;
  const loadMore = () => live.loadMore();
  return { data: results, isSearching: !data?.isComplete, scope, hasMore, indexed, loadMore, error };
}
