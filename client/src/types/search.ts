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

/** How many conversations the server has prepared for searching. It searches the others too, slower, and has them come last. */
export interface SearchIndexing {
  /** Conversations that are prepared, of those in `of`. */
  done: number;
  /** Conversations that the server has looked at, the last changed ones first: up to 2,500 at a time. */
  of: number;
  /** Conversations that the user has at the server in all. */
  total: number;
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
  /**
   * How many conversations the server had prepared when it last responded to this search; null where only the device was searched.
   * It goes on preparing after each search, and is not asked again for that: the next search tells.
   */
  readonly indexed: Readonly<SearchIndexing> | null;
}

export interface LiveSearchOptions {
  /** At most so many results of this device, and as many as the server adds; default 50. */
  limit?: number;
  /** At most so many results of one conversation; default 3. */
  perConversation?: number;
}
