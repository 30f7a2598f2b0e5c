/*! conversation-store: generated from client/src by client/build.mjs; do not edit. MIT. */
/** What the server said about a failure, where it said something. */
interface StoreErrorDetails {
    /** The HTTP status; 0 where there was no response. */
    status?: number;
    requestId?: string | null;
    revision?: number;
    etag?: string;
    /** Milliseconds. */
    retryAfter?: number;
}
/** What a rejected promise is rejected with: a stable `code`, and what the server said where it said something. */
declare class StoreError extends Error {
    readonly name = "StoreError";
    /**
     * The server's code, or one of the client's: `offline`, `circuit_open`, `conversation_deleted`,
     * `conversation_not_found`, `message_not_found`, `invalid_id`, `invalid_message`, `local_storage_full`, `signed_out`,
     * `not_migrated`, `disabled`, `closed`, `no_browser` (as in server-side rendering), `newer_release` (another tab has opened a newer
     * release of the page: reload this one), `account_mismatch`, `user_changed` (another tab changes the user just now: it is tried
     * again), `invalid_archive`.
     */
    readonly code: string;
    /** The HTTP status; 0 where there was no response. */
    readonly status: number;
    /** For the server's logs; null where there was no response. */
    readonly requestId: string | null;
    /** The conversation's current revision, where a write's was stale. */
    readonly revision: number | undefined;
    /** The tag of that state, without quotes. */
    readonly etag: string | undefined;
    /** Milliseconds, where the server said when to come back. */
    readonly retryAfter: number | undefined;
    constructor(code: string, message: string, details?: StoreErrorDetails);
}

/** Between what callers have and what records hold. */
/** Fields by name; values are what JSON can hold. */
type Fields = Record<string, unknown>;

/**
 * The records a browser keeps.
 *
 * The names of fields, stores and states are what is on disk: a release that changes one has to convert what the release
 * before has stored.
 */

/** The records of each store. */
interface Records {
    conversations: ConversationRecord;
    messages: MessageRecord;
    outbox: OutboxEntry;
    refused: RefusedRecord;
    state: StateRecord;
}
type StoreName = 'conversations' | 'messages' | 'outbox' | 'refused' | 'state';
/** The `ETag` of the newest page as it came, and the tag of the state that it shows. */
interface PageTag {
    tag: string;
    etag: string;
}
/** A conversation, by id. */
interface ConversationRecord {
    id: string;
    /** What a client can set: title, mcpServers, pinned, ... */
    fields: Fields;
    /** The server's values of the fields that were changed on this device. */
    base: Fields;
    /** Epoch ms, as are all times here. */
    createdAt: number;
    updatedAt: number;
    /** When fields were last changed on this device. */
    editedAt: number;
    /** The number of tokens to show. */
    tokens: number;
    /** The number of messages to show. */
    count: number;
    /** Whether the server has it. */
    onServer: boolean;
    /** Whether its newest messages are on this device. */
    held: boolean;
    /** The revision of the server's state that the messages on this device reflect. */
    revision: number;
    /** The newest revision heard of. */
    latest: number;
    /** When the server says that the newest revision was made. */
    seenAt: number;
    /** Of the state at `revision`. */
    page?: PageTag | null;
    /**
     * The tag of the state at `latest`; null where the server had none, missing where it has not told it yet, as in records
     * of an earlier release.
     */
    etag?: string | null | undefined;
    /** The server's cursor to messages before the verified ones; null where all of them are on this device. */
    older: string | null;
    /** The place of the oldest message that is known to be as at `revision`; null where all of them are. */
    verified: number | null;
    /** Its messages are still being stored by an import. */
    isStoring?: true;
    /** Behind every place that was given so far. */
    nextPlace: number;
    /** The message that the active path is to end with, where the server still has to be told. */
    head?: string | undefined;
    /** When it expires, ISO 8601, or null, as the server has told. */
    expiresAt?: string | null | undefined;
    /** `pending` until the server knows of the deletion. */
    deleted?: 'pending' | 'done' | undefined;
    deletedAt?: number | undefined;
    /** The conversation in which the rest of this one lives on. */
    movedTo?: string | undefined;
}
/** Every field of a message but its id. */
interface MessageBody extends Fields {
    /** ISO 8601. */
    timestamp: string;
    type?: unknown;
    content?: unknown;
}
/** A message, by conversation and id. */
interface MessageRecord {
    conversation: string;
    id: string;
    /**
     * Messages on the active path stand in the order of their places, and those that the server does not have yet are sent in
     * it. A timestamp says nothing about that.
     */
    place: number;
    /** 1 on the active path; 0 where it is beside it, or waits to be deleted. */
    shown: 0 | 1;
    /** Set where it is on a branch beside the active path. */
    beside?: 1;
    /**
     * What it follows, null for none: of a message beside the path; and of one that the server does not have yet, where it is not
     * simply to follow the last one there.
     */
    parent?: string | null | undefined;
    /** What `shown` is at the server, where a branch that was begun or switched to here has changed it. */
    served?: 0 | 1;
    /** The ids of all that follow the same message, as the server has told. */
    siblings?: string[] | undefined;
    body: MessageBody;
    /** The server's values of the fields that were changed on this device. */
    base: Fields;
    /** Not on the server yet. */
    fresh: boolean;
    /** To be deleted on the server. */
    removed: boolean;
    /** To be deleted together with all that follows it there, in every branch. */
    isSubtree?: true;
    /** To be replaced whole at the server: fields that are not known here go too. */
    isWhole?: true;
    /** Set where anything of it waits to be sent. */
    dirty?: 1;
}
/** A message as it is sent. */
type SentMessage = MessageBody & {
    id: string;
    parentId?: string | null;
    siblingIds?: string[];
};
/** A write to one conversation, as it is sent. */
interface ConversationRequest {
    kind: 'create' | 'save' | 'append' | 'edit' | 'put' | 'remove' | 'patch' | 'switch' | 'delete';
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    path: string;
    body?: Fields & {
        messages?: SentMessage[];
    };
    /** The tag of the only state that it may change. */
    match?: string;
    /** The messages that it edits or deletes. */
    ids?: string[];
    /** Its `Idempotency-Key`. */
    key?: string;
}
/** A conversation of an import, as it is sent. */
type ImportItem = Fields & {
    id: string;
    messages: SentMessage[];
};
/** An import of several conversations, as it is sent. */
interface ImportRequest {
    kind: 'import';
    method: 'POST';
    path: '/import';
    body: ImportItem[];
    key?: string;
}
/**
 * How much of the server's state is to be read: the newest page, older ones until these messages are known, or all of them. A
 * number is of an earlier release: all of them.
 */
