/** The provider through which hooks find their store. */

import { createContext, createElement, useContext, type ReactNode } from 'react';

import type { HybridConversationStore } from '../index.js';

/** What the hooks read from. The times it gives back are of a type of its own choosing. */
// biome-ignore lint/suspicious/noExplicitAny: a context has one type, whatever `readTime` of its store gives.
type AnyStore = HybridConversationStore<any>;

const StoreContext = createContext<AnyStore | null>(null);

export interface ConversationStoreProviderProps {
  /**
   * The store of all components below. Make one for the page, outside of components, or one per request on a server. The
   * provider neither opens nor closes it.
   */
  store: AnyStore;
  children?: ReactNode;
}

/** Gives the hooks below it their store. */
export function ConversationStoreProvider({ store, children }: ConversationStoreProviderProps) {
  return createElement(StoreContext.Provider, { value: store }, children);
}

/** The store of the nearest provider: for what changes something. */
export function useConversationStore<Time = string>(): HybridConversationStore<Time> {
  const store = useContext(StoreContext);
  if (!store) throw new Error('Hooks of conversation-store need a ConversationStoreProvider above them.');
  return store;
}
