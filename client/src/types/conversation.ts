/** Conversations and their messages, as they are saved and given back. */

/** A point in time as callers may give it: ISO 8601, epoch milliseconds, or a Date. */
export type TimeInput = string | number | Date;

/** A frontend's own settings: whatever JSON it keeps there, of a type that only it knows. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` could not be given back to the frontend as its own type.
export type McpServers = Record<string, any>;

/** What a message may be of. */
export type MessageType = 'user' | 'assistant' | 'system' | 'tool';

/** The tokens a message accounts for. */
export interface TokenCount {
  input: number;
  output: number;
  total: number;
}

/** A part of a message: text, reasoning, a call of a tool, a file. All but `type` is up to the library that made it. */
export interface MessagePart {
  type: string;
  [field: string]: unknown;
}

/** How far the writing of a message has come. */
export type MessageStatus = 'complete' | 'streaming' | 'aborted' | 'error';

/** What a message may have beside its text. */
interface RichMessage {
  /** What it consists of where it is more than text; comes back as it was saved. */
  parts?: MessagePart[];
  /** What the parts are written in: `ai-sdk/v7`, `aui/v0`, `anthropic`, `openai/items`, ... */
  format?: string;
  /** `streaming` counts as `streaming: true`. */
  status?: MessageStatus;
  /** Which model wrote it. */
  model?: string;
  usage?: object;
  metadata?: object;
}

/** A message. Fields not listed here are kept and given back as well. */
export interface ConversationMessage<Time = string> extends RichMessage {
  id: string;
  type: MessageType;
  /** Text; where a client saved blocks in its place, as Anthropic's API has them, an array of those. */
  content: string;
  /** To be shown: messages stand in the order in which they were written, whatever the clocks said. */
  timestamp: Time;
  /** True while the answer is being written: what is saved meanwhile is sent together. */
  streaming?: boolean;
  tokens?: TokenCount;
  editable?: boolean;
  /** When it was last edited, ISO 8601: of two edits of one message the newer wins. Set by the store. */
  editedAt?: string;
  /**
   * Where there are several versions of it, all that follow the same message: the ids of all of them, itself included, in the
   * order in which they came. See `switchBranch()`. Computed by the store.
   */
  siblingIds?: string[];
}

/** A message to save: as `ConversationMessage`, with the time in any form, or now. */
export interface MessageInput extends Omit<RichMessage, 'parts'> {
  id: string;
  type: MessageType;
  /** May be left out where there are `parts`: then it is their text. */
  content?: string | readonly MessagePart[];
  parts?: readonly MessagePart[];
  timestamp?: TimeInput;
  streaming?: boolean;
  tokens?: TokenCount;
  editable?: boolean;
  /** Of a new message the one that it follows, where that is not the one before it: see `addMessage()`. Null: none. */
  parentId?: string | null;
}

/** Where a new message stands. */
export interface MessagePlace {
  /** The message that it follows; null for a first message. Without it, it follows the last one. */
  parentId?: string | null;
}

/** When a conversation is to be deleted. */
export interface DeleteOptions {
  /**
   * Only where its `updatedAt` is not later than this; otherwise, or if this is no time, it stays as it is. Compared in the
   * transaction that deletes it: no tab can write in between. What another device wrote meanwhile keeps it with or without this.
   */
  ifUnchangedSince?: TimeInput;
}

/** Where a fork comes from: a conversation of the user's own, or a share. */
export type ForkOrigin = { conversationId: string; messageId: string | null } | { shareId: string; title: string };

/** A conversation. Fields not listed here are kept and given back as well. */
export interface Conversation<Time = string> {
  id: string;
  title: string;
  /**
   * In reading order. All of them, or where `hasOlder` is true the newest.
   */
  messages: ConversationMessage<Time>[];
  createdAt: Time;
  updatedAt: Time;
  totalTokens: number;
  mcpServers?: McpServers;
  pinned?: boolean;
  keep?: boolean;
  archived?: boolean;
  tags?: string[];
  /** Of a fork. */
  forkedFrom?: ForkOrigin;
  /** Of an answer that is being written, where the frontend's server keeps streams to resume. */
  activeStreamId?: string;

  /** When it expires, ISO 8601; null where it never does. Unknown until the server has told. */
  expiresAt?: string | null;
  /** The last message of the branch that is shown; null where there is none. Of an opened conversation; computed by the store. */
  headId?: string | null;
  /** How many messages the conversation has, also those not loaded. Computed by the store. */
  messageCount?: number;
  /** Whether there are older messages than those in `messages`: see `loadOlder()`. Computed by the store. */
  hasOlder?: boolean;
  /** Whether something of it waits to be sent. Computed by the store. */
  pending?: boolean;
  /** Whether the server has it. Computed by the store. */
  onServer?: boolean;
  /**
   * Tells the store which messages this object was given, so that saving a copy of it can remove only those. Spread it
   * along (`{ ...conversation, messages }`). A conversation saved without it is treated with more caution: see
   * `saveConversation()`.
   */
  snapshot?: string;
}

/** A conversation as the list has it: open it to have its messages. */
export type ConversationSummary<Time = string> = Omit<Conversation<Time>, 'messages'>;

/** Which conversations a live list has. */
export interface ListQuery {
  archived?: boolean;
  pinned?: boolean;
  tag?: string;
  /** At most so many, those first that were changed last. */
  limit?: number;
}

/** A conversation to save; `messages` may be missing, to save the rest only. */
export interface ConversationInput {
  id: string;
  title?: string;
  messages?: readonly MessageInput[];
  createdAt?: TimeInput;
  updatedAt?: TimeInput;
  totalTokens?: number;
  mcpServers?: McpServers;
  pinned?: boolean;
  keep?: boolean;
  archived?: boolean;
  tags?: string[];
  snapshot?: string;
}

/** Fields of a conversation that `updateConversation()` changes; null removes one. */
export interface ConversationUpdates {
  title?: string;
  pinned?: boolean | null;
  keep?: boolean | null;
  archived?: boolean | null;
  tags?: string[] | null;
  mcpServers?: McpServers | null;
  activeStreamId?: string | null;
}

export interface ForkOptions {
  /** The last message of the fork; without it the last one of the conversation. */
  messageId?: string;
  /** Without it that of the conversation. */
  title?: string;
}

/** What `forkConversation()` has made. */
export interface ForkedConversation {
  id: string;
  title: string;
  messageCount: number;
  forkedFrom: { conversationId: string; messageId: string | null };
}

/** What a message, or a list of messages, needs for a title. */
export interface TitleSource {
  type: string;
  content: string;
}
