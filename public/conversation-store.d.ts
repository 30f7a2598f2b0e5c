/**
 * conversation-store in the browser: the conversations of a chat frontend, kept on the device and on the server.
 *
 * Reads come from the device (IndexedDB), writes go there first and to the server from there: sent when there is
 * something to send, again until the server has confirmed it, and never twice in effect. It works without the server,
 * for as long as that is away.
 *
 * ```js
 * import { HybridConversationStore } from '/conversation-store.js';
 * export const conversationStore = new HybridConversationStore();
 * ```
 */

/** A point in time as callers may give it: ISO 8601, epoch milliseconds, or a Date. */
export type TimeInput = string | number | Date;

/** What a message may be of. */
export type MessageType = 'user' | 'assistant' | 'system';

/** The tokens a message accounts for. */
export interface TokenCount {
  input: number;
  output: number;
  total: number;
}

/** A message. Fields not listed here are kept and given back as well. */
export interface ConversationMessage<Time = string> {
  id: string;
  type: MessageType;
  content: string;
  timestamp: Time;
  /** True while the answer is being written: what is saved meanwhile is sent together. */
  streaming?: boolean;
  tokens?: TokenCount;
  editable?: boolean;
  /** When it was last edited, ISO 8601: of two edits of one message the newer wins. Set by the store. */
  editedAt?: string;
}

/** A message to save: as `ConversationMessage`, with the time in any form, or now. */
export interface MessageInput {
  id: string;
  type: MessageType;
  content: string;
  timestamp?: TimeInput;
  streaming?: boolean;
  tokens?: TokenCount;
  editable?: boolean;
}

