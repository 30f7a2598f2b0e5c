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
     * release of the page: reload this one), `account_mismatch`, `user_changed` (the device got another user, or was erased, before it
     * was done; what is sent by itself is tried again), `invalid_archive`.
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

/** What waits, for the status. */
interface Waiting {
    /** Conversations with something to send. */
    pending: number;
    /** Refused writes whose content is kept. */
    refused: number;
}

/** Fields by name; values are what JSON can hold. */
type Fields = Record<string, unknown>;

/** The records of each store. */
interface Records {
    conversations: ConversationRecord;
    messages: MessageRecord;
    outbox: OutboxEntry;
    refused: RefusedRecord;
    state: StateRecord;
    segments: SegmentRecord;
    unindexed: UnindexedRecord;
}
type StoreName = 'conversations' | 'messages' | 'outbox' | 'refused' | 'state' | 'segments' | 'unindexed';
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
    /** The conversation in which the rest of this one continues. */
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
/** The part of the index that finds one conversation. See search/segment.ts. */
interface SegmentRecord {
    conversation: string;
    /** Which write to the index it was, counted by `indexed`: tabs read what others have written since. */
    stamp: number;
    /** Of the conversation. */
    updatedAt: number;
    /** Line by line: the ids of its messages, in front of them an empty one for the title. */
    ids: string;
    lengths: Uint32Array;
    /** Line by line, in order. */
    terms: string;
    starts: Uint32Array;
    postings: Uint32Array;
}
/** A conversation that was written to since it was indexed; until then it has no segment. See unindexed.ts. */
interface UnindexedRecord {
    conversation: string;
    /** Another one with every write. */
    mark: number;
}
interface StateRecord {
    name: string;
    value: unknown;
}
/**
 * What is stored in `state`: the name there, and the type of its value. `clock`, `tenure` and `company` are the names that
 * devices have stored since version 1; renaming them would take an upgrade of every database, and change nothing in it.
 */
