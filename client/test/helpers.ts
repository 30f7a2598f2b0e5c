/** Stores without a server for tests, and how tests wait. */

import { createConversationStore, createMemoryDatabase } from '../src/index.js';
import type { LocalDatabase, StoreOptions } from '../src/index.js';

/** What a tab needs that has no server: everything stays on the device. */
export function environment(database: LocalDatabase = createMemoryDatabase()) {
  return {
    fetch: () => Promise.reject(new TypeError('no server')),
    openDatabase: async () => database,
    localStorage: { getItem: () => null, setItem: () => {}, removeItem: () => {} },
    locks: null,
    openChannel: () => ({ onmessage: null, postMessage: () => {}, close: () => {} }),
    page: { isVisible: () => true, isOnline: () => true, watch: () => () => {} },
  } satisfies StoreOptions['environment'];
}

export function localStore(options: StoreOptions = {}) {
  return createConversationStore({
    enabled: false,
    ...options,
    environment: { ...environment(), ...options.environment },
  });
}

/** Resolves when `condition` holds; rejects where it does not soon. */
export async function until(condition: () => unknown | Promise<unknown>, what = String(condition)) {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Locks that no other tab wants. */
export const freeLocks = {
  request: async (_name: string, ...rest: unknown[]) => (rest.at(-1) as () => unknown)(),
} as unknown as LockManager;
