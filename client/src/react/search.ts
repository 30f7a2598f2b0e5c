import { useEffect, useState } from 'react';

import type { SearchResult } from '../index.js';
import { useConversationStore } from './context.js';
import { useLatest } from './latest.js';

export interface SearchState {
  /** What was found for the newest text that has been searched for; undefined before the first. */
  readonly data: readonly SearchResult[] | undefined;
  /** Whether `data` is not yet that of the text. */
  readonly isSearching: boolean;
  readonly error: Error | null;
}

const EMPTY: readonly SearchResult[] = Object.freeze([]);
const NOTHING: SearchState = { data: EMPTY, isSearching: false, error: null };

interface Found {
  text: string;
  data?: readonly SearchResult[];
  error: Error | null;
}

/** Searches the conversations on this device as the user types: of two texts, the result of the newer one is shown. */
export function useSearch(text: string, { limit }: { limit?: number } = {}): SearchState {
  const store = useConversationStore<unknown>();
  const [found, setFound] = useState<Found>({ text: '', error: null });
  const latest = useLatest();
  const words = text.trim();
  useEffect(() => {
    if (words === '') return undefined;
    const take = (data: readonly SearchResult[]) => setFound({ text: words, data, error: null });
    const fail = (error: unknown) => setFound((before) => ({ ...before, text: words, error: error as Error }));
    return latest(store.search(words, limit === undefined ? {} : { limit }), take, fail);
  }, [store, words, limit, latest]);
  if (words === '') return NOTHING;
  return { data: found.data, isSearching: found.text !== words, error: found.error };
}
