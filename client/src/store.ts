import { createContext, type Context } from './context.js';
import { Conversations, createConversation, readOptions, type ReadOptions } from './conversations.js';
import { OLD_DATA_KEY } from './keys.js';
import { load } from './load.js';
import { listConversations, readState, writeState } from './local/records.js';
import { EventBus } from './event-bus.js';
import { codeOf, StoreError } from './errors.js';
import { LiveQueries, type LiveConversation, type LiveEvents, type LiveList } from './live-queries.js';
import type { LiveSearch } from './live-search.js';
import type { StoredRefusal } from './local/refused-writes.js';
import type { SessionResponse } from './net/wire.js';
import { openStore, type OpenStore } from './open.js';
import type { Search } from './search/search.js';
import { generateTitle } from './text.js';
import type {
  Conversation,
  ConversationInput,
  ConversationSummary,
  ConversationUpdates,
  ExpiringPage,
  ForkedConversation,
  ForkedShare,
  ForkOptions,
  ImportReport,
  ListQuery,
  LiveSearchOptions,
  McpServers,
  MessageInput,
  MessagePlace,
  MigrationReport,
  PageOptions,
  RecoveryCode,
  RefusedWrite,
  SearchResult,
  Share,
  SharedConversation,
  Statistics,
  StoreEvents,
  StoreOptions,
  StoreStatus,
  TimeInput,
  TitleSource,
  TrashPage,
} from './types.js';

/** What frontends hear, and what the store itself listens to. */
type PublicEvents = StoreEvents & LiveEvents;

const FORWARDED = ['change', 'status', 'conflict', 'refused', 'progress'] as const;

/** The conversation store of a chat frontend. All methods may be called at once, in any tab. */
export class HybridConversationStore<Time = string> {
  readonly #options: StoreOptions<Time>;
  readonly #events = new EventBus<PublicEvents>();
  readonly #read: ReadOptions<Time>;
  readonly #live: LiveQueries<Time>;
  #context: Context;
  #search: Promise<Search> | null = null;
  #opened: Promise<Opened<Time>> | null;

