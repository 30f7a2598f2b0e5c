/** The base class of the store: opening and closing, events, live queries, and syncing on request. */

import { createContext, type Context } from './context.js';
import { Conversations, readOptions, type ReadOptions } from './conversations.js';
import { codeOf, StoreError } from './errors.js';
import { EventBus } from './event-bus.js';
import { OLD_DATA_KEY } from './keys.js';
import { LiveQueries, type LiveConversation, type LiveEvents, type LiveList } from './live-queries.js';
import type { LiveSearch } from './live-search.js';
import { load } from './load.js';
import { openStore, type OpenStore } from './open.js';
import type { Search } from './search/search.js';
import type {
  Conversation,
  ConversationSummary,
  ListQuery,
  LiveSearchOptions,
  StoreEvents,
  StoreOptions,
  StoreStatus,
} from './types.js';

/** What frontends hear, and what the store itself listens to. */
type PublicEvents = StoreEvents & LiveEvents;

const FORWARDED = ['change', 'status', 'conflict', 'refused', 'progress', 'user-changed'] as const;

interface Opened<Time> {
  store: OpenStore;
  conversations: Conversations<Time>;
}

/** A store that can be opened, closed, listened to and watched: what all else of it is built on. */
export abstract class StoreCore<Time = string> {
  readonly #options: StoreOptions<Time>;
  readonly #events = new EventBus<PublicEvents>();
  readonly #live: LiveQueries<Time>;
  #search: Promise<Search> | null = null;
  #opened: Promise<Opened<Time>> | null;
  /** @internal */
  protected readonly readOptions: ReadOptions<Time>;
  /** @internal */
  protected context: Context;

  /** Opens the store, too. */
  constructor(options: StoreOptions<Time> = {}) {
    const { readTime = (iso: string) => iso as Time, pageSize } = options;
    this.#options = options;
    this.readOptions = readOptions(readTime, pageSize);
    this.#live = new LiveQueries({
      events: this.#events as EventBus<object> as EventBus<LiveEvents>,
      getConversation: (id) => this.getConversation(id),
      loadOlder: (conversation) => this.loadOlder(conversation),
      getAllConversations: () => this.getAllConversations(),
      loadSearch: () => this.loadSearch(),
    });
    this.context = createContext(options as StoreOptions<unknown>);
    this.#opened = this.#open();
  }

  // What live queries read.

  abstract getConversation(id: string): Promise<Conversation<Time> | null>;
  abstract loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>>;
  abstract getAllConversations(): Promise<ConversationSummary<Time>[]>;

  /** Opens the store again after `close()`; one that is open stays as it is. */
  open(): void {
    if (this.#opened) return;
    this.context = createContext(this.#options as StoreOptions<unknown>, this.context.users);
    this.#opened = this.#open();
    this.#events.emit('opened', undefined);
  }

  #open() {
    const { bus } = this.context;
    for (const name of FORWARDED) bus.on(name, (event) => this.#events.emit(name, event as never));
    const opened = open(this.context, this.readOptions);
    // Callers that wait for it hear of a failure; nobody has to.
    opened.catch(() => {});
    return opened;
  }

  /** Resolves when the local data can be read and the status says what waits; methods wait for what they need by themselves. */
  get ready(): Promise<void> {
    const ready = this.opening.then(({ store }) => store.started);
    ready.catch(() => {});
    return ready;
  }

  /** @internal */
  protected get opening(): Promise<Opened<Time>> {
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
    await (await this.loadSearch()).prepare();
  }

  /** @internal */
  protected loadSearch(): Promise<Search> {
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
    const [{ store }, { Search }] = await Promise.all([this.opening, load(() => import('./search/search.js'))]);
    return new Search(store);
  }

  get status(): StoreStatus {
    return this.context.status.current;
  }

  /** Listens; returns what ends it. */
  on<Name extends keyof StoreEvents>(name: Name, listener: (event: StoreEvents[Name]) => void): () => void {
    return this.#events.on(name, listener as never);
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

  /** Sends now what waits. Resolves when all is confirmed; rejects with the reason why it is not. */
  async flush(): Promise<void> {
    await (await this.opening).store.leadership.flush();
  }

  /**
   * Tells of another user (`user-changed`) where the data here are another one's. Resolves when that is told.
   *
   * @internal
   */
  async checkUser(): Promise<void> {
    await (await this.opening).store.engine.loaded?.users.check();
  }

  /** Asks the server now what has changed. */
  async sync(): Promise<void> {
    const { store } = await this.opening;
    await (await store.engine.get()).live.ask();
  }

  /**
   * Asks the browser to keep this page's data when it runs out of room. Resolves with whether it does. Some browsers ask the
   * person: best called when there is something to lose.
   */
  async persist(): Promise<boolean> {
    return this.context.environment.persist();
  }

  /**
   * A write that fails is told also where nobody waits for its promise, and is no unhandled rejection then.
   *
   * @internal
   */
  protected write(
    conversationId: string | null,
    work: (conversations: Conversations<Time>) => Promise<void>,
  ): Promise<void> {
    const written = this.opening.then(({ conversations }) => work(conversations));
    written.catch((error) => {
      const failure = error instanceof StoreError ? error : new StoreError(codeOf(error), String(error));
      this.#events.emit('failed', { conversationId, error: failure });
    });
    return written;
  }
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
