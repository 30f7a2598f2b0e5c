/**
 * The client of conversation-store: the conversations of a chat frontend, kept on the device and on the server.
 *
 * Reads come from the device (IndexedDB), writes go there first and to the server from there: sent when there is
 * something to send, again until the server has confirmed it, and never twice in effect. It works without the server,
 * for as long as that is away.
 */

export { StoreError, type StoreErrorDetails } from './errors.js';
export type { Channel, Clock, Environment, PageEvent, PageState } from './environment.js';
export type { Key, KeyRange, ListOptions, LocalDatabase, LocalTransaction } from './local/database.js';
export { openIndexedDatabase } from './local/indexed-database.js';
export { createMemoryDatabase } from './local/memory-database.js';
export { LiveQuery, type LiveState } from './live-query.js';
export type { LiveConversation, LiveList } from './live-queries.js';
export type { LiveSearch } from './live-search.js';
export { createConversationStore, HybridConversationStore, type ConversationStore } from './store.js';
export type * from './types.js';