  /** Opens the store, too. */
  constructor(options: StoreOptions<Time> = {}) {
    const { readTime = (iso: string) => iso as Time, pageSize } = options;
    this.#options = options;
    this.#read = readOptions(readTime, pageSize);
    this.#live = new LiveQueries({
      events: this.#events as EventBus<object> as EventBus<LiveEvents>,
      getConversation: (id) => this.getConversation(id),
      loadOlder: (conversation) => this.loadOlder(conversation),
      getAllConversations: () => this.getAllConversations(),
      loadSearch: () => this.#loadSearch(),
    });
    this.#context = createContext(options as StoreOptions<unknown>);
    this.#opened = this.#open();
  }

  /** Opens the store again after `close()`; one that is open stays as it is. */
  open(): void {
    if (this.#opened) return;
    this.#context = createContext(this.#options as StoreOptions<unknown>);
    this.#opened = this.#open();
    this.#events.emit('opened', undefined);
  }

  #open() {
    const { bus } = this.#context;
    for (const name of FORWARDED) bus.on(name, (event) => this.#events.emit(name, event as never));
    const opened = open(this.#context, this.#read);
    // Callers that wait for it hear of a failure; nobody has to.
    opened.catch(() => {});
    return opened;
  }

  /** Resolves when the local data can be read; methods wait for it by themselves. */
  get ready(): Promise<void> {
    const ready = this.#opening.then(() => {});
    ready.catch(() => {});
    return ready;
  }

  get #opening(): Promise<Opened<Time>> {
    return this.#opened ?? Promise.reject(new StoreError('closed', 'The store was closed.'));
  }

  /**
   * A conversation that is read again whenever it changes: to subscribe to, as React's `useSyncExternalStore` does.
   * Everything that this tab has saved is in it at once, before the server has it. Null: none is open.
   */
  liveConversation(id: string | null): LiveConversation<Time> {
    return this.#live.conversation(id ?? '');
  }

  /** The list, likewise. */
  liveList(query: ListQuery = {}): LiveList<Time> {
    return this.#live.list(query);
  }

  /**
   * What is found for a text, by all of its words, the beginning of the last one, and "phrases" between quotation marks: on
   * this device at once, in the index that it keeps; then what only the server has. Subscribe to another one as the text changes.
   */
  liveSearch(text: string, options: LiveSearchOptions = {}): LiveSearch {
    return this.#live.search(text, options);
  }

  /** Loads the index and brings it up to date. Best called when somebody is about to search: by then it takes no time. */
  async prepareSearch(): Promise<void> {
    await (await this.#loadSearch()).prepare();
  }

  get status(): StoreStatus {
    return this.#context.status.current;
  }

  /**
   * The list, last changed first, from the device; no messages in it unless `messages` says so, and then those that
   * are on the device.
   */
  getAllConversations(options?: { messages?: false }): Promise<ConversationSummary<Time>[]>;
  getAllConversations(options: { messages: boolean }): Promise<Conversation<Time>[]>;
  async getAllConversations(options?: { messages?: boolean }): Promise<Conversation<Time>[]> {
    return (await this.#reading()).conversations.list(options);
  }

  /**
   * A conversation with its newest messages: from the device, and refreshed in the background (`change` tells); from
   * the server where the device has none of its messages. Null where there is no such conversation. Rejects with the
   * signal's reason where that has been aborted meanwhile: of two clicks the last one counts.
   */
  async getConversation(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<Conversation<Time> | null> {
    const { conversations, store } = await this.#reading();
    const conversation = await conversations.get(id);
    signal?.throwIfAborted();
    if (conversation) store.opened.note(conversation.id);
    return conversation;
  }

  /** The conversation with a page more of older messages than `conversation` has. */
  async loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>> {
    return (await this.#opening).conversations.loadOlder(conversation);
  }

  /**
   * Saves what is different from what this object was given: new and edited messages, and those it was given and no
   * longer has. Messages it was never given stay as they are. Without its `snapshot` (an object built anew), only messages
   * this tab was given or has saved can go, only such as stand behind the first message of `conversation`, and none if it
   * has no messages. Resolves when it is safe on the device. Rejects with `conversation_deleted` where it was deleted and
   * holds nothing new.
   */
  saveConversation(conversation: ConversationInput): Promise<void> {
    // Copied before anything is awaited: the caller may go on changing it.
    const messages = conversation?.messages?.map((message) => ({ ...message }));
    const copy = { ...conversation, ...(messages && { messages }) };
    return this.#write(conversation?.id, (conversations) => conversations.save(copy));
  }

  /** Deletes a conversation: it goes to the trash, where the server has it. */
  deleteConversation(id: string): Promise<void> {
    return this.#write(id, (conversations) => conversations.delete(id));
  }

  /**
   * Adds a message behind the last one, or with `parentId` behind that one, null: as a first message. Where that is not the last
   * one, it begins a branch: what followed stays as its alternative, see `switchBranch()`. A message that is there
   * already is edited.
   */
  addMessage(conversationId: string, message: MessageInput, options?: MessagePlace): Promise<void> {
    const copy = { ...message };
    return this.#write(conversationId, (conversations) => conversations.addMessage(conversationId, copy, options));
  }

  /** Adds a message, or replaces it whole where it stands: fields that are left out are gone. */
  putMessage(conversationId: string, message: MessageInput, options?: MessagePlace): Promise<void> {
    const copy = { ...message };
    return this.#write(conversationId, (conversations) => conversations.putMessage(conversationId, copy, options));
  }

  /**
   * Shows the branch with this message, up to the newest message behind it: one of a shown message's `siblingIds`. At once
   * where the branch is on this device, else it is fetched; rejects with `offline` where that is not possible.
   */
  switchBranch(conversationId: string, messageId: string): Promise<void> {
    return this.#write(conversationId, (conversations) => conversations.switchBranch(conversationId, messageId));
  }

  /**
   * Makes a new conversation of the path up to this message, or of all of it: on this device where it is all here, else at the
   * server; rejects with `offline` where that cannot be asked.
   */
  async forkConversation(conversationId: string, options: ForkOptions = {}): Promise<ForkedConversation> {
    const [{ store }, { forkConversation }] = await Promise.all([this.#opening, load(() => import('./fork.js'))]);
    return forkConversation(store, conversationId, options);
  }

  updateMessage(conversationId: string, messageId: string, updates: Partial<MessageInput>): Promise<void> {
    const copy = { ...updates };
    return this.#write(conversationId, (conversations) => conversations.updateMessage(conversationId, messageId, copy));
  }

  /** The first 6 words of the first user message, at most 50 characters. */
  generateTitle(messages: readonly TitleSource[]): string {
    return generateTitle(messages);
  }

  /** A new, empty conversation; it is kept when it is saved. */
  createNewConversation(mcpServers?: McpServers): Conversation<Time> {
    return createConversation(this.#read, this.#context.environment.clock.now(), mcpServers);
  }

  /** Deletes a message, and what followed it follows what it followed; with `andAfter` all that follow it go, in every branch. */
  deleteMessage(conversationId: string, messageId: string, options?: { andAfter?: boolean }): Promise<void> {
    return this.#write(conversationId, (conversations) =>
      conversations.deleteMessage(conversationId, messageId, options),
    );
  }

  updateConversation(id: string, updates: ConversationUpdates): Promise<void> {
    const copy = { ...updates };
    return this.#write(id, (conversations) => conversations.update(id, copy));
  }

  /** Of the conversations on this device whose title or text is found, the place where it is found best. See `liveSearch()`. */
  async search(text: string, { limit = 50 }: { limit?: number } = {}): Promise<SearchResult[]> {
    return (await this.#loadSearch()).searchDevice(text, { limit, perConversation: 1 });
  }

  /** The conversation opened last, on this device or, where it never opened one, at the server. */
  async getCurrentConversationId(): Promise<string | null> {
    const { store } = await this.#opening;
    const here = await store.database.run('readonly', (tx) => readState(tx, 'current'));
    if (here !== undefined || !store.mayAsk()) return here ?? null;
    const { body } = await (await store.engine.get()).api.call<SessionResponse>('GET', '/session');
    return body.currentConversationId ?? null;
  }

  async setCurrentConversationId(id: string | null): Promise<void> {
    const { store } = await this.#opening;
    await store.database.run('readwrite', (tx) => writeState(tx, 'current', id));
  }

  /** Listens; returns what ends it. */
  on<Name extends keyof StoreEvents>(name: Name, listener: (event: StoreEvents[Name]) => void): () => void {
    return this.#events.on(name, listener as never);
  }

  /** Sends now what waits. Resolves when all is confirmed; rejects with the reason why it is not. */
  async flush(): Promise<void> {
    await (await this.#opening).store.leadership.flush();
  }

  /** Asks the server now what has changed. */
  async sync(): Promise<void> {
    const { store } = await this.#opening;
    await (await store.engine.get()).live.ask();
  }

  /** Refused writes and losing sides of conflicts, newest first. */
  async refusedWrites(): Promise<RefusedWrite[]> {
    const { store } = await this.#opening;
    const refused = await store.database.run('readonly', (tx) => tx.list('refused', null, null, { reverse: true }));
    return refused as StoredRefusal[];
  }

  async discardRefused(key: number): Promise<void> {
    const { store } = await this.#opening;
    await store.database.run('readwrite', (tx) => tx.delete('refused', key));
    await store.count();
  }

  /** Ends timers, stream and database; what waits is sent by the next page that opens the store. */
  async close(): Promise<void> {
    const opened = await this.#close();
    await opened?.store.close();
  }

  #close() {
    const opening = this.#opened;
    this.#opened = null;
    this.#search?.then((search) => search.close()).catch(() => {});
    this.#search = null;
    return opening?.catch(() => null);
  }

  /** A code of 8 characters by which another device becomes this user, once, within 10 minutes. */
  async createLinkCode(): Promise<{ code: string; expiresAt: string }> {
    const { account, store } = await this.#account();
    return account.createLinkCode(store);
  }

  /**
   * Becomes the user whose code it is. With `keepLocal` (the default) the conversations of this device's user so far
   * go along; without, they are removed from this device: ask before. Rejects with `wrong_code`.
   */
  async redeemLinkCode(code: string, options?: { keepLocal?: boolean }): Promise<{ userId: string; kept: number }> {
    const { account, store } = await this.#account();
    return account.becomeUserOf(store, 'redeem', code, options);
  }

  /**
   * A code that brings this anonymous user back on a browser that has lost it; the code before ends. Nobody can tell it
   * again: it is to be written down or printed. `getStatistics()` says whether there is one, and since when.
   */
  async createRecoveryCode(): Promise<RecoveryCode> {
    const { account, store } = await this.#account();
    return account.createRecoveryCode(store);
  }

  /**
   * Becomes the user whose recovery code it is, as `redeemLinkCode()` does. Rejects with `wrong_code`, and with
   * `invalid_field` where the code is mistyped.
   */
  async recover(code: string, options?: { keepLocal?: boolean }): Promise<{ userId: string; kept: number }> {
    const { account, store } = await this.#account();
    return account.becomeUserOf(store, 'recover', code, options);
  }

  /** Ends the recovery code, if there is one. */
  async revokeRecoveryCode(): Promise<void> {
    const { account, store } = await this.#account();
    await account.revokeRecoveryCode(store);
  }

  /**
   * Asks the browser to keep this page's data when it runs out of room. Resolves with whether it does. Some browsers ask the
   * person: best called when there is something to lose.
   */
  async persist(): Promise<boolean> {
    return this.#context.environment.persist();
  }

  /** How many conversations this device holds: whether there is something to ask about before `redeemLinkCode()`. */
  async countLocalConversations(): Promise<number> {
    const { store } = await this.#opening;
    return (await store.database.run('readonly', listConversations)).length;
  }

  /** Ends the session of all other devices. */
  async signOutEverywhere(): Promise<void> {
    const { account, store } = await this.#account();
    await account.signOutEverywhere(store);
  }

  /** For a device that was signed out: a new anonymous user, to whom what is on this device is sent. */
  async startNewSession(): Promise<void> {
    const { account, store } = await this.#account();
    await account.startNewSession(store);
  }

  /** With `getToken`: takes what the anonymous user of this device has into the account, once. */
  async claimAnonymous(): Promise<{ conversations: number }> {
    const { account, store } = await this.#account();
    return account.claimAnonymous(store);
  }

  /**
   * Deletes everything of the user, at the server, on this device, and on others that listen just then. A device that does
   * not keeps what it has; nothing of it goes to the server again unless something is written to it there.
   */
  async eraseEverything(): Promise<void> {
    const { account, store } = await this.#account();
    await account.eraseEverything(store);
  }

  /** Everything at the server, as lines of JSON that `importData()` takes back. */
  async exportAll(): Promise<Blob> {
    const { transfer, store } = await this.#transfer();
    return transfer.exportAll(store);
  }

  async exportConversation(id: string, format: 'json' | 'markdown' | 'ndjson' = 'json'): Promise<Blob> {
    const { transfer, store } = await this.#transfer();
    return transfer.exportConversation(store, id, format);
  }

  /**
   * Imports an export, the value of the old localStorage key, or `{"conversations":[...]}`, of any size. Where the server
   * is away or switched off, to this device, and from there to the server later.
   */
  async importData(data: string | Blob | readonly ConversationInput[]): Promise<ImportReport> {
    const { transfer, store } = await this.#transfer();
    return transfer.importData(store, data);
  }

  /** Imports the old localStorage data: on start by itself, unless `migrate: false`. */
  async migrate(): Promise<MigrationReport> {
    return (await this.#migration()).run();
  }

  /** Writes what there is now back into the old key, in its form, and forgets that it was migrated. */
  async undoMigration(): Promise<{ conversations: number }> {
    return (await this.#migration()).undo();
  }

  /** Deletes the old key, once all of it is at the server; until then rejects with `not_migrated`. */
  async removeOldData(): Promise<void> {
    await (await this.#migration()).removeOldData();
  }

  async createShare(conversationId: string, { expiresAt }: { expiresAt?: TimeInput } = {}): Promise<Share> {
    await this.flush();
    const { shares, store } = await this.#shares();
    return shares.createShare(store, conversationId, expiresAt);
  }

  async listShares(): Promise<Share[]> {
    const { shares, store } = await this.#shares();
    return shares.listShares(store);
  }

  /** A share of anybody's; needs no user. */
  async readShare(id: string, { cursor }: { cursor?: string } = {}): Promise<SharedConversation> {
    const { shares, store } = await this.#shares();
    return shares.readShare(store, id, cursor);
  }

  /** Makes a conversation of the user's own of a share of anybody's. It is at the server; the next sync brings it here. */
  async forkShare(id: string): Promise<ForkedShare> {
    const { shares, store } = await this.#shares();
    return shares.forkShare(store, id);
  }

  async deleteShare(id: string): Promise<void> {
    const { shares, store } = await this.#shares();
    await shares.deleteShare(store, id);
  }

  /** A page of what is in the trash, last deleted first. */
  async listTrash(options?: PageOptions): Promise<TrashPage> {
    const { trash, store } = await this.#trash();
    return trash.listTrash(store, options);
  }

  /** Takes a conversation out of the trash. It is in the list at once, on this device. */
  async restoreConversation(id: string): Promise<void> {
    const { trash, store } = await this.#trash();
    await trash.restoreConversation(store, id);
  }

  /** Deletes a conversation for good, whether it is in the trash or not. */
  async deletePermanently(id: string): Promise<void> {
    const { trash, store } = await this.#trash();
    await trash.deletePermanently(store, id);
  }

  /** Deletes for good what is in the trash. */
  async emptyTrash(): Promise<void> {
    const { trash, store } = await this.#trash();
    await trash.emptyTrash(store);
  }

  /**
   * A page of the conversations that expire within so many days (14, at most 365), last changed first. To keep one,
   * `updateConversation(id, { keep: true })`.
   */
  async listExpiring(options?: PageOptions & { days?: number }): Promise<ExpiringPage> {
    const { trash, store } = await this.#trash();
    return trash.listExpiring(store, options);
  }

  /** How many days the user's conversations live without being used; null is for ever, as far as the server allows. */
  async setConversationTtl(days: number | null): Promise<Statistics> {
    const { trash, store } = await this.#trash();
    return trash.setConversationTtl(store, days);
  }

  async getStatistics(): Promise<Statistics> {
    const { store } = await this.#opening;
    return (await (await store.engine.get()).api.call<Statistics>('GET', '/user')).body;
  }

  /** A write that fails is told also where nobody waits for its promise, and is no unhandled rejection then. */
  #write(conversationId: string | null, work: (conversations: Conversations<Time>) => Promise<void>): Promise<void> {
    const written = this.#opening.then(({ conversations }) => work(conversations));
    written.catch((error) => {
      const failure = error instanceof StoreError ? error : new StoreError(codeOf(error), String(error));
      this.#events.emit('failed', { conversationId, error: failure });
    });
    return written;
  }

  /** A frontend reads: from the device alone, where the server is not to be had. */
  async #reading() {
    const opened = await this.#opening;
    if (opened.store.status.isWithoutServer) opened.store.bus.emit('used-without-server', 'read');
    return opened;
  }

  // What few pages need is loaded when it is used.

  async #account() {
    const [{ store }, account] = await Promise.all([this.#opening, load(() => import('./account.js'))]);
    return { account, store };
  }

  #loadSearch(): Promise<Search> {
    if (!this.#search) {
      const loading = this.#openSearch();
      this.#search = loading;
      // Where that fails, it is loaded again when it is next asked for.
      loading.catch(() => {
        if (this.#search === loading) this.#search = null;
      });
    }
    return this.#search;
  }

  async #openSearch() {
    const [{ store }, { Search }] = await Promise.all([this.#opening, load(() => import('./search/search.js'))]);
    return new Search(store);
  }

  async #transfer() {
    const [{ store }, transfer] = await Promise.all([this.#opening, load(() => import('./transfer.js'))]);
    return { transfer, store };
  }

  async #shares() {
    const [{ store }, shares] = await Promise.all([this.#opening, load(() => import('./shares.js'))]);
    return { shares, store };
  }

  async #trash() {
    const [{ store }, trash] = await Promise.all([this.#opening, load(() => import('./trash.js'))]);
    return { trash, store };
  }

  async #migration() {
    const [{ store }, { Migration }] = await Promise.all([this.#opening, load(() => import('./migration.js'))]);
    return new Migration(store);
  }
}

/** The conversation store of a chat frontend. */
export type ConversationStore<Time = string> = HybridConversationStore<Time>;

/** Makes the conversation store of a chat frontend, and opens it. */
export function createConversationStore<Time = string>(options: StoreOptions<Time> = {}): ConversationStore<Time> {
  return new HybridConversationStore(options);
}

interface Opened<Time> {
  store: OpenStore;
  conversations: Conversations<Time>;
}

async function open<Time>(context: Context, read: ReadOptions<Time>): Promise<Opened<Time>> {
  const store = await openStore(context);
  await startMigration(store);
  return { store, conversations: new Conversations(store, read) };
}

/** Takes in what the frontend kept in localStorage, if it did. That data is no account's. */
async function startMigration(store: OpenStore) {
  const { environment, options } = store;
  if (options.migrate === false || options.getToken || !environment.localStorage.getItem(OLD_DATA_KEY)) return;
  const { Migration } = await load(() => import('./migration.js'));
  await new Migration(store).start();
}
