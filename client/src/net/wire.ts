/** The JSON that the server sends, as far as the client reads it. */

import type { SentMessage } from '../local/schema.js';

/** What the server says of a conversation without its messages; fields of clients' own come along. */
export interface Summary {
  id: string;
  createdAt: string;
  updatedAt: string;
  totalTokens: number;
  messageCount: number;
  revision: number;
  etag?: string;
  [field: string]: unknown;
}

/** A conversation with its newest messages, oldest first. */
export interface ConversationResponse extends Summary {
  messages: SentMessage[];
  nextCursor: string | null;
}

/** A page of messages, newest first. */
export interface MessagesResponse {
  data: SentMessage[];
  nextCursor: string | null;
  revision: number;
}

/** What changed since a cursor. */
export interface SyncResponse {
  changed: Summary[];
  deleted: string[];
  nextCursor: string;
  hasMore: boolean;
  /** The cursor was too old: everything is told anew. */
  reset?: boolean;
  /** The change sequence of the last change. */
  clock?: number;
}

/** One change, as the stream tells it. */
export interface StreamedChange {
  type: string;
  conversationId?: string;
  revision: number;
  clock: number;
  messages?: SentMessage[];
}

/** The response to a write: of creations and patches the summary itself, of others with `conversation`. */
export interface WriteResponse {
  conversation?: Summary;
  /** Ids of deleted messages. */
  deleted?: string[];
  /** The change sequence of this write, and of the last one before it. */
  clock?: number;
  previousClock?: number;
  [field: string]: unknown;
}

export interface ImportResponse {
  imported: number;
  unchanged: number;
  results: ImportResult[];
  /** Of another system's history: lines that could not be read, and what the next portion has to begin with. */
  invalidLines?: number;
  continuation?: string;
}

export interface ImportResult {
  index: number;
  id?: string | null;
  status: 'imported' | 'updated' | 'unchanged' | 'rejected' | 'skipped';
  code?: string;
  message?: string;
  /** What the conversion says of it. */
  source?: { skipped?: string; messages: number; placeholders?: unknown[]; morePlaceholders: number };
}

/** A session, as the server begins or renews it. */
export interface SessionResponse {
  token: string;
  userId?: string;
  expiresAt?: string;
  currentConversationId?: string | null;
}
