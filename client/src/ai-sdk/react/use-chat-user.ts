/** Hooks for the user under whom a chat is opened. */

import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react';
import { codeOf } from '../../errors.js';
import { useConversationStore } from '../../react/index.js';
import { type ChatUser, userOf } from './chat-user.js';

/** Whose the data on this device are: another object for each user. */
export function useChatUser(): ChatUser {
  const store = useConversationStore<unknown>();
  const { get, subscribe } = userOf(store);
  return useSyncExternalStore(subscribe, get, get);
}

/**
 * What tells the page of errors. `useChat` ends a chat that is replaced in silence: that what was `isPending` in it ended with its
 * user is told by this, once.
 */
export function useTell(user: ChatUser, onError: ((error: Error) => void) | undefined) {
  const isPending = useRef(false);
  const latest = useRef(onError);
  latest.current = onError;
  const told = useRef(new WeakSet<Error>());
  const tell = useCallback((error: Error) => {
    const isKnown = told.current.has(error);
    if (codeOf(error) === 'user_changed') told.current.add(error);
    if (!isKnown) latest.current?.(error);
  }, []);
  useEffect(() => {
    const { signal } = user;
    const ended = () => {
      if (isPending.current) tell(signal.reason);
    };
    signal.addEventListener('abort', ended);
    return () => signal.removeEventListener('abort', ended);
  }, [user, tell]);
  return { tell, isPending };
}
