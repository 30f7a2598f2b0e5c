/** Finds a question without an answer, and asks it again when the server can be reached. */

import type { UseChatHelpers } from '@ai-sdk/react';
import type { UIMessage } from 'ai';
import { useEffect, useRef, useState } from 'react';
import type { HybridConversationStore } from '../../index.js';
import { useConversationStore } from '../../react/index.js';
import { useLatest } from '../../react/latest.js';
import type { Conversation } from '../../types.js';
import { isNetworkFailure } from './network-failure.js';
import { useIsReachable } from './use-is-reachable.js';

export interface Unanswered {
  isUnanswered: boolean;
  isWaiting: boolean;
}

/** Says whether the last question is answered. One that waits for a network is asked again when there is one. */
export function useUnanswered<M extends UIMessage>(
  id: string,
  { messages, status, error, clearError, regenerate }: UseChatHelpers<M>,
  conversation: Conversation<unknown> | null | undefined,
): Unanswered {
  const store = useConversationStore<unknown>();
  const isReachable = useIsReachable();
  const newest = useLatest();
  /** The question that was asked again, or need not be: if it fails now, it is left to the user. */
  const [settled, setSettled] = useState<string>();
  const isBusy = status === 'submitted' || status === 'streaming';
  const last = messages.at(-1);
  const isUnanswered = !isBusy && last?.role === 'user' && !conversation?.activeStreamId;
  const isWaiting = isUnanswered && last.id !== settled && isNetworkFailure(error);
  const waiting = isWaiting && isReachable ? last.id : undefined;
  useEffect(() => {
    if (waiting === undefined) return;
    return newest(lookFor(store, id, waiting), (found) => {
      if (found === 'no server') return;
      setSettled(waiting);
      if (found === 'no answer') void regenerate();
    });
  }, [store, id, waiting, regenerate, newest]);
  const wasWaiting = useRef(false);
  useEffect(() => {
    if (wasWaiting.current && !isUnanswered && !isBusy) clearError();
    wasWaiting.current = isWaiting;
  }, [isWaiting, isUnanswered, isBusy, clearError]);
  return { isUnanswered, isWaiting };
}

type Found = 'answer' | 'no answer' | 'no server' | 'unknown';

/** Its answer may be there, or on its way: perhaps only the way back was cut off. */
async function lookFor(store: HybridConversationStore<unknown>, id: string, question: string): Promise<Found> {
  try {
    // Where that fails for want of a server, the status tells when there is one again.
    await store.flush().catch(() => undefined);
    await store.sync();
    const conversation = await store.getConversation(id);
    const isLast = conversation?.messages.at(-1)?.id === question;
    return isLast && !conversation.activeStreamId ? 'no answer' : 'answer';
  } catch {
    return store.status.mode === 'offline' ? 'no server' : 'unknown';
  }
}
