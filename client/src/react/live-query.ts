/** The hook that subscribes a component to a live query. */

import { useSyncExternalStore } from 'react';

import type { LiveQuery, LiveState } from '../index.js';

/**
 * What a live query of a store has, kept up to date. Needs no provider:
 * `useLiveQuery(store.liveList())`, `useLiveQuery(store.liveConversation(id))`.
 */
export function useLiveQuery<Data>({ subscribe, getSnapshot, getServerSnapshot }: LiveQuery<Data>): LiveState<Data> {
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}
