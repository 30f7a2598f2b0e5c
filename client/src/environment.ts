/** The browser features that the store depends on, so that tests can replace them. */

import { openIndexedDatabase } from './local/indexed-database.js';
import type { LocalDatabase } from './local/database.js';

/** The parts of a browser that the store uses, each replaceable. */
export interface Environment {
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
export type Channel = Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;

export interface Clock {
  /** Epoch ms. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** What happened to the page; `leaving`: it may be about to go. */
export type PageEvent = 'visibility' | 'focus' | 'online' | 'leaving';

/** The page the store is in. */
export interface PageState {
  isVisible(): boolean;
  isOnline(): boolean;
  /** Calls back when one of the two may have changed, and when the page may be about to go. Returns what ends that. */
  watch(callback: (event: PageEvent) => void): () => void;
}

/** The browser's own parts. Nothing of a browser is touched before it is used, so that a server can import this. */
export function defaultEnvironment(): Environment {
  return {
    fetch: (url, options) => globalThis.fetch(url, options),
    openDatabase: openIndexedDatabase,
    localStorage: localStorageOf(),
    locks: globalThis.navigator?.locks ?? null,
    openChannel: openBroadcastChannel,
    clock: {
      now: () => Date.now(),
      setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
      clearTimeout: (timer) => globalThis.clearTimeout(timer as number),
    },
    page: browserPage(),
    random: Math.random,
    persist: async () => (await globalThis.navigator?.storage?.persist?.()) ?? false,
  };
}

/** In Node, where a store may be tested, an open channel would keep the process from ending. */
function openBroadcastChannel(name: string): Channel {
  const channel: BroadcastChannel & { unref?: () => void } = new BroadcastChannel(name);
  channel.unref?.();
  return channel;
}

/** Where the browser forbids it, even looking at it throws. */
function localStorageOf(): Environment['localStorage'] {
  try {
    if (globalThis.localStorage) return globalThis.localStorage;
  } catch {
    // Below.
  }
  return { getItem: () => null, setItem: () => {}, removeItem: () => {} };
}

function browserPage(): PageState {
  return {
    isVisible: () => globalThis.document?.visibilityState !== 'hidden',
    isOnline: () => globalThis.navigator?.onLine !== false,
    watch(callback) {
      if (!globalThis.document) return () => {};
      const changed = () => callback(document.visibilityState === 'hidden' ? 'leaving' : 'visibility');
      const listeners: [EventTarget, string, () => void][] = [
        [document, 'visibilitychange', changed],
        [window, 'pagehide', () => callback('leaving')],
        [window, 'pageshow', () => callback('visibility')],
        [window, 'focus', () => callback('focus')],
        [window, 'online', () => callback('online')],
        [window, 'offline', () => callback('online')],
      ];
      for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
      return () => {
        for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
      };
    },
  };
}
