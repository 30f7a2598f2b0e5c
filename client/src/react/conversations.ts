/** Hooks for the list of conversations, a single conversation, and its messages. */

import { useCallback, useMemo, useState } from 'react';

import type { Conversation, ConversationMessage, ConversationSummary, ListQuery, LiveState } from '../index.js';
import { useConversationStore } from './context.js';
import { useLiveQuery } from './live-query.js';

export interface ConversationsState<Time = string> extends LiveState<readonly ConversationSummary<Time>[]> {
  /** Whether there are more than `limit` has let through so far. */
  readonly hasMore: boolean;
  /** Shows as many more as `limit` says. */
  readonly loadMore: () => void;
}

/** The list of conversations, last changed first: from the device, kept up to date. */
export function useConversations<Time = string>(query: ListQuery = {}): ConversationsState<Time> {
  const store = useConversationStore<Time>();
  const { archived, pinned, tag, limit = Infinity } = query;
  const [pages, setPages] = useState(1);
  const wanted = limit * pages;
  // One more than is shown tells whether there are more.
  const live = useMemo(
    () => store.liveList({ archived, pinned, tag, ...(wanted < Infinity && { limit: wanted + 1 }) }),
    [store, archived, pinned, tag, wanted],
  );
  const { data, isLoading, error } = useLiveQuery(live);
  const shown = useMemo(() => data?.slice(0, wanted), [data, wanted]);
  const loadMore = useCallback(() => setPages((before) => before + 1), []);
  return { data: shown, isLoading, error, hasMore: (data?.length ?? 0) > wanted, loadMore };
}

/** A conversation with its newest messages, kept up to date; data is null where there is none of this id, or no id. */
export function useConversation<Time = string>(id: string | null): LiveState<Conversation<Time> | null> {
  return useLiveQuery(useLiveConversation<Time>(id));
}

export interface MessagesState<Time = string> extends LiveState<readonly ConversationMessage<Time>[]> {
  /** Whether there are older messages than these. */
  readonly hasOlder: boolean;
  /** Adds a page of older messages. */
  readonly loadOlder: () => Promise<void>;
}

const NONE: readonly never[] = Object.freeze([]);

/** The messages of a conversation in reading order, this tab's unsent ones among them; none where there is no such one. */
export function useMessages<Time = string>(id: string | null): MessagesState<Time> {
  const live = useLiveConversation<Time>(id);
  const { data, isLoading, error } = useLiveQuery(live);
  const loadOlder = useCallback(() => live.loadOlder(), [live]);
  const messages = data === undefined ? undefined : (data?.messages ?? NONE);
  return { data: messages, isLoading, error, hasOlder: data?.hasOlder ?? false, loadOlder };
}

/** Of the same conversation while the component asks for it: one that nobody listens to is forgotten by the store. */
function useLiveConversation<Time>(id: string | null) {
  const store = useConversationStore<Time>();
  return useMemo(() => store.liveConversation(id), [store, id]);
}
