/** The base of live queries: a value that can be subscribed to, and is read again when it changes. */

import { StoreError } from './errors.js';

/** What a live query has to show. A new object whenever anything of it is different, the same one until then. */
export interface LiveState<Data> {
  /** Undefined until it has been read. What is the same as before is the very same object. */
  readonly data: Data | undefined;
  /** Whether nothing has been read yet. */
  readonly isLoading: boolean;
  /** Why it could not be read the last time. */
  readonly error: StoreError | null;
}

const LOADING: LiveState<never> = Object.freeze({ data: undefined, isLoading: true, error: null });

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
export class LiveQuery<Data> {
  readonly #parts: LiveParts<Data>;
  readonly #listeners = new Set<() => void>();
  #state: LiveState<Data> = LOADING;
  #stop: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #isStale = false;

  constructor(parts: LiveParts<Data>) {
    this.#parts = parts;
  }

  /** Listens for new states; returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    // The same function may subscribe twice.
    const own = () => listener();
    this.#listeners.add(own);
    if (!this.#stop) {
      this.#stop = this.#parts.watch(() => void this.refresh());
      void this.refresh();
    }
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#end();
    };
  };

  readonly getSnapshot = (): LiveState<Data> => this.#state;

  /** For server-side rendering: nothing is known there. */
  readonly getServerSnapshot = (): LiveState<Data> => LOADING;

  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  /** Reads again now. Resolves when the state is as new as it was when this was called. */
  refresh(): Promise<void> {
    this.#isStale = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** What was read so far counts no more: nothing is shown until it is read again. */
  protected reset() {
    this.#show(LOADING);
    void this.refresh();
  }

  async #run() {
    while (this.#isStale) {
      this.#isStale = false;
      const next = await this.#read();
      // What has changed meanwhile is read once more; an older state is not shown in between.
      if (!this.#isStale) this.#show(next);
    }
  }

  async #read(): Promise<LiveState<Data>> {
    const { data: before } = this.#state;
    try {
      const read = await this.#parts.read();
      const data = before === undefined ? read : this.#parts.reuse(before, read);
      return { data, isLoading: false, error: null };
    } catch (error) {
      // Closed: it goes on when the store is opened again.
      if (error instanceof StoreError && error.code === 'closed') return this.#state;
      const known = error instanceof StoreError ? error : new StoreError('internal_error', String(error));
      return { data: before, isLoading: false, error: known };
    }
  }

  #show(next: LiveState<Data>) {
    const { data, error, isLoading } = this.#state;
    if (next.data === data && next.error === error && next.isLoading === isLoading) return;
    this.#state = Object.freeze(next);
    for (const listener of [...this.#listeners]) listener();
  }

  #end() {
    this.#stop?.();
    this.#stop = null;
    this.#parts.onIdle?.();
  }
}