type RefreshUntil = null | readonly string[] | 'all';
/** That a conversation has something to send, by conversation; an import of several is under `*`. */
interface OutboxEntry {
    conversation: string;
    /** The request under way, exactly as it was first sent; null where the next one is still to be made. */
    request: ConversationRequest | ImportRequest | null;
    /** Of the first change. */
    created: number;
    /** Of the first change that is in no request yet. */
    since: number;
    /** Of the last change. */
    touched: number;
    /** Whether more of the same turn is about to come. */
    open?: boolean;
    /** To be sent by an import. */
    isBulk?: boolean;
    /** Requests that are still to follow at once: what they carry has waited as long as the first one. */
    more?: number;
    /** Was another user's. */
    isAdopted?: boolean;
    /** One message per request, after a refusal that did not say which message it was about. */
    split?: boolean;
    /** The server's state has to be read first. */
    refresh?: {
        until: RefreshUntil | number;
    } | undefined;
    /** Not to be sent before. */
    holdUntil: number;
    /** Why it is held. */
    holdError?: {
        code: string;
        message: string;
        status: number;
    } | undefined;
    /** Refusals in a row that were corrected. */
    recoveries?: number;
}
/** A write that the server refused, or the losing side of a conflict. */
interface RefusedRecord {
    /** Given by the database. */
    key?: number;
    conversationId: string;
    conversationTitle: string;
    messageId: string | null;
    code: string;
    content: unknown;
    /** ISO 8601. */
    at: string;
}
interface StateRecord {
    name: string;
    value: unknown;
}

/** A key of a record or an index. */
type Key = IDBValidKey;
/** Bounds of keys, both included unless `open`. */
interface KeyRange {
    lower: Key;
    upper: Key;
    lowerOpen?: boolean;
    upperOpen?: boolean;
}
interface ListOptions {
    reverse?: boolean;
    limit?: number;
}
/** A transactional store of records, as IndexedDB is one. */
interface LocalDatabase {
    readonly kind: 'indexeddb' | 'memory';
    /** Runs `work` in a transaction over all stores: all of its writes happen, or none. `work` awaits nothing but `tx`. */
    run<T>(mode: 'readonly' | 'readwrite', work: (tx: LocalTransaction) => Promise<T>): Promise<T>;
    close(): void;
    /** Closes it and deletes everything. */
    destroy(): Promise<void>;
    /** Called when another tab has opened it with a newer release: this one cannot use it any more. */
    onOutdated?: () => void;
}
interface LocalTransaction {
    get<S extends StoreName>(store: S, key: Key): Promise<Records[S] | undefined>;
    /** Returns the record's key. */
    put<S extends StoreName>(store: S, value: Records[S]): Promise<Key>;
    /** The keys of all records. */
    keys(store: StoreName): Promise<Key[]>;
    delete(store: StoreName, key: Key): Promise<void>;
    /** Records whose key in `index` (null: the primary key) is in the range (null: all), in order. */
    list<S extends StoreName>(store: S, index: string | null, range: KeyRange | null, options?: ListOptions): Promise<Records[S][]>;
    deleteRange(store: StoreName, range: KeyRange): Promise<void>;
}

