/** What the server tells: shares, the trash, statistics, reports. */

import type { ConversationMessage } from './conversation.js';

/** A read-only snapshot of a conversation that everybody who has the link can read. */
export interface Share {
  id: string;
  conversationId: string;
  title: string;
  messageCount: number;
  createdAt: string;
  expiresAt: string;
}

/** Which page of a list of the server's: the first one, or that of another page's `nextCursor`. */
export interface PageOptions {
  cursor?: string | null;
  /** At most 50; 20 by default. */
  limit?: number;
}

/** A conversation as the server lists it. */
export interface ListedConversation {
  id: string;
  title: string;
  createdAt: string;
  updatedAt: string;
  messageCount: number;
  totalTokens: number;
}

/** A conversation in the trash. */
export interface TrashedConversation extends ListedConversation {
  deletedAt: string;
  /** When it is gone for good. */
  expiresAt: string;
}

/** What is to be deleted for good. */
export interface PermanentDeletionOptions {
  /** As an entry of the trash has it: only that, and not what was restored since. */
  deletedAt?: string;
}

export interface TrashPage {
  conversations: TrashedConversation[];
  /** Null on the last page. */
  nextCursor: string | null;
}

export interface ExpiringPage {
  conversations: (ListedConversation & { expiresAt: string })[];
  /** How many there are on all pages; null where there are too many conversations to count at once. */
  count: number | null;
  nextCursor: string | null;
}

/** What `forkShare()` has made of a share. */
export interface ForkedShare {
  id: string;
  title: string;
  messageCount: number;
}

/** A page of a shared conversation, oldest message first. */
export interface SharedConversation {
  id: string;
  title: string;
  createdAt: string;
  expiresAt: string;
  messageCount: number;
  messages: ConversationMessage[];
  nextCursor: string | null;
}

/** What became of the data under the old localStorage key. */
export interface MigrationReport {
  /** `none`: there was nothing to migrate. `done`: the server has all of it. `waiting`: it goes on when the server can be
   * reached. `rejected`: done, but for what the server refused: see `rejected`. */
  state: 'none' | 'done' | 'waiting' | 'rejected';
  conversations: number;
  rejected: { id: string; code: string }[];
}

/** The server's report on an import. */
export interface ImportReport {
  imported: number;
  unchanged: number;
  rejected: { id: string | null; code: string }[];
}

/** A token by which an agent reads, and nothing else. */
export interface ReadToken {
  token: string;
  /** ISO 8601. */
  createdAt: string;
}

/** What brings an anonymous user back. */
export interface RecoveryCode {
  /** Seven groups of four letters and digits. */
  code: string;
  createdAt: string;
}

export interface Totals {
  conversations: number;
  messages: number;
  tokens: number;
}

/** The server's statistics of the user. */
export interface Statistics {
  userId: string;
  totals: { current: Totals; lifetime: Totals };
  bytes: number;
  /** The ttl of a conversation, in days since it was last used; null where it never expires. */
  conversationTtlDays: number | null;
  /** How many conversations expire within 14 days. */
  expiringSoon: number;
  trash: { conversations: number; bytes: number };
  /** When the anonymous user's recovery code was made, ISO 8601; null where there is none. */
  recoveryCodeCreatedAt: string | null;
  /** When the token was made that only reads, ISO 8601; null where there is none. */
  readTokenCreatedAt: string | null;
  messagesPerConversation: { mean: number; max: number };
  /** Of the last 30 days, UTC, by the messages' own timestamps. */
  activity: { date: string; messages: number; tokens: number }[];
  /** What has been received of each model, ever; under null, what there was no room for by name. */
  models: { model: string | null; messages: number; tokens: number }[];
}
