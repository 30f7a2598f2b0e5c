import { openIndexedDatabase } from './indexed-database.js';

/** @typedef {Awaited<ReturnType<typeof openIndexedDatabase>>} Database */

/** The parts of the browser that the store uses, each replaceable. */
export function defaultEnvironment() {
  return {
    fetch: (url, options) => globalThis.fetch(url, options),
    openDatabase: openIndexedDatabase,
    localStorage: storageOf(),
    locks: globalThis.navigator?.locks ?? null,
    openChannel: (name) => new BroadcastChannel(name),
    clock: {
      now: () => Date.now(),
      setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
      clearTimeout: (timer) => globalThis.clearTimeout(timer),
    },
    page: browserPage(),
    random: Math.random,
  };
}

/** Where the browser forbids it, even to look at it throws. */
function storageOf() {
  try {
    return globalThis.localStorage;
  } catch {
    return { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  }
}

function browserPage() {
  return {
    isVisible: () => globalThis.document?.visibilityState !== 'hidden',
    isOnline: () => globalThis.navigator?.onLine !== false,
    watch(callback) {
      if (!globalThis.document) return () => {};
      /** @type {[EventTarget, string, () => void][]} */
      const listeners = [
        [
          document,
          'visibilitychange',
          () => callback(document.visibilityState === 'hidden' ? 'leaving' : 'visibility'),
        ],
        [window, 'pagehide', () => callback('leaving')],
        [window, 'pageshow', () => callback('visibility')],
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