/** The parts of a browser that the store uses, each replaceable. */
interface Environment {
    fetch(url: string, options: RequestInit): Promise<Response>;
    /** Opens the local database of this name. */
    openDatabase(name: string): Promise<LocalDatabase>;
    localStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
    /** `navigator.locks`; null where there is none: then nothing is sent, as tabs could not agree on which of them does it. */
    locks: Pick<LockManager, 'request'> | null;
    openChannel(name: string): Channel;
    clock: Clock;
    page: PageState;
    /** Between 0 and 1. */
    random(): number;
    /** Asks the browser to keep the page's data for good; whether it does. */
    persist(): Promise<boolean>;
}
/** A BroadcastChannel, as far as the store uses it. */
type Channel = Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
interface Clock {
    /** Epoch ms. */
    now(): number;
    setTimeout(callback: () => void, ms: number): unknown;
    clearTimeout(timer: unknown): void;
}
/** What happened to the page; `leaving`: it may be about to go. */
type PageEvent = 'visibility' | 'focus' | 'online' | 'leaving';
/** The page the store is in. */
interface PageState {
    isVisible(): boolean;
    isOnline(): boolean;
    /** Calls back when one of the two may have changed, and when the page may be about to go. Returns what ends that. */
    watch(callback: (event: PageEvent) => void): () => void;
}

/** Opens the browser's IndexedDB as a local database. */
declare function openIndexedDatabase(name: string): Promise<LocalDatabase>;

/** A local database that keeps nothing: for tests, and where the browser has no other. */
declare function createMemoryDatabase(): LocalDatabase;

/** What a live query has to show. A new object whenever anything of it is different, the same one until then. */
interface LiveState<Data> {
    /** Undefined until it has been read. What is the same as before is the very same object. */
    readonly data: Data | undefined;
    /** Whether nothing has been read yet. */
    readonly isLoading: boolean;
    /** Why it could not be read the last time. */
    readonly error: StoreError | null;
}
interface LiveParts<Data> {
    read: () => Promise<Data>;
    /** Calls back when it may have changed; returns what ends that. */
    watch: (changed: () => void) => () => void;
    /** The new data, with what is the same as before taken over from there. */
    reuse: (before: Data, next: Data) => Data;
    /** Nobody listens any more. */
    onIdle?: () => void;
}
/**
 * Data that is read again when it changes, by this tab, another one or another device, with all of this tab's own writes
 * in it. The methods are bound and fit React's `useSyncExternalStore`. It reads while somebody has subscribed.
 */
declare class LiveQuery<Data> {
    #private;
    constructor(parts: LiveParts<Data>);
    /** Listens for new states; returns what ends it. */
    readonly subscribe: (listener: () => void) => (() => void);
    readonly getSnapshot: () => LiveState<Data>;
    /** For server-side rendering: nothing is known there. */
    readonly getServerSnapshot: () => LiveState<Data>;
    get isIdle(): boolean;
    /** Reads again now. Resolves when the state is as new as it was when this was called. */
    refresh(): Promise<void>;
}

/**
 * Whose the data on this device are. Several tabs share them, and any of them may hand them to another user while another
 * tab waits for the server. A response is about what the former user had there, so it counts only within the epoch in
 * which it was asked for.
 */
interface Ownership {
    user: string | undefined;
    /** How often the data were handed to another user, or wiped. */
    epoch: number;
}

/** A refused write in the database. */
type StoredRefusal = RefusedRecord & {
    key: number;
};
/** Two sides changed the same thing; see `ConflictEvent`. `refused` is the record of the losing side. */
interface Conflict {
    conversationId: string;
    kind: 'message-edited' | 'edited-message-deleted' | 'deleted-message-edited' | 'conversation-edited' | 'conversation-deleted' | 'deleted-conversation-edited' | 'messages-added';
    messageId?: string;
    field?: string;
    kept?: unknown;
    lost?: unknown;
    movedTo?: string;
    refused?: StoredRefusal;
}

/** What the server sends, as far as the client looks at it. */
/** What the server says of a conversation without its messages; fields of clients' own come along. */
interface Summary {
    id: string;
    createdAt: string;
    updatedAt: string;
    totalTokens: number;
    messageCount: number;
    revision: number;
    etag?: string;
    [field: string]: unknown;
}
/** The response to a write: of creations and patches the summary itself, of others with `conversation`. */
interface WriteResponse {
    conversation?: Summary;
    /** Ids of deleted messages. */
    deleted?: string[];
    /** The change sequence of this write, and of the last one before it. */
    clock?: number;
    previousClock?: number;
    [field: string]: unknown;
}

