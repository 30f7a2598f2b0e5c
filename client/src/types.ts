import type { StoreError } from './errors.js';
import type { Environment } from './environment.js';
import type { GetToken } from './net/session.js';

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

export type StatusMode = 'starting' | 'synced' | 'sending' | 'offline' | 'local' | 'signed-out';

/** How changes of other devices arrive: by a stream, by asking, not just now, or not at all. */
export type LiveMode = 'stream' | 'polling' | 'resting' | 'off';

/** How the store is doing. */
export interface StoreStatus {
  /**
   * `synced`: everything is sent and the server answers. `sending`: something waits, or is on its way. `offline`: the
   * server cannot be reached; it is tried again. `local`: the server keeps nothing for this user (switched off, or no
   * session); everything stays on the device. `signed-out`: the session was ended from another device, or its
   * token is refused (an anonymous user's for a day: then there is a new one, who gets what is on the device). `starting`: not known yet.
   */
  mode: StatusMode;
  /** Conversations with something to send. */
  pending: number;
  /**
   * The server's error code where there is trouble (`too_much_text_kept`, `storage_disabled`, `writes_paused`, `service_paused`,
   * `newcomers_paused`, `too_many_new_users`, `too_much_from_address`, ...), or `newer_release` where another tab has opened a newer
   * release of the page, and this one has to be reloaded; else null. What waits is sent when it is over.
   */
  problem: string | null;
  /** How changes of other devices arrive in this browser at the moment. */
  live: LiveMode;
  /** Whether this tab does the sending and listening for all tabs. */
  leader: boolean;
  /** The user's id at the server, once there is one. */
  userId: string | null;
  /** `indexeddb`, or `memory` where the browser refuses to keep anything: then a reload loses what was not sent. */
  storage: 'indexeddb' | 'memory';
  /** Refused writes whose content waits in `refusedWrites()`. */
  refused: number;
}

/** Something in the store has changed: read again what is on the screen. */
export interface ChangeEvent {
  /** Ids of conversations that are new or different. */
  changed: string[];
  /** Ids of conversations that are gone. */
  deleted: string[];
  /**
   * By whom: this tab, another tab of this browser, or another device. Where the server has confirmed a write of this
   * browser it is `tab` as well: there is nothing new to read but `pending` and `onServer`.
   */
  source: 'tab' | 'other-tab' | 'server';
}

/** Two sides changed the same conversation, and both were kept as far as they can be. */
export interface ConflictEvent {
  conversationId: string;
  kind: /** Both edited the message; `kept` is the newer edit, `lost` the older one, also to be had by `refusedWrites()`. */
    | 'message-edited'
    /** Another device deleted a message that was edited here: it stays. */
    | 'edited-message-deleted'
    /** A message deleted here was edited on another device: it stays. */
    | 'deleted-message-edited'
    /** Both changed the title or another field of the conversation; the newer one stays. */
    | 'conversation-edited'
    /** Another device deleted the conversation, but there were messages here it did not know: they live on in `movedTo`. */
    | 'conversation-deleted'
    /** Deleted here, but somebody wrote to it meanwhile on another device: it stays. */
    | 'deleted-conversation-edited'
    /** Another device added messages meanwhile; all are there. */
    | 'messages-added';
  messageId?: string;
  /** Field of the conversation. */
  field?: string;
  kept?: unknown;
  lost?: unknown;
  movedTo?: string;
}

/** The server refused a write for good: it was taken back here, and its content kept. */
export interface RefusedWrite {
  /** For `discardRefused()`. */
  key: number;
  conversationId: string;
  conversationTitle: string;
  messageId: string | null;
  /** The server's error code, e.g. `message_too_large`; or `edited_elsewhere` for the losing side of a conflict. */
  code: string;
  /** What was to be written: the message, or the fields. */
  content: unknown;
  /** ISO 8601. */
  at: string;
}

/** A write that could not be stored: its promise was rejected. */
export interface FailedEvent {
  conversationId: string | null;
  error: StoreError;
}

/** How far a long task is. */
export interface ProgressEvent {
  task: 'migration' | 'import' | 'transfer' | 'erase';
  /** Conversations done. */
  done: number;
  /** Conversations in all, as far as is known. */
  total: number;
}

export interface StoreEvents {
  change: ChangeEvent;
  status: StoreStatus;
  conflict: ConflictEvent;
  refused: RefusedWrite;
  progress: ProgressEvent;
  failed: FailedEvent;
}

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

/** What brings an anonymous user back. */
export interface RecoveryCode {
  /** Seven groups of four letters and digits. */
  code: string;
  createdAt: string;
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
  /** How many days a conversation lives after it was last used; null where it never expires. */
  conversationTtlDays: number | null;
  /** How many conversations expire within 14 days. */
  expiringSoon: number;
  trash: { conversations: number; bytes: number };
  /** When the anonymous user's recovery code was made, ISO 8601; null where there is none. */
  recoveryCodeCreatedAt: string | null;
  messagesPerConversation: { mean: number; max: number };
  /** Of the last 30 days, UTC, by the messages' own timestamps. */
  activity: { date: string; messages: number; tokens: number }[];
  /** What has been received of each model, ever; under null, what there was no room for by name. */
  models: { model: string | null; messages: number; tokens: number }[];
}

/** What a message, or a list of messages, needs for a title. */
export interface TitleSource {
  type: string;
  content: string;
}

export interface StoreOptions<Time = string> {
  /** Where the API is; default `/api`. Another origin has to be in its `ALLOWED_ORIGINS`, and in the page's CSP. */
  api?: string;
  /**
   * The token of an auth provider's user. Without it the store has an anonymous user of its own. Asked again with
   * `refresh` when the server refuses the last one. Null: nobody is signed in; everything stays on the device.
   */
  getToken?: GetToken;
  /** Whose data this is, a stable id of the account; required with `getToken`. Each account has a database of its own. */
  account?: string;
  /** How times are given back: `readTime: (iso) => new Date(iso)` for Dates. Default: the ISO string. */
  readTime?: (iso: string) => Time;
  /** The messages `getConversation()` and `loadOlder()` give at a time; default 100, at most 100. */
  pageSize?: number;
  /** Whether to import the old localStorage data on start; default true. */
  migrate?: boolean;
  /** False switches the server off, default true. */
  enabled?: boolean;
  /** Parts of the browser to replace, for tests. */
  environment?: Partial<Environment>;
}
