/** Chats of the AI SDK (version 7), kept by conversation-store: the server's side. */

export { StoreError, type StoreErrorDetails } from '../errors.js';
export type { Token } from '../rest/api.js';
export type { Clock } from '../rest/clock.js';
export {
  type ChatStore,
  type ChatStoreOptions,
  type ChatSummary,
  createChatStore,
  type OpenedChat,
  type ResumableStreamOptions,
} from './chat-store.js';
export type { FollowOptions } from './follow.js';
export type { MessageStatus } from './messages.js';
export type { ResumableStream, SavedAnswer } from './resumable-stream.js';
