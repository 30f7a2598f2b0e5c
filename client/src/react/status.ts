/** Hooks for the sync status, and for writes that have not reached the server. */

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';

import type { HybridConversationStore, RefusedWrite, StoreStatus } from '../index.js';
import { useConversationStore } from './context.js';
import { useLatest } from './latest.js';

/** How the store is doing. */
export function useSyncStatus(): StoreStatus {
  const store = useConversationStore<unknown>();
  const { subscribe, read } = useMemo(() => statusOf(store), [store]);
  return useSyncExternalStore(subscribe, read, read);
}

/** `store.status` is a new object each time; a snapshot has to be the same one until it says something else. */
function statusOf(store: HybridConversationStore<unknown>) {
  let last = store.status;
  const read = () => {
    const now = store.status;
    const names = Object.keys(now) as (keyof StoreStatus)[];
    if (names.some((name) => now[name] !== last[name])) last = now;
    return last;
  };
  return { read, subscribe: (listener: () => void) => store.on('status', listener) };
}

export interface Outbox {
  /** Conversations with something to send. */
  readonly pending: number;
  /** What the server refused for good, and the losing sides of conflicts, newest first: nothing of it is lost. */
  readonly refused: readonly RefusedWrite[];
  /** Sends now what waits; rejects with the reason why that is not possible. */
  readonly retry: () => Promise<void>;
  /** Forgets a refused write, by its `key`. */
  readonly discard: (key: number) => Promise<void>;
}

const NOTHING: readonly RefusedWrite[] = Object.freeze([]);

/** What has not reached the server. */
export function useOutbox(): Outbox {
  const store = useConversationStore<unknown>();
  const { pending, refused: count } = useSyncStatus();
  const [refused, setRefused] = useState(NOTHING);
  // Read again when their count changes.
  const newest = useLatest();
  useEffect(() => newest(store.refusedWrites(), setRefused), [store, count, newest]);
  const retry = useCallback(() => store.flush(), [store]);
  const discard = useCallback((key: number) => store.discardRefused(key), [store]);
  return { pending, refused, retry, discard };
}