/** A conversation. Fields not listed here are kept and given back as well. */
export interface Conversation<Time = string> {
  id: string;
  title: string;
  /**
   * In reading order. All of them, or where `hasOlder` is true the newest; none in the list of
   * `getAllConversations()` (unless asked for).
   */
  messages: ConversationMessage<Time>[];
  createdAt: Time;
  updatedAt: Time;
  totalTokens: number;
  mcpServers?: Record<string, any>;
  pinned?: boolean;
  keep?: boolean;
  archived?: boolean;
  tags?: string[];

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

/** A conversation to save; `messages` may be missing, to save the rest only. */
export interface ConversationInput {
  id: string;
  title?: string;
  messages?: readonly MessageInput[];
  createdAt?: TimeInput;
  updatedAt?: TimeInput;
  totalTokens?: number;
  mcpServers?: Record<string, any>;
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
  mcpServers?: Record<string, any> | null;
}

/** How the store is doing. */
export interface StoreStatus {
  /**
   * `synced`: everything is sent and the server answers. `sending`: something waits, or is on its way. `offline`: the
   * server cannot be reached; it is tried again. `local`: the server keeps nothing for this user (switched off, or no
   * session); everything stays on the device. `signed-out`: the session was ended from another device, or its
   * token is refused (an anonymous user's for a day: then there is a new one, who gets what is on the device). `starting`: not known yet.
   */
  mode: 'starting' | 'synced' | 'sending' | 'offline' | 'local' | 'signed-out';
  /** Conversations with something to send. */
  pending: number;
  /**
   * The server's error code where there is trouble (`too_much_text_kept`, `storage_disabled`, `writes_paused`, `service_paused`,
   * `newcomers_paused`, `too_many_new_users`, `too_much_from_address`, ...); else null. What waits is sent when it is over.
   */
  problem: string | null;
  /** How changes of other devices arrive in this browser at the moment. */
  live: 'stream' | 'polling' | 'resting' | 'off';
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
  /** By whom: this tab, another tab of this browser, or another device. */
  source: 'tab' | 'other-tab' | 'server';
}

/** Two sides changed the same conversation, and both were kept as far as they can be. */
export interface ConflictEvent {
  conversationId: string;
  kind:
    /** Both edited the message; `kept` is the newer edit, `lost` the older one, also to be had by `refusedWrites()`. */
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
}

/** A conversation that `search()` found. */
export interface SearchResult {
  conversationId: string;
  title: string;
  /** Null where the title matched. */
  messageId: string | null;
  /** The text around the first match. */
  excerpt: string;
  /** Where in `excerpt` the match is. */
  start: number;
  length: number;
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

/** A read-only snapshot of a conversation that whoever has the link can read. */
export interface Share {
  id: string;
  conversationId: string;
  title: string;
  messageCount: number;
  createdAt: string;
  expiresAt: string;
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
  messagesPerConversation: { mean: number; max: number };
  /** Of the last 30 days, UTC, by the timestamps of messages. */
  activity: { date: string; messages: number; tokens: number }[];
  /** All that was ever received; null stands for the models beyond those told by name. */
  models: { model: string | null; messages: number; tokens: number }[];
}

/** What a rejected promise is rejected with. */
export class StoreError extends Error {
  readonly name: 'StoreError';
  /** The server's code, or one of ours: `offline`, `circuit_open`, `conversation_deleted`, `conversation_not_found`,
   * `message_not_found`, `invalid_id`, `invalid_message`, `local_storage_full`, `signed_out`, `not_migrated`,
   * `disabled`, `closed`, `account_mismatch`, `user_changed` (another tab exchanges users just now: it is tried again). */
  readonly code: string;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** For the server's logs; null where there was no answer. */
  readonly requestId: string | null;
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
  getToken?: (options: { refresh: boolean }) => Promise<string | null> | string | null;
  /** Whose data this is, a stable id of the account; required with `getToken`. Each account has a database of its own. */
  account?: string;
  /** How times are given back: `readTime: (iso) => new Date(iso)` for Dates. Default: the ISO string. */
  readTime?: (iso: string) => Time;
  /** The messages `getConversation()` and `loadOlder()` give at a time; default 100, at most 100. */
  pageSize?: number;
  /** Whether to import the old localStorage data on start; default true. */
  migrate?: boolean;
  /** False switches the server off, like the plan's NEXT_PUBLIC_REDIS_ENABLED; default true. */
  enabled?: boolean;
  /** Parts of the browser to replace, for tests. */
  environment?: Partial<Environment>;
}

/** The parts of a browser that the store uses. */
export interface Environment {
  fetch: typeof fetch;
  /** Opens the local database of this name. */
  openDatabase(name: string): Promise<LocalDatabase>;
  localStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** `navigator.locks`; null where there is none: then nothing is sent, as tabs could not agree on who does it. */
  locks: Pick<LockManager, 'request'> | null;
  openChannel(name: string): Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
  clock: Clock;
  page: PageState;
  random(): number;
}

export interface Clock {
  /** Epoch ms. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: any): void;
}

/** The page the store is in. */
export interface PageState {
  isVisible(): boolean;
  isOnline(): boolean;
  /** Calls back when one of the two may have changed, and with `leaving` when the page may be about to go. Returns what
   * ends that. */
  watch(callback: (event: 'visibility' | 'online' | 'leaving') => void): () => void;
}

/** A transactional store of records, as IndexedDB is one. */
export interface LocalDatabase {
  readonly kind: 'indexeddb' | 'memory';
  /** Runs `work` in a transaction over all stores: all of its writes happen, or none. `work` awaits nothing but `tx`. */
  run<T>(mode: 'readonly' | 'readwrite', work: (tx: LocalTransaction) => Promise<T>): Promise<T>;
  close(): void;
  /** Closes it and deletes everything. */
  destroy(): Promise<void>;
}

export interface LocalTransaction {
  get(store: string, key: any): Promise<any>;
  put(store: string, value: any): Promise<any>;
  delete(store: string, key: any): Promise<void>;
  /** Records whose key in `index` (null: the primary key) is in the range (null: all), in order. */
  list(store: string, index: string | null, range: KeyRange | null, options?: { reverse?: boolean; limit?: number }): Promise<any[]>;
  deleteRange(store: string, range: KeyRange): Promise<void>;
}

/** Bounds of keys, both included unless `open`. */
export interface KeyRange {
  lower: any;
  upper: any;
  lowerOpen?: boolean;
  upperOpen?: boolean;
}

/** The conversation store of a chat frontend. All methods may be called at once, in any tab. */
export class HybridConversationStore<Time = string> {
  constructor(options?: StoreOptions<Time>);

  /** Resolves when the local data can be read; methods wait for it by themselves. */
  readonly ready: Promise<void>;
  readonly status: StoreStatus;

  // The plan's interface.

  /**
   * The list, last changed first, from the device; no messages in it unless `messages` says so, and then those that
   * are on the device.
   */
  getAllConversations(options?: { messages?: boolean }): Promise<Conversation<Time>[]>;
  /**
   * A conversation with its newest messages: from the device, and refreshed in the background (`change` tells); from
   * the server where the device has none of its messages. Null where there is no such conversation.
   */
  getConversation(id: string): Promise<Conversation<Time> | null>;
  /** The conversation with a page more of older messages than `conversation` has. */
  loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>>;
  /**
   * Saves what is different from what this object was given: new and edited messages, and those it was given and has no
   * more. Messages it was never given stay as they are. Without its `snapshot` (an object built anew), only messages this
   * tab was given or has saved can go, only such as stand behind the first message of `conversation`, and none if it has
   * no messages. Resolves when it is safe on the device. Rejects with `conversation_deleted` where it was deleted and
   * holds nothing new.
   */
  saveConversation(conversation: ConversationInput): Promise<void>;
  deleteConversation(id: string): Promise<void>;
  addMessage(conversationId: string, message: MessageInput): Promise<void>;
  updateMessage(conversationId: string, messageId: string, updates: Partial<MessageInput>): Promise<void>;
  /** The first 6 words of the first user message, at most 50 characters. */
  generateTitle(messages: readonly TitleSource[]): string;
  /** A new, empty conversation; it is kept when it is saved. */
  createNewConversation(mcpServers?: Record<string, any>): Conversation<Time>;

