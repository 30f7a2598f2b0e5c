/** The users under whom the chats of a page are opened: what is asked as one of them never goes out as the next. */

import { userChanged } from '../../local/ownership.js';

/** What is listened to. */
interface Store {
  on(name: 'user-changed', listener: () => void): () => void;
}

let users = 0;

/** One user of a store, for as long as the data on this device are that user's. */
export class ChatUser {
  /** Of all stores of the page. */
  readonly number = ++users;
  readonly #end = new AbortController();

  /** Aborted, with `user_changed`, when another user is here. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  end(): void {
    this.#end.abort(userChanged());
  }

  /** Asks with a signal that is aborted by this one, too, until there is an answer. Rejects where another user is here by then. */
  async ask<Answer>(page: AbortSignal | undefined, send: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const { signal } = this;
    signal.throwIfAborted();
    const either = new AbortController();
    const forward = () => either.abort(signal.reason);
    if (page?.aborted) either.abort(page.reason);
    page?.addEventListener('abort', () => either.abort(page.reason), { once: true });
    signal.addEventListener('abort', forward);
    try {
      return await send(either.signal);
    } finally {
      signal.removeEventListener('abort', forward);
    }
  }

  /** The stream, which breaks off when another user is here. */
  cut<Chunk>(stream: ReadableStream<Chunk>): ReadableStream<Chunk> {
    const { signal } = this;
    const cut = stream.pipeThrough(new TransformStream<Chunk, Chunk>(), { signal });
    signal.throwIfAborted();
    return cut;
  }
}

/** The user of a store at the moment: to subscribe to, as `useSyncExternalStore` does. */
export class CurrentUser {
  readonly #listeners = new Set<() => void>();
  #user = new ChatUser();

  constructor(store: Store) {
    store.on('user-changed', () => this.#change());
  }

  readonly get = (): ChatUser => this.#user;

  readonly subscribe = (listener: () => void): (() => void) => {
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  };

  #change() {
    const former = this.#user;
    this.#user = new ChatUser();
    former.end();
    for (const listener of [...this.#listeners]) listener();
  }
}

const known = new WeakMap<object, CurrentUser>();

/** One for each store, which has listened since a chat was first opened in it. */
export function userOf(store: Store): CurrentUser {
  const user = known.get(store) ?? new CurrentUser(store);
  known.set(store, user);
  return user;
}
