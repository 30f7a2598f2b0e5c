/** What a search takes, and what it finds. */

/** A message, or a title, that a search has found. */
export interface SearchResult {
  conversationId: string;
  /** Of the conversation. */
  title: string;
  /** Null where the title was found. */
  messageId: string | null;
  /** When the message was written, or the conversation last changed; ISO 8601. */
  at: string;
  /** The part of the text where it was found. */
  excerpt: string;
  /** Where in `excerpt` it was found: each place's start, and its length. In order. */
  marks: [start: number, length: number][];
  /** The first of the marks. */
  start: number;
  length: number;
}

/** What a search has found so far. */
export interface SearchFindings {
  /** The best first; what only the server has comes behind what this device has. */
  readonly results: readonly SearchResult[];
  /** `device`: only what is on this device was searched. `everything`: the server was, too. */
  readonly scope: 'device' | 'everything';
  /** Whether nothing more comes by itself: all is indexed, and no response of the server is waited for. */
  readonly isComplete: boolean;
  /** Whether the server has more to look through: see `LiveSearch.loadMore()`. */
  readonly hasMore: boolean;
}

export interface LiveSearchOptions {
  /** At most so many results of this device, and as many as the server adds; default 50. */
  limit?: number;
  /** At most so many results of one conversation; default 3. */
  perConversation?: number;
}