  // More on conversations.

  /** Deletes a message; with `andAfter` also all that follow it. */
  deleteMessage(conversationId: string, messageId: string, options?: { andAfter?: boolean }): Promise<void>;
  updateConversation(id: string, updates: ConversationUpdates): Promise<void>;
  /** Conversations on this device whose title or text has all the words, last changed first. */
  search(text: string, options?: { limit?: number }): Promise<SearchResult[]>;
  /** The conversation opened last, on this device or, where it never opened one, at the server. */
  getCurrentConversationId(): Promise<string | null>;
  setCurrentConversationId(id: string | null): Promise<void>;

  // Sending and receiving.

  /** Listens; returns what ends it. */
  on<Name extends keyof StoreEvents>(name: Name, listener: (event: StoreEvents[Name]) => void): () => void;
  /** Sends now what waits. Resolves when all is confirmed; rejects with the reason why it is not. */
  flush(): Promise<void>;
  /** Asks the server now what has changed. */
  sync(): Promise<void>;
  /** Refused writes and losing sides of conflicts, newest first. */
  refusedWrites(): Promise<RefusedWrite[]>;
  discardRefused(key: number): Promise<void>;
  /** Ends timers, stream and database; what waits is sent by the next page that opens the store. */
  close(): Promise<void>;

  // Devices and users.

  /** A code of 8 characters by which another device becomes this user, once, within 10 minutes. */
  createLinkCode(): Promise<{ code: string; expiresAt: string }>;
  /**
   * Becomes the user whose code it is. With `keepLocal` (the default) the conversations of this device's user so far
   * go along; without, they are removed from this device: ask before. Rejects with `wrong_code`.
   */
  redeemLinkCode(code: string, options?: { keepLocal?: boolean }): Promise<{ userId: string; kept: number }>;
  /** How many conversations this device holds: whether there is something to ask about before `redeemLinkCode()`. */
  countLocalConversations(): Promise<number>;
  /** Ends the session of all other devices. */
  signOutEverywhere(): Promise<void>;
  /** For a device that was signed out: a new anonymous user, to whom what is on this device is sent. */
  startNewSession(): Promise<void>;
  /** With `getToken`: takes what the anonymous user of this device has into the account, once. */
  claimAnonymous(): Promise<{ conversations: number }>;
  /**
   * Deletes everything of the user, at the server, on this device, and on others that listen just then. A device that does
   * not keeps what it has; nothing of it goes to the server again unless somebody writes to it there.
   */
  eraseEverything(): Promise<void>;

  // Taking data along.

  /** Everything at the server, as lines of JSON that `importData()` takes back. */
  exportAll(): Promise<Blob>;
  exportConversation(id: string, format?: 'json' | 'markdown' | 'ndjson'): Promise<Blob>;
  /**
   * Imports an export, the value of the old localStorage key, or `{"conversations":[...]}`, of any size. Where the server is away or
   * switched off, to this device, and from there to the server later.
   */
  importData(data: string | Blob | readonly ConversationInput[]): Promise<ImportReport>;

  // The old localStorage data.

  /** Imports it: on start by itself, unless `migrate: false`. */
  migrate(): Promise<MigrationReport>;
  /** Writes what there is now back into the old key, in its form, and forgets that it was migrated. */
  undoMigration(): Promise<{ conversations: number }>;
  /** Deletes the old key, once all of it is at the server; until then rejects with `not_migrated`. */
  removeOldData(): Promise<void>;

  // Shares and statistics.

  createShare(conversationId: string, options?: { expiresAt?: TimeInput }): Promise<Share>;
  listShares(): Promise<Share[]>;
  /** A share of anybody's; needs no user. */
  readShare(id: string, options?: { cursor?: string }): Promise<SharedConversation>;
  /** Makes a conversation of the user's own of a share of anybody's. It is at the server; the next sync brings it here. */
  forkShare(id: string): Promise<{ id: string; title: string; messageCount: number }>;
  deleteShare(id: string): Promise<void>;
  getStatistics(): Promise<Statistics>;
}

/** A local database that keeps nothing: for tests, and where the browser has no other. */
export function createMemoryDatabase(): LocalDatabase;
/** The browser's IndexedDB as a local database. */
export function openIndexedDatabase(name: string): Promise<LocalDatabase>;
