/** Chats of the AI SDK (version 7) in React, on the conversations of the device. */

export { useConversationChat, type ConversationChat, type ConversationChatOptions } from './use-conversation-chat.js';
export { ConversationStoreProvider, useConversationStore } from '../../react/index.js';
