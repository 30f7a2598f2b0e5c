/** Hooks for React 18 and 19 on the live queries of the core: nothing in them decides what is newer, or who wins. */

export {
  ConversationStoreProvider,
  useConversationStore,
  type ConversationStoreProviderProps,
} from './context.js';
export {
  useConversation,
  useConversations,
  useMessages,
  type ConversationsState,
  type MessagesState,
} from './conversations.js';
export { useLiveQuery } from './live-query.js';
export { useSearch, type SearchState } from './search.js';
export { useOutbox, useSyncStatus, type Outbox } from './status.js';