/** Conversations and their messages, as they are saved and given back. */
/** A point in time as callers may give it: ISO 8601, epoch milliseconds, or a Date. */
type TimeInput = string | number | Date;
/** A frontend's own settings: whatever JSON it keeps there, of a type that only it knows. */
type McpServers = Record<string, any>;
/** What a message may be of. */
type MessageType = 'user' | 'assistant' | 'system' | 'tool';
/** The tokens a message accounts for. */
interface TokenCount {
    input: number;
    output: number;
    total: number;
}
/** A part of a message: text, reasoning, a call of a tool, a file. All but `type` is up to the library that made it. */
interface MessagePart {
    type: string;
    [field: string]: unknown;
}
/** How far the writing of a message has come. */
type MessageStatus = 'complete' | 'streaming' | 'aborted' | 'error';
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
interface ConversationMessage<Time = string> extends RichMessage {
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
interface MessageInput extends Omit<RichMessage, 'parts'> {
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
interface MessagePlace {
    /** The message that it follows; null for a first message. Without it, it follows the last one. */
    parentId?: string | null;
}
/** Where a fork comes from: a conversation of the user's own, or a share. */
type ForkOrigin = {
    conversationId: string;
    messageId: string | null;
} | {
    shareId: string;
    title: string;
};
/** A conversation. Fields not listed here are kept and given back as well. */
interface Conversation<Time = string> {
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
type ConversationSummary<Time = string> = Omit<Conversation<Time>, 'messages'>;
/** Which conversations a live list has. */
interface ListQuery {
    archived?: boolean;
    pinned?: boolean;
    tag?: string;
    /** At most so many, those first that were changed last. */
    limit?: number;
}
/** A conversation to save; `messages` may be missing, to save the rest only. */
interface ConversationInput {
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
interface ConversationUpdates {
    title?: string;
    pinned?: boolean | null;
    keep?: boolean | null;
    archived?: boolean | null;
    tags?: string[] | null;
    mcpServers?: McpServers | null;
    activeStreamId?: string | null;
}
/** A conversation that `search()` found. */
interface SearchResult {
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
interface ForkOptions {
    /** The last message of the fork; without it the last one of the conversation. */
    messageId?: string;
    /** Without it that of the conversation. */
    title?: string;
}
/** What `forkConversation()` has made. */
interface ForkedConversation {
    id: string;
    title: string;
    messageCount: number;
    forkedFrom: {
        conversationId: string;
        messageId: string | null;
    };
}
/** What a message, or a list of messages, needs for a title. */
interface TitleSource {
    type: string;
    content: string;
}

/** How the store is doing, and what it tells those who listen. */

type StatusMode = 'starting' | 'synced' | 'sending' | 'offline' | 'local' | 'signed-out';
/** How changes of other devices arrive: by a stream, by asking, not just now, or not at all. */
type LiveMode = 'stream' | 'polling' | 'resting' | 'off';
/** How the store is doing. */
interface StoreStatus {
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
    /** While the list comes to a device that does not have it yet: how far it is. Else null. */
    loading: ListLoading | null;
}
interface ListLoading {
    /** Conversations that are here. */
    done: number;
    /** Conversations in all; null until the server has said so. */
    total: number | null;
}
/** Something in the store has changed: read again what is on the screen. */
interface ChangeEvent {
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
interface ConflictEvent {
    conversationId: string;
    kind: 'message-edited'
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
interface RefusedWrite {
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
interface FailedEvent {
    conversationId: string | null;
    error: StoreError;
}
/** How far a long task is. */
interface ProgressEvent {
    task: 'migration' | 'import' | 'transfer' | 'erase';
    /** Conversations done. */
    done: number;
    /** Conversations in all, as far as is known. */
    total: number;
}
interface StoreEvents {
    change: ChangeEvent;
    status: StoreStatus;
    conflict: ConflictEvent;
    refused: RefusedWrite;
    progress: ProgressEvent;
    failed: FailedEvent;
}

/** Importing files: what a frontend chooses, and what becomes of them. */
/** What a file to import is written in, as the server names it. */
type ImportFormat = 'claude-code' | 'claude-ai' | 'chatgpt' | 'ui-messages' | 'librechat' | 'open-webui' | 'own';
interface ImportFileOptions {
    /** What it is written in; told by its shape where it is left out. */
    format?: ImportFormat;
    /** Called whenever the server has taken more of it. */
    onProgress?: (progress: ImportFileProgress) => void;
    /** Ends it; what the server has taken by then stays. */
    signal?: AbortSignal;
}
interface ImportFileProgress {
    /** Bytes done, unpacked. */
    done: number;
    /** Bytes in all. */
    total: number;
    /** What became of it so far. */
    report: ImportFileReport;
}
/** What became of a file of conversations. */
interface ImportFileReport {
    imported: number;
    /** Were there, and have become what their source is now. */
    updated: number;
    unchanged: number;
    /** Not taken by the server. */
    rejected: number;
    /** Not converted: there is nothing to be read in them, or they are not of the source's form. */
    skipped: number;
    conversations: FileConversation[];
    /** Lines that could not be read. */
    invalidLines: number;
    /** What was read: the file, or those of an archive. */
    files: {
        name: string;
        format: ImportFormat;
    }[];
    /** Files of an archive without conversations. */
    ignored: string[];
}
/** What became of a conversation of a file. */
interface FileConversation {
    file: string;
    /** Where it stands in the file: the first is 0. */
    index: number;
    id: string | null;
    status: 'imported' | 'updated' | 'unchanged' | 'rejected' | 'skipped';
    /** Why it was rejected or skipped: an error code of the server, or `too_large`, `wrong_shape`, `empty`, `duplicate_id`. */
    code?: string;
    /** The same as a sentence, where the server gave one. */
    message?: string;
    /** How many messages it has; null where the server did not say. */
    messages: number | null;
    /** How many files are named in it and are not there. */
    missingFiles: number;
}

/** The token of an auth provider's user; null where nobody is signed in. */
type GetToken = (options: {
    refresh: boolean;
}) => Promise<string | null> | string | null;

/** How a store is made. */

interface StoreOptions<Time = string> {
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

/** What the server tells: shares, the trash, statistics, reports. */

/** A read-only snapshot of a conversation that everybody who has the link can read. */
interface Share {
    id: string;
    conversationId: string;
    title: string;
    messageCount: number;
    createdAt: string;
    expiresAt: string;
}
/** Which page of a list of the server's: the first one, or that of another page's `nextCursor`. */
interface PageOptions {
    cursor?: string | null;
    /** At most 50; 20 by default. */
    limit?: number;
}
/** A conversation as the server lists it. */
interface ListedConversation {
    id: string;
    title: string;
    createdAt: string;
    updatedAt: string;
    messageCount: number;
    totalTokens: number;
}
/** A conversation in the trash. */
interface TrashedConversation extends ListedConversation {
    deletedAt: string;
    /** When it is gone for good. */
    expiresAt: string;
}
interface TrashPage {
    conversations: TrashedConversation[];
    /** Null on the last page. */
    nextCursor: string | null;
}
interface ExpiringPage {
    conversations: (ListedConversation & {
        expiresAt: string;
    })[];
    /** How many there are on all pages; null where there are too many conversations to count at once. */
    count: number | null;
    nextCursor: string | null;
}
/** What `forkShare()` has made of a share. */
interface ForkedShare {
    id: string;
    title: string;
    messageCount: number;
}
/** A page of a shared conversation, oldest message first. */
interface SharedConversation {
    id: string;
    title: string;
    createdAt: string;
    expiresAt: string;
    messageCount: number;
    messages: ConversationMessage[];
    nextCursor: string | null;
}
/** What became of the data under the old localStorage key. */
interface MigrationReport {
    /** `none`: there was nothing to migrate. `done`: the server has all of it. `waiting`: it goes on when the server can be
     * reached. `rejected`: done, but for what the server refused: see `rejected`. */
    state: 'none' | 'done' | 'waiting' | 'rejected';
    conversations: number;
    rejected: {
        id: string;
        code: string;
    }[];
}
/** The server's report on an import. */
interface ImportReport {
    imported: number;
    unchanged: number;
    rejected: {
        id: string | null;
        code: string;
    }[];
}
/** What brings an anonymous user back. */
interface RecoveryCode {
    /** Seven groups of four letters and digits. */
    code: string;
    createdAt: string;
}
interface Totals {
    conversations: number;
    messages: number;
    tokens: number;
}
/** The server's statistics of the user. */
interface Statistics {
    userId: string;
    totals: {
        current: Totals;
        lifetime: Totals;
    };
    bytes: number;
    /** How many days a conversation lives after it was last used; null where it never expires. */
    conversationTtlDays: number | null;
    /** How many conversations expire within 14 days. */
    expiringSoon: number;
    trash: {
        conversations: number;
        bytes: number;
    };
    /** When the anonymous user's recovery code was made, ISO 8601; null where there is none. */
    recoveryCodeCreatedAt: string | null;
    messagesPerConversation: {
        mean: number;
        max: number;
    };
    /** Of the last 30 days, UTC, by the messages' own timestamps. */
    activity: {
        date: string;
        messages: number;
        tokens: number;
    }[];
    /** What has been received of each model, ever; under null, what there was no room for by name. */
    models: {
        model: string | null;
        messages: number;
        tokens: number;
    }[];
}

/** What became of the records of one conversation. */
interface RecordChange {
    changed: boolean;
    deleted?: boolean | undefined;
    conflicts?: Conflict[];
    /** The id under which a deleted conversation was saved, where it goes on under another one. */
    movedFrom?: string;
    /** Where unsent messages of a deleted conversation live on. */
    copy?: string | undefined;
}
/** `confirmed`: only the server's knowledge of a write is new, so that nothing has to be read again. */
type ChangeSource = ChangeEvent['source'] | 'confirmed';
/** A portion of an import that the server has taken. */
interface ImportedPortion {
    ids: string[];
    /** Conversations still to be imported. */
    left: number;
    rejected: {
        id: string;
        code: string;
    }[];
}
/** What the parts of an open store tell one another, along with the events that a frontend hears. */
interface InternalEvents extends StoreEvents {
    /** Records were changed. */
    'records-changed': {
        id: string;
        change: RecordChange;
        source: ChangeSource;
    };
    /** Writes were refused, and their contents stored. */
    'writes-refused': StoredRefusal[];
    /** The server has confirmed a write. */
    'write-confirmed': {
        response: WriteResponse;
        ownership: Ownership;
    };
    /** The server has taken a portion of an import. */
    imported: ImportedPortion;
    /** What waits in the outbox may have changed. */
    'outbox-changed': undefined;
    /** The server has answered a request as it should. */
    'server-reached': undefined;
    /** Sending or listening has failed, with this code. */
    'server-failed': string;
    /** A frontend had to do without the server. */
    'used-without-server': 'read' | 'write';
    /** This tab has found a conflict. */
    'conflict-found': undefined;
    'live-mode': LiveMode;
    /** How far the list is that comes to this device; null: it broke off. */
    'list-loading': ListLoading | null;
    /** All of it is here. */
    'list-loaded': undefined;
}
type Listener<Event> = (event: Event) => unknown;
/** Typed events. A listener that throws does not keep the event from the others. */
declare class EventBus<Events extends object = InternalEvents> {
    #private;
    /** Listens; returns what ends it. */
    on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void;
    /** Tells the listeners; resolves when those that return promises are done. */
    emit<Name extends keyof Events>(name: Name, event: Events[Name]): Promise<void>;
}

/** What live queries read with. */
interface LiveSource<Time> {
    events: EventBus<LiveEvents>;
    getConversation(id: string): Promise<Conversation<Time> | null>;
    loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>>;
    getAllConversations(): Promise<ConversationSummary<Time>[]>;
}
interface LiveEvents {
    change: ChangeEvent;
    /** The store was opened again. */
    opened: undefined;
}
/** A conversation that is read again when it changes. Data is null where there is no such conversation. */
declare class LiveConversation<Time> extends LiveQuery<Conversation<Time> | null> {
    #private;
    constructor(source: LiveSource<Time>, id: string, onIdle: () => void);
    /** Adds a page of older messages, if there are any. */
    loadOlder(): Promise<void>;
}
/** The list of conversations, read again when any of them changes. */
type LiveList<Time> = LiveQuery<readonly ConversationSummary<Time>[]>;

/** A store that can be opened, closed, listened to and watched: what all else of it is built on. */
declare abstract class StoreCore<Time = string> {
    #private;
    /** Opens the store, too. */
    constructor(options?: StoreOptions<Time>);
    abstract getConversation(id: string): Promise<Conversation<Time> | null>;
    abstract loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>>;
    abstract getAllConversations(): Promise<ConversationSummary<Time>[]>;
    /** Opens the store again after `close()`; one that is open stays as it is. */
    open(): void;
    /** Resolves when the local data can be read; methods wait for it by themselves. */
    get ready(): Promise<void>;
    /**
     * A conversation that is read again whenever it changes: to subscribe to, as React's `useSyncExternalStore` does.
     * Everything that this tab has saved is in it at once, before the server has it. Null: none is open.
     */
    liveConversation(id: string | null): LiveConversation<Time>;
    /** The list, likewise. */
    liveList(query?: ListQuery): LiveList<Time>;
    get status(): StoreStatus;
    /** Listens; returns what ends it. */
    on<Name extends keyof StoreEvents>(name: Name, listener: (event: StoreEvents[Name]) => void): () => void;
    /** Ends timers, stream and database; what waits is sent by the next page that opens the store. */
    close(): Promise<void>;
    /** Sends now what waits. Resolves when all is confirmed; rejects with the reason why it is not. */
    flush(): Promise<void>;
    /** Asks the server now what has changed. */
    sync(): Promise<void>;
    /**
     * Asks the browser to keep this page's data when it runs out of room. Resolves with whether it does. Some browsers ask the
     * person: best called when there is something to lose.
     */
    persist(): Promise<boolean>;
}

/**
 * What belongs to the user rather than to one conversation: codes and sessions, everything in and out, shares, the trash. Most
 * of it asks the server.
 */
declare abstract class AccountStore<Time = string> extends StoreCore<Time> {
    #private;
    /** A code of 8 characters by which another device becomes this user, once, within 10 minutes. */
    createLinkCode(): Promise<{
        code: string;
        expiresAt: string;
    }>;
    /**
     * Becomes the user whose code it is. With `keepLocal` (the default) the conversations of this device's user so far
     * go along; without, they are removed from this device: ask before. Rejects with `wrong_code`.
     */
    redeemLinkCode(code: string, options?: {
        keepLocal?: boolean;
    }): Promise<{
        userId: string;
        kept: number;
    }>;
    /**
     * A code that brings this anonymous user back on a browser that has lost it; the code before ends. Nobody can tell it
     * again: it is to be written down or printed. `getStatistics()` says whether there is one, and since when.
     */
    createRecoveryCode(): Promise<RecoveryCode>;
    /**
     * Becomes the user whose recovery code it is, as `redeemLinkCode()` does. Rejects with `wrong_code`, and with
     * `invalid_field` where the code is mistyped.
     */
    recover(code: string, options?: {
        keepLocal?: boolean;
    }): Promise<{
        userId: string;
        kept: number;
    }>;
    /** Ends the recovery code, if there is one. */
    revokeRecoveryCode(): Promise<void>;
    /** Ends the session of all other devices. */
    signOutEverywhere(): Promise<void>;
    /** For a device that was signed out: a new anonymous user, to whom what is on this device is sent. */
    startNewSession(): Promise<void>;
    /** With `getToken`: takes what the anonymous user of this device has into the account, once. */
    claimAnonymous(): Promise<{
        conversations: number;
    }>;
    /**
     * Deletes everything of the user, at the server, on this device, and on others that listen just then. A device that does
     * not keeps what it has; nothing of it goes to the server again unless something is written to it there.
     */
    eraseEverything(): Promise<void>;
    /** Everything at the server, as lines of JSON that `importData()` takes back. */
    exportAll(): Promise<Blob>;
    exportConversation(id: string, format?: 'json' | 'markdown' | 'ndjson'): Promise<Blob>;
    /**
     * Imports an export, the value of the old localStorage key, or `{"conversations":[...]}`, of any size. Where the server
     * is away or switched off, to this device, and from there to the server later.
     */
    importData(data: string | Blob | readonly ConversationInput[]): Promise<ImportReport>;
    /**
     * Imports a file of another system as it is, or one of the service's own, of any size: sessions of Claude Code, exports of
     * claude.ai, ChatGPT, LibreChat and Open WebUI, `UIMessage[]`; also those in a ZIP archive. The server converts it, so it rejects
     * with `offline` without it. The same file again changes nothing but for what is new in it.
     */
    importFile(file: Blob, options?: ImportFileOptions): Promise<ImportFileReport>;
    /** Imports the old localStorage data: on start by itself, unless `migrate: false`. */
    migrate(): Promise<MigrationReport>;
    /** Writes what there is now back into the old key, in its form, and forgets that it was migrated. */
    undoMigration(): Promise<{
        conversations: number;
    }>;
    /** Deletes the old key, once all of it is at the server; until then rejects with `not_migrated`. */
    removeOldData(): Promise<void>;
    createShare(conversationId: string, { expiresAt }?: {
        expiresAt?: TimeInput;
    }): Promise<Share>;
    listShares(): Promise<Share[]>;
    /** A share of anybody's; needs no user. */
    readShare(id: string, { cursor }?: {
        cursor?: string;
    }): Promise<SharedConversation>;
    /** Makes a conversation of the user's own of a share of anybody's. It is at the server; the next sync brings it here. */
    forkShare(id: string): Promise<ForkedShare>;
    deleteShare(id: string): Promise<void>;
    /** A page of what is in the trash, last deleted first. */
    listTrash(options?: PageOptions): Promise<TrashPage>;
    /** Takes a conversation out of the trash. It is in the list at once, on this device. */
    restoreConversation(id: string): Promise<void>;
    /** Deletes a conversation for good, whether it is in the trash or not. */
    deletePermanently(id: string): Promise<void>;
    /** Deletes for good what is in the trash. */
    emptyTrash(): Promise<void>;
    /**
     * A page of the conversations that expire within so many days (14, at most 365), last changed first. To keep one,
     * `updateConversation(id, { keep: true })`.
     */
    listExpiring(options?: PageOptions & {
        days?: number;
    }): Promise<ExpiringPage>;
    /** How many days the user's conversations live without being used; null is for ever, as far as the server allows. */
    setConversationTtl(days: number | null): Promise<Statistics>;
    getStatistics(): Promise<Statistics>;
}

/** The conversation store of a chat frontend. All methods may be called at once, in any tab. */
declare class HybridConversationStore<Time = string> extends AccountStore<Time> {
    #private;
    /**
     * The list, last changed first, from the device; no messages in it unless `messages` says so, and then those that
     * are on the device.
     */
    getAllConversations(options?: {
        messages?: false;
    }): Promise<ConversationSummary<Time>[]>;
    getAllConversations(options: {
        messages: boolean;
    }): Promise<Conversation<Time>[]>;
    /**
     * A conversation with its newest messages: from the device, and refreshed in the background (`change` tells); from
     * the server where the device has none of its messages. Null where there is no such conversation. Rejects with the
     * signal's reason where that has been aborted meanwhile: of two clicks the last one counts.
     */
    getConversation(id: string, { signal }?: {
        signal?: AbortSignal;
    }): Promise<Conversation<Time> | null>;
    /** The conversation with a page more of older messages than `conversation` has. */
    loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>>;
    /**
     * Saves what is different from what this object was given: new and edited messages, and those it was given and no
     * longer has. Messages it was never given stay as they are. Without its `snapshot` (an object built anew), only messages
     * this tab was given or has saved can go, only such as stand behind the first message of `conversation`, and none if it
     * has no messages. Resolves when it is safe on the device. Rejects with `conversation_deleted` where it was deleted and
     * holds nothing new.
     */
    saveConversation(conversation: ConversationInput): Promise<void>;
    /** Deletes a conversation: it goes to the trash, where the server has it. */
    deleteConversation(id: string): Promise<void>;
    /**
     * Adds a message behind the last one, or with `parentId` behind that one, null: as a first message. Where that is not the last
     * one, it begins a branch: what followed stays as its alternative, see `switchBranch()`. A message that is there
     * already is edited.
     */
    addMessage(conversationId: string, message: MessageInput, options?: MessagePlace): Promise<void>;
    /** Adds a message, or replaces it whole where it stands: fields that are left out are gone. */
    putMessage(conversationId: string, message: MessageInput, options?: MessagePlace): Promise<void>;
    /**
     * Shows the branch with this message, up to the newest message behind it: one of a shown message's `siblingIds`. At once
     * where the branch is on this device, else it is fetched; rejects with `offline` where that is not possible.
     */
    switchBranch(conversationId: string, messageId: string): Promise<void>;
    /**
     * Makes a new conversation of the path up to this message, or of all of it: on this device where it is all here, else at the
     * server; rejects with `offline` where that cannot be asked.
     */
    forkConversation(conversationId: string, options?: ForkOptions): Promise<ForkedConversation>;
    updateMessage(conversationId: string, messageId: string, updates: Partial<MessageInput>): Promise<void>;
    /** The first 6 words of the first user message, at most 50 characters. */
    generateTitle(messages: readonly TitleSource[]): string;
    /** A new, empty conversation; it is kept when it is saved. */
    createNewConversation(mcpServers?: McpServers): Conversation<Time>;
    /** Deletes a message, and what followed it follows what it followed; with `andAfter` all that follow it go, in every branch. */
    deleteMessage(conversationId: string, messageId: string, options?: {
        andAfter?: boolean;
    }): Promise<void>;
    updateConversation(id: string, updates: ConversationUpdates): Promise<void>;
    /** Conversations on this device whose title or text has all the words, last changed first. */
    search(text: string, { limit }?: {
        limit?: number;
    }): Promise<SearchResult[]>;
    /** The conversation opened last, on this device or, where it never opened one, at the server. */
    getCurrentConversationId(): Promise<string | null>;
    setCurrentConversationId(id: string | null): Promise<void>;
    /** Refused writes and losing sides of conflicts, newest first. */
    refusedWrites(): Promise<RefusedWrite[]>;
    discardRefused(key: number): Promise<void>;
    /** How many conversations this device holds: whether there is something to ask about before `redeemLinkCode()`. */
    countLocalConversations(): Promise<number>;
}
/** The conversation store of a chat frontend. */
type ConversationStore<Time = string> = HybridConversationStore<Time>;
/** Makes the conversation store of a chat frontend, and opens it. */
declare function createConversationStore<Time = string>(options?: StoreOptions<Time>): ConversationStore<Time>;

export { HybridConversationStore, LiveConversation, LiveQuery, StoreError, createConversationStore, createMemoryDatabase, openIndexedDatabase };
export type { ChangeEvent, Channel, Clock, ConflictEvent, Conversation, ConversationInput, ConversationMessage, ConversationStore, ConversationSummary, ConversationUpdates, Environment, ExpiringPage, FailedEvent, FileConversation, ForkOptions, ForkOrigin, ForkedConversation, ForkedShare, ImportFileOptions, ImportFileProgress, ImportFileReport, ImportFormat, ImportReport, Key, KeyRange, ListLoading, ListOptions, ListQuery, ListedConversation, LiveList, LiveMode, LiveState, LocalDatabase, LocalTransaction, McpServers, MessageInput, MessagePart, MessagePlace, MessageStatus, MessageType, MigrationReport, PageEvent, PageOptions, PageState, ProgressEvent, RecoveryCode, RefusedWrite, SearchResult, Share, SharedConversation, Statistics, StatusMode, StoreErrorDetails, StoreEvents, StoreOptions, StoreStatus, TimeInput, TitleSource, TokenCount, Totals, TrashPage, TrashedConversation };