interface States {
    /** How far this browser knows the user's changes: the server's cursor. */
    cursor: string | undefined;
    /** The change sequence of the last change, where it is known to be the last. */
    clock: number | undefined;
    /** The owner of the data, and as `number` the ownership epoch. See ownership.ts. */
    tenure: {
        user: string | undefined;
        number: number;
    };
    /** Presence: when another device was last active. See presence.ts. */
    company: number;
    /** The conversation opened last. */
    current: string | null;
    /** Fields that frontends of this browser have written themselves. */
    knownFields: {
        message: string[];
        conversation: string[];
    };
    /** How many segments were written so far. */
    indexed: number;
    /** The ids of what was copied here from an anonymous user's data under other ids, by the ids there. See take-over.ts. */
    claimed: Record<string, string>;
    /** How far the migration of the old localStorage data is. */
    migration: {
        phase: 'storing' | 'sending' | 'sent' | 'undone';
        source: string;
        total: number;
        rejected: Rejection[];
    };
}
/** A conversation that could not be stored, and why. */
interface Rejection {
    id: string;
    code: string;
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
/** A transactional store of records, as IndexedDB is one. Its transactions note what is to be indexed: see unindexed.ts. */
interface LocalDatabase {
    readonly kind: 'indexeddb' | 'memory';
    /** Of the IndexedDB, for workers that read it, too. */
    readonly name?: string;
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
interface LiveParts$1<Data> {
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
    constructor(parts: LiveParts$1<Data>);
    /** Listens for new states; returns what ends it. */
    readonly subscribe: (listener: () => void) => (() => void);
    readonly getSnapshot: () => LiveState<Data>;
    /** For server-side rendering: nothing is known there. */
    readonly getServerSnapshot: () => LiveState<Data>;
    get isIdle(): boolean;
    /** Reads again now. Resolves when the state is as new as it was when this was called. */
    refresh(): Promise<void>;
    /** What was read so far counts no more: nothing is shown until it is read again. */
    protected reset(): void;
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
/** What changed since a cursor. */
interface SyncResponse {
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
interface StreamedChange {
    type: string;
    conversationId?: string;
    revision: number;
    clock: number;
    messages?: SentMessage[];
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
/** A session, as the server begins or renews it. */
interface SessionResponse {
    token: string;
    userId?: string;
    expiresAt?: string;
    currentConversationId?: string | null;
}

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
/** When a conversation is to be deleted. */
interface DeleteOptions {
    /**
     * Only where its `updatedAt` is not later than this; otherwise, or if this is no time, it stays as it is. Compared in the
     * transaction that deletes it: no tab can write in between. What another device wrote meanwhile keeps it with or without this.
     */
    ifUnchangedSince?: TimeInput;
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
    /**
     * The data on this device are another user's, or those of a user were erased: what is on the screen, and what is about to be
     * sent, is not of the user who is here now. Not told of the first user that a device has.
     */
    'user-changed': undefined;
}

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

/**
 * The locks that the tabs of one browser share. Where the browser has none, work is done at once: nothing is sent then,
 * and other tabs cannot be waited for.
 */
declare class Locks {
    #private;
    constructor(locks: Environment['locks'], account: string);
    /** Begins, renews or changes the session in one tab at a time. */
    session<T>(work: () => Promise<T>): Promise<T>;
    /** Reads one conversation from the server in one tab at a time. */
    conversation<T>(id: string, work: () => Promise<T>): Promise<T>;
    /** Runs `work` while no user is changed (`shared`), or while nothing else is done meanwhile (`exclusive`), in any tab. */
    turn<T>(mode: LockMode, work: () => Promise<T>): Promise<T>;
}

/** A circuit breaker: after 5 failures in a row nothing is asked for 60 seconds, then one call tries. */
declare class CircuitBreaker {
    #private;
    constructor(clock: Clock, { threshold, resetAfter }?: {
        threshold?: number | undefined;
        resetAfter?: number | undefined;
    });
    /** Milliseconds until a call may be made: 0 where it may now. */
    get wait(): number;
    /** Notes that a call begins. */
    begin(): void;
    succeed(): void;
    fail(): void;
    /** The network has come back: what failed before says nothing any more. */
    reset(): void;
}

/**
 * Makes the keys that requests are recognised by when they are repeated (`Idempotency-Key`). A key tells when its request
 * was made, by the server's clock as far as it is known, so that the server can refuse a repeat that is older than what it
 * remembers.
 */
declare class RequestKeys {
    #private;
    constructor(clock: Clock);
    /** Learns the server's time from a response. Those of another origin do not tell it. */
    note({ headers }: Response): void;
    /** A key for a request that is kept, and may be repeated much later. */
    next(): string;
    /** The server has called a request with this key too old. Where that cannot be, the clock that made the key is wrong. */
    refused(key: string): void;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
interface RequestOptions {
    /** Sent as JSON unless it is text. */
    body?: unknown;
    /** The tag of the only state that it may change. */
    match?: string | undefined;
    /** An `ETag` as it came: no body is wanted where it still holds. */
    noneMatch?: string;
    /** The `Idempotency-Key` of a write that may be repeated. */
    key?: string | undefined;
    headers?: Record<string, string>;
    signal?: AbortSignal;
    /** The longest it may take, ms. */
    timeout?: number;
}
interface HttpResponse<Body> {
    status: number;
    headers: Headers;
    body: Body;
}
/** Sends requests to the HTTP API: a typed error for every failure, and none while the circuit breaker is open. */
declare class HttpClient {
    #private;
    /** Makes the keys of requests that are kept. */
    readonly keys: RequestKeys;
    constructor(base: string, environment: Environment, breaker: CircuitBreaker);
    /** The response with its body as JSON; rejects with a StoreError for anything but success. */
    call<Body>(method: Method, path: string, token: string | undefined, options?: RequestOptions): Promise<HttpResponse<Body>>;
    /** The response of `open` with its body as JSON, within the options' timeout. */
    withTimeout<Body>({ timeout }: RequestOptions, open: (signal: AbortSignal) => Promise<Response>): Promise<HttpResponse<Body>>;
    /** The response, its body unread. */
    open(method: Method, path: string, token: string | undefined, options?: RequestOptions): Promise<Response>;
}

interface StoredSession {
    token: string | null;
    userId?: string | null;
    /** ISO 8601. */
    expiresAt?: string | undefined;
    /** Epoch ms, as are all times below. */
    issuedAt?: number;
    /** Another device ended it. */
    isSignedOut?: boolean;
    /** When the server first refused the token. */
    refusedSince?: number | undefined;
}
/**
 * Where the session is kept: an anonymous user's in localStorage, shared by all tabs; an auth provider's only in memory,
 * as the provider keeps its own.
 */
declare class SessionStorage {
    #private;
    readonly isOfProvider: boolean;
    constructor(localStorage: Environment['localStorage'], isOfProvider: boolean);
    /** What is known of the session, or null. */
    get stored(): StoredSession | null;
    /** Whether there is a session, without beginning one. */
    get exists(): boolean;
    write(session: StoredSession): void;
    forget(): void;
}

/** The token of an auth provider's user; null where nobody is signed in. */
type GetToken = (options: {
    refresh: boolean;
}) => Promise<string | null> | string | null;
interface SessionParts {
    storage: SessionStorage;
    http: HttpClient;
    clock: Clock;
    locks: Locks;
    getToken: GetToken | undefined;
    /** Makes this user the owner of the data on this device; may refuse. */
    assignOwner: (user: string) => Promise<void>;
    /** Whose the data on this device are. */
    readOwner: () => Promise<Ownership>;
}
/**
 * Who the user is to the server: an anonymous user with a token of the server's, renewed before it expires; or the
 * user that the page's auth provider names.
 */
declare class Session {
    #private;
    constructor(parts: SessionParts);
    get isOfProvider(): boolean;
    get stored(): StoredSession | null;
    get exists(): boolean;
    /** The token to send for this owner of the data. Rejects where they are, or are just becoming, another user's. */
    tokenOf(ownership: Ownership): Promise<string>;
    /** The token of the user of the moment, where the data on this device are that user's. Begins a session where there is none. */
    ownersToken(): Promise<string>;
    /** The token of the user of the moment. Begins a session where there is none. */
    token(): Promise<string>;
    /** Another token for one that the server refused. */
    replace(token: string, error: StoreError): Promise<string>;
    /** Becomes the user of this session. */
    become(session: SessionResponse): Promise<void>;
    /** The user's other sessions were ended: this one goes on, where the device is still that user's. */
    keepFor({ user }: Ownership, session: SessionResponse): Promise<void>;
    /** Whose the data on this device are, of a session that is begun where there is none. */
    owner(): Promise<Ownership>;
    /**
     * Rejects where the token is not that of the owner of the data that a request is about: another tab has changed the user,
     * is just changing it, or was closed before it had changed both the data's and the session's.
     */
    expectOwner(token: string, ownership: Ownership): Promise<void>;
    /** Whether the data here are others by now. */
    hasEnded({ epoch }: Ownership): Promise<boolean>;
    /** Gives the data here to the user whose session this is. */
    reconcile(): Promise<void>;
    /** The server has taken the token. */
    confirm(): void;
    /** Waits for a renewal on its way, which would bring the session back. */
    forget(): Promise<void>;
}

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

/** A message, or a title, that a search has found. */
interface SearchResult {
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
interface SearchIndexing {
    /** Conversations that are prepared, of those in `of`. */
    done: number;
    /** Conversations that the server has looked at, the last changed ones first: up to 2,500 at a time. */
    of: number;
    /** Conversations that the user has at the server in all. */
    total: number;
}
/** What a search has found so far. */
interface SearchFindings {
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
interface LiveSearchOptions {
    /** At most so many results of this device, and as many as the server adds; default 50. */
    limit?: number;
    /** At most so many results of one conversation; default 3. */
    perConversation?: number;
}

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
/** What is to be deleted for good. */
interface PermanentDeletionOptions {
    /** As an entry of the trash has it: only that, and not what was restored since. */
    deletedAt?: string;
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
/** A token by which an agent reads, and nothing else. */
interface ReadToken {
    token: string;
    /** ISO 8601. */
    createdAt: string;
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
    /** The ttl of a conversation, in days since it was last used; null where it never expires. */
    conversationTtlDays: number | null;
    /** How many conversations expire within 14 days. */
    expiringSoon: number;
    trash: {
        conversations: number;
        bytes: number;
    };
    /** When the anonymous user's recovery code was made, ISO 8601; null where there is none. */
    recoveryCodeCreatedAt: string | null;
    /** When the token was made that only reads, ISO 8601; null where there is none. */
    readTokenCreatedAt: string | null;
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

interface DeviceResults {
    results: SearchResult[];
    /** Whether something was not indexed yet when this was searched. */
    isIndexing: boolean;
}

/** What the tabs of a browser share of the store's status: the leading tab tells the others. */
interface StatusState {
    /** Conversations with something to send. */
    pending: number;
    /** Refused writes whose content is kept. */
    refused: number;
    /** What last failed, until the server answers again. */
    error: {
        code: string;
    } | null;
    /** Whether the server has answered since the page was opened. */
    hasSucceeded: boolean;
    live: LiveMode;
    loading: ListLoading | null;
}
type StatusEvent = {
    type: 'counted';
    pending: number;
    refused: number;
} | {
    type: 'reached';
} | {
    type: 'failed';
    code: string;
} | {
    type: 'live';
    live: LiveMode;
} | {
    type: 'loading';
    loading: ListLoading | null;
} | {
    type: 'loaded';
}
/** The leading tab has told its state. */
 | {
    type: 'heard';
    state: StatusState;
};
/** What the mode depends on beside the state. */
interface StatusFacts {
    isEnabled: boolean;
    /** Whether tabs can agree on which of them sends. */
    hasLocks: boolean;
    hasSession: boolean;
    isSignedOut: boolean;
    isOnline: boolean;
}
/** What is this tab's own. */
interface TabStatus {
    leader: boolean;
    storage: StoreStatus['storage'];
}
/** Keeps the status, and tells when it is another. */
declare class StatusTracker {
    #private;
    constructor(bus: EventBus, facts: () => StatusFacts & {
        userId: string | null;
    });
    get state(): StatusState;
    get current(): StoreStatus;
    /** Whether everything happens on the device alone. */
    get isWithoutServer(): boolean;
    dispatch(event: StatusEvent): void;
    setTab(tab: Partial<TabStatus>): void;
    /** Tells the status where it is another than the last one told. */
    refresh(): void;
}

/** What a store has before its local data is open. */
interface Context {
    options: StoreOptions<unknown>;
    /** Of the local database, the locks and the channel of the tabs. */
    name: string;
    isEnabled: boolean;
    environment: Environment;
    bus: EventBus;
    locks: Locks;
    sessionStorage: SessionStorage;
    status: StatusTracker;
    users: KnownUser;
}
/** Whose the data were when the frontend of this tab was told last. */
interface KnownUser {
    known?: States['tenure'] | undefined | Promise<States['tenure'] | undefined>;
}

interface PublicOptions extends RequestOptions {
    /** Goes without a token. */
    isPublic: true;
}
interface UserOptions extends RequestOptions {
    isPublic?: undefined;
    /**
     * Whose data this is about, as it was read before anything was waited for: it goes as their user or not at all.
     * `anybody`: it says nothing of a user's data.
     */
    ownership: Ownership | 'anybody';
}
/** Every call says in whose name it goes: by the time that it is sent, the device may have another user. */
type ApiOptions = PublicOptions | UserOptions;
/** Calls of the HTTP API in the name of the session's user. */
declare class Api {
    #private;
    constructor(http: HttpClient, session: Session);
    get keys(): RequestKeys;
    /** The response with its body as JSON; rejects with a StoreError for anything but success. */
    call<Body>(method: Method, path: string, options: ApiOptions): Promise<HttpResponse<Body>>;
    /** The response, its body unread. */
    open(method: Method, path: string, given: ApiOptions): Promise<Response>;
    /** Begins a session where there is none, so that the data have an owner. */
    authenticate(): Promise<void>;
    /**
     * Whose data an operation is about that begins now; begins a session where there is none. `since`: rejects where other
     * data are here than were then.
     */
    owner(since?: Ownership): Promise<Ownership>;
}

/**
 * How often this page had to do without the server, for the operator's statistics: counts and codes, nothing of the
 * user's. Sent at most once an hour, and only when there is something to say.
 */
declare class UsageReports {
    #private;
    constructor(api: Api, clock: Clock);
    count(what: 'read' | 'write' | 'conflict'): void;
    countError(code: string): void;
    /** Sends what has come together, where it is time. What cannot be sent is counted on. */
    send(): Promise<void>;
}

interface Parts {
    database: LocalDatabase;
    bus: EventBus;
    /** What the frontend was told last. */
    users: KnownUser;
}
/**
 * Whose the data are, as far as the frontend of this tab knows. Any tab may change that, and so may a refused token: the
 * frontend is told before it gets a token of the next user, so that nothing of the former one goes out under it.
 */
declare class UserWatch {
    #private;
    constructor(parts: Parts);
    /** Looks whose the data are, and tells where they are another user's. Resolves when that is told. */
    check(): Promise<void>;
}

interface FeedParts {
    database: LocalDatabase;
    api: Api;
    clock: Clock;
    bus: EventBus;
    /** Resolves when no write is on its way. */
    writesSettled: () => Promise<void>;
}
/** Follows the user's changes by the server's cursor, step by step, into the records. */
declare class ChangeFeed {
    #private;
    constructor({ database, api, clock, bus, writesSettled }: FeedParts);
    /** From where to ask, and whose changes. */
    place(): Promise<{
        cursor: string | undefined;
        ownership: Ownership;
    }>;
    /** Asks what has changed, until nothing more is there. Returns whether another device changed anything. */
    ask(): Promise<boolean>;
    /** Before a request: the set is given every conversation that a write is confirmed of from now on. */
    noteConfirmations(): Set<string>;
    forgetConfirmations(confirmed: Set<string>): void;
    /**
     * Applies a response of the sync. `confirmed`: what the server may have only since it answered. Returns whether it told
     * anything new.
     */
    apply(response: SyncResponse, ownership: Ownership, confirmed: Set<string>): Promise<boolean>;
    /** The server has this conversation: it has just confirmed a write to it. */
    noteOnServer(id: string): void;
    /**
     * Applies one change as the stream tells it. Returns whether the records hold all of it (else the server has to be
     * asked), and whether it was news. `keepCursor`: an earlier change is still to be asked for.
     */
    applyOne(event: StreamedChange, cursor: string | undefined, keepCursor: boolean, ownership: Ownership): Promise<{
        isEnough: boolean;
        isForeign: boolean;
    }>;
    /** Another device has erased everything: to this one it is as if each conversation had been deleted. */
    erase(ownership: Ownership): Promise<void>;
    /**
     * The response to a write. True where it follows the last known change, and so moves the cursor; false where another
     * device has changed something in between; undefined where this cannot be told.
     */
    applyOwn({ clock, previousClock }: WriteResponse, ownership: Ownership): Promise<boolean | undefined>;
}

/**
 * Whether there is another device, and how recently it was active: the more likely there is something to hear, the more
 * often it is worth its price to ask, and only where another device is at work is it worth a stream.
 */
declare class Presence {
    #private;
    private constructor();
    static load(database: LocalDatabase, clock: Clock): Promise<Presence>;
    /** Another device has changed something, or was linked. */
    note(): Promise<void>;
    /** Another device is active just now: to hear each of its changes at once is worth a stream. */
    get isActive(): boolean;
    /** Another device was active within the hour, and may go on. */
    get isRecent(): boolean;
    /** How long to wait before asking again, ms, after asking so many times and hearing nothing. */
    pauseBetweenPolls(quiet: number): number;
}

interface LiveParts {
    api: Api;
    feed: ChangeFeed;
    presence: Presence;
    session: SessionStorage;
    clock: Clock;
    page: PageState;
    bus: EventBus;
    /** Resolves when no write is on its way. */
    writesSettled: () => Promise<void>;
}
/**
 * Hears of other devices' changes, and not at all in a hidden tab. Where no other device is at work the server is asked, at
 * once when the page is shown, focused or online again, then less and less often: a stream keeps an instance of the server
 * open, and costs as much as asking some thirty times. Where another one is at work, a stream tells each change as it
 * happens; where streams do not get through, asking is what is left.
 */
declare class LiveUpdates {
    #private;
    constructor(parts: LiveParts);
    start(): void;
    stop(): Promise<void>;
    /** The tab was shown, hidden or focused, or the network came or went. */
    pageChanged(event?: PageEvent): void;
    /** The server answers, and there may be a user now. */
    reconsider(): void;
    /** A write was answered. Where it shows that no other device has written, there is no need to ask for a while. */
    noteWrite(response: WriteResponse, ownership: Ownership): Promise<void>;
    /** Asks now. */
    ask(): Promise<void>;
}

interface PullParts {
    database: LocalDatabase;
    api: Api;
    clock: Clock;
    bus: EventBus;
}
/** Brings what is here of a conversation up to what the server has of it. */
declare class Pull {
    #private;
    constructor({ database, api, clock, bus }: PullParts);
    /**
     * Reads the newest page; and older ones until these messages are known, or all of them. Calls for the same conversation
     * share one request.
     */
    refresh(id: string, until?: RefreshUntil): Promise<void>;
    /** Reads all branches, for what may be beside the path. */
    pullBranches(id: string): Promise<void>;
    /** A conversation that is not known here, if the server has it. */
    discover(id: string): Promise<ConversationRecord | undefined>;
    /** Reads the page before the messages that are verified. */
    pullOlderPage(id: string): Promise<void>;
    /**
     * Up to `limit` messages before this place, oldest first: as the server has them where it can be asked, else as they
     * are here.
     */
    before(id: string, place: number | null, limit: number, { mayAsk }: {
        mayAsk: boolean;
    }): Promise<MessageRecord[]>;
    /** Whether there are messages before this place, here or at the server; which is the last one of them, and what is beside. */
    hasBefore(id: string, place: number | null): Promise<{
        hasOlder: boolean;
        previous: string | null;
        beside: MessageRecord[];
    }>;
    /** The conversation that an id leads to, where it was moved. */
    resolve(id: string): Promise<ConversationRecord | undefined>;
}

interface PushParts {
    database: LocalDatabase;
    api: Api;
    pull: Pull;
    feed: ChangeFeed;
    presence: Presence;
    locks: Locks;
    clock: Clock;
    random: () => number;
    bus: EventBus;
}
/**
 * Sends what waits in the outbox, one request at a time, each stored before it is sent and repeated as it was until
 * there is a response. Runs in one tab only.
 */
declare class Push {
    #private;
    constructor(parts: PushParts);
    start(): void;
    /** Resolves when the request under way is over. */
    stop(): Promise<void>;
    /** Something may have changed: what is due is sent, and for the rest there is a timer. */
    wake(): void;
    /** Something was written, which is not due at once: by then one look at the outbox does for all that was written. */
    wakeLater(): void;
    /** Resolves when no request is on its way. */
    settled(): Promise<void>;
    /** The server can be reached again, as far as is known. */
    retryNow(): void;
    /** Sends all that waits, now; false where it was stopped before. Rejects with what keeps it from being sent. */
    flush(): Promise<boolean>;
}

/**
 * What synchronises the local data with the server. It is loaded beside the store: conversations are read and written
 * before it is there.
 */
interface SyncEngine {
    breaker: CircuitBreaker;
    session: Session;
    api: Api;
    presence: Presence;
    pull: Pull;
    feed: ChangeFeed;
    push: Push;
    live: LiveUpdates;
    reports: UsageReports;
    users: UserWatch;
    /** The header for the user of the moment, of whom the frontend has been told. */
    authorization(): Promise<{
        Authorization: string;
    }>;
}

/** Loads what synchronises, once; where that fails, again when it is next asked for. */
declare class EngineLoader {
    #private;
    constructor(context: Context, database: LocalDatabase);
    /** Null until it is there. */
    get loaded(): SyncEngine | null;
    /** Rejects with `offline` where it cannot be loaded. */
    get(): Promise<SyncEngine>;
}

/** What a write did. */
interface WriteResult {
    /** The conversation it was written to. */
    id: string;
    changed: boolean;
    /** Whether there is a new message, with which the path ends. */
    isAdded?: boolean;
    deleted?: boolean;
    conflicts: Conflict[];
    /** Messages that could not be stored, and were not refused before. */
    refused?: StoredRefusal[];
}

/** Conversations that a frontend has on the screen are refreshed when they change elsewhere. */
declare class OpenedConversations {
    #private;
    constructor(database: LocalDatabase, engine: EngineLoader, locks: Locks);
    note(id: string): void;
    /** These have changed elsewhere. */
    refresh(changed: readonly string[]): Promise<void>;
}

/** Conversations that are listed, and whose messages are just being stored. */
declare class PendingImports {
    #private;
    /** From now on, calls that need the messages of these conversations wait. */
    hold(ids: readonly string[]): void;
    /** Their messages are stored, or will not be. */
    release(ids: readonly string[]): void;
    /** Resolves when the conversation's messages are there. */
    wait(id: string): Promise<void>;
    waitForAll(): Promise<void>;
}

/** What tabs tell one another over their channel. Tabs of another release may be among them. */
type TabMessage = 
/** A tab has opened: the leading one tells its status. */
{
    type: 'hello';
} | {
    type: 'status';
    state: StatusState;
} | {
    type: 'change';
    changed: string[];
    deleted: string[];
    source: ChangeSource;
} | {
    type: 'event';
    name: 'conflict';
    event: ConflictEvent;
} | {
    type: 'event';
    name: 'refused';
    event: RefusedWrite;
}
/** Something new waits to be sent. */
 | {
    type: 'outbox';
}
/** Send now what waits, and answer with `flushed`. */
 | {
    type: 'flush';
    id: number;
} | {
    type: 'flushed';
    id: number;
    error?: {
        code: string;
        message: string;
    };
}
/** The user, or all data, has changed: begin anew. */
 | {
    type: 'user';
}
/** A tab has noticed that the data are another user's. */
 | {
    type: 'owner';
};

interface AnnouncerParts {
    bus: EventBus;
    channel: Channel;
    opened: OpenedConversations;
}
/** Tells this tab's frontend, and all other tabs, what has happened. */
declare class Announcer {
    #private;
    constructor(parts: AnnouncerParts);
    /** Conversations are new or different. */
    announce(changed: string[], source: ChangeSource): void;
    /** What another tab tells. */
    hear(message: TabMessage): void;
}

interface LeadershipParts {
    name: string;
    isEnabled: boolean;
    environment: Environment;
    channel: Channel;
    locks: Locks;
    status: StatusTracker;
    engine: EngineLoader;
    /** Counts what waits, for the status. */
    count: () => Promise<void>;
}
/** Whether this tab sends and listens, for all tabs of the browser. */
declare class Leadership {
    #private;
    constructor(parts: LeadershipParts);
    get isLeading(): boolean;
    /** A tab that is seen leads, and one with something to send; others leave it to those. */
    decide(): void;
    /** Something waits to be sent. */
    wake(): Promise<void>;
    /** A change waits, and has been counted: it is not sent before more of the same could have followed. */
    written(): void;
    /** Sends all that waits, now. Rejects with what keeps it from being sent. */
    flush(): Promise<void>;
    /**
     * Stops what goes on while `work` changes the user or all data, and begins anew with what there is then. No tab has a
     * write on its way meanwhile: after an erasure it would bring back what was erased.
     */
    exclusively<T>(work: () => Promise<T>): Promise<T>;
    post(message: TabMessage): void;
    hear(message: TabMessage): void;
    close(): Promise<void>;
}

/** A store whose local data is open. */
interface OpenStore extends Context {
    database: LocalDatabase;
    engine: EngineLoader;
    opened: OpenedConversations;
    imports: PendingImports;
    announcer: Announcer;
    leadership: Leadership;
    /** Resolves when the status says what waits, and this tab may lead. What is here can be read before. */
    started: Promise<void>;
    /** Whether there is any point in asking the server now. */
    mayAsk(): boolean;
    /** Counts what waits, for the status. */
    count(): Promise<void>;
    /** After a change made in this tab: it is told, and is to be sent. */
    written(result: WriteResult & {
        movedFrom?: string;
    }, waiting: Waiting): void;
    close(): Promise<void>;
}

declare class SearchRun {
    #private;
    /** Called when there may be more to read. */
    readonly changed: () => void;
    constructor(search: Search, text: string, options: SearchOptions, changed: () => void, ended: () => void);
    read(): Promise<SearchFindings>;
    /** Asks the server for more. */
    more(): Promise<void>;
    end(): void;
}

interface SearchOptions {
    /** At most so many results. */
    limit: number;
    /** At most so many of one conversation. */
    perConversation: number;
}
declare class Search {
    #private;
    readonly store: OpenStore;
    constructor(store: OpenStore);
    /** Loads the index, and brings it up to date. */
    prepare(): Promise<void>;
    /** All that this device has. */
    searchDevice(text: string, options: SearchOptions): Promise<SearchResult[]>;
    /** What this device has so far. */
    searchIndexed(text: string, options: SearchOptions): Promise<DeviceResults>;
    /** Begins a search that goes on until it is ended. `changed` is called when there may be more to read. */
    begin(text: string, options: SearchOptions, changed: () => void): SearchRun;
    close(): void;
}

/** What searches, once the store is open and the search is loaded. */
interface SearchSource {
    events: EventBus<{
        change: ChangeEvent;
        opened: undefined;
        'user-changed': undefined;
    }>;
    loadSearch(): Promise<Search>;
}
/** What is found for a text: what this device has at once, and what the server adds when it comes. */
declare class LiveSearch extends LiveQuery<SearchFindings> {
    #private;
    constructor(source: SearchSource, text: string, options: LiveSearchOptions, onIdle: () => void);
    /** Lets the server look further, where there is more to look through. */
    loadMore(): Promise<void>;
}

/** What live queries read with. */
interface LiveSource<Time> extends SearchSource {
    events: EventBus<LiveEvents>;
    getConversation(id: string): Promise<Conversation<Time> | null>;
    loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>>;
    getAllConversations(): Promise<ConversationSummary<Time>[]>;
}
interface LiveEvents {
    change: ChangeEvent;
    /** The store was opened again. */
    opened: undefined;
    /** The data are another user's. */
    'user-changed': undefined;
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
    /** Resolves when the local data can be read and the status says what waits; methods wait for what they need by themselves. */
    get ready(): Promise<void>;
    /**
     * A conversation that is read again whenever it changes: to subscribe to, as React's `useSyncExternalStore` does.
     * Everything that this tab has saved is in it at once, before the server has it. Null: none is open.
     */
    liveConversation(id: string | null): LiveConversation<Time>;
    /** The list, likewise. */
    liveList(query?: ListQuery): LiveList<Time>;
    /**
     * What is found for a text, by all of its words, the beginning of the last one, and "phrases" between quotation marks: on
     * this device at once, in the index that it keeps; then what only the server has. Subscribe to another one as the text changes.
     */
    liveSearch(text: string, options?: LiveSearchOptions): LiveSearch;
    /** Loads the index and brings it up to date. Best called when somebody is about to search: by then it takes no time. */
    prepareSearch(): Promise<void>;
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
    /**
     * The header that tells the frontend's own server who asks, with a token that is valid now; begins a session where there is
     * none. For requests to the page's own origin only: with the token, all that is the user's can be read and written. A page that
     * listens for `user-changed` hears of another user before this gives that user's token.
     */
    authorization(): Promise<{
        Authorization: string;
    }>;
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
     * A token by which an agent reads this user's conversations, and does nothing else; the token before ends. Nobody can tell it
     * again. `getStatistics()` says whether there is one, and since when.
     */
    createReadToken(): Promise<ReadToken>;
    /** Ends that token, if there is one. */
    revokeReadToken(): Promise<void>;
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
    /**
     * Deletes a conversation for good, whether it is in the trash or not; with the `deletedAt` of an entry of the trash only that:
     * rejects with `conversation_not_found` where the conversation was restored since.
     */
    deletePermanently(id: string, options?: PermanentDeletionOptions): Promise<void>;
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
    /** Deletes a conversation: it goes to the trash, where the server has it. Where there is none, nothing happens. */
    deleteConversation(id: string, options?: DeleteOptions): Promise<void>;
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
     * where the branch is on this device, else it is fetched; rejects with `offline` where that is not possible. Of several
     * calls, and of messages added meanwhile, the last one counts: a branch that comes later than that is not shown any more.
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
    /** Of the conversations on this device whose title or text is found, the place where it is found best. See `liveSearch()`. */
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

export { HybridConversationStore, LiveConversation, LiveQuery, LiveSearch, StoreError, createConversationStore, createMemoryDatabase, openIndexedDatabase };
export type { ChangeEvent, Channel, Clock, ConflictEvent, Conversation, ConversationInput, ConversationMessage, ConversationStore, ConversationSummary, ConversationUpdates, DeleteOptions, Environment, ExpiringPage, FailedEvent, FileConversation, ForkOptions, ForkOrigin, ForkedConversation, ForkedShare, ImportFileOptions, ImportFileProgress, ImportFileReport, ImportFormat, ImportReport, Key, KeyRange, ListLoading, ListOptions, ListQuery, ListedConversation, LiveList, LiveMode, LiveSearchOptions, LiveState, LocalDatabase, LocalTransaction, McpServers, MessageInput, MessagePart, MessagePlace, MessageStatus, MessageType, MigrationReport, PageEvent, PageOptions, PageState, PermanentDeletionOptions, ProgressEvent, ReadToken, RecoveryCode, RefusedWrite, SearchFindings, SearchIndexing, SearchResult, Share, SharedConversation, Statistics, StatusMode, StoreErrorDetails, StoreEvents, StoreOptions, StoreStatus, TimeInput, TitleSource, TokenCount, Totals, TrashPage, TrashedConversation };
