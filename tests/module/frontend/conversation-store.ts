/** What a frontend's own module for its conversations becomes: the same names, and the store behind them. */

import { HybridConversationStore } from '../../../public/conversation-store.js';

/** The frontend's own types, as they were, but for what other clients may have saved. */
export interface ConversationMessage {
  id: string;
  type: 'user' | 'assistant' | 'system' | 'tool';
  content: string;
  timestamp: Date;
  streaming?: boolean;
  tokens?: { input: number; output: number; total: number };
  editable?: boolean;
}

export interface Conversation {
  id: string;
  title: string;
  messages: ConversationMessage[];
  createdAt: Date;
  updatedAt: Date;
  totalTokens: number;
  // biome-ignore lint/suspicious/noExplicitAny: The frontend's own type is any, and has to go on compiling.
  mcpServers?: Record<string, any>;
}

export const conversationStore = new HybridConversationStore({ readTime: (iso) => new Date(iso) });
