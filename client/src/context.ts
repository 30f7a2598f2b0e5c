/** What the parts of a store share before its local database is open. */

import { defaultEnvironment, type Environment } from './environment.js';
import { EventBus } from './event-bus.js';
import type { States } from './local/schema.js';
import { SessionStorage } from './net/session-storage.js';
import { StatusTracker } from './status.js';
import { Locks } from './tabs/locks.js';
import type { StoreOptions } from './types.js';

/** What a store has before its local data is open. */
export interface Context {
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
export interface KnownUser {
  known?: States['tenure'] | undefined | Promise<States['tenure'] | undefined>;
}

/** `users`: of the store where it was open before. */
export function createContext(options: StoreOptions<unknown>, users: KnownUser = {}): Context {
  const { getToken, account = 'anonymous' } = options;
  if (getToken && !options.account) throw new TypeError('getToken needs an account: whose data this is');
  const environment = { ...defaultEnvironment(), ...options.environment };
  const isEnabled = options.enabled !== false;
  const bus = new EventBus();
  const sessionStorage = new SessionStorage(environment.localStorage, Boolean(getToken));
  const status = new StatusTracker(bus, () => {
    const { stored, exists } = sessionStorage;
    return {
      isEnabled,
      hasLocks: environment.locks !== null,
      hasSession: exists,
      isSignedOut: stored?.isSignedOut ?? false,
      isOnline: environment.page.isOnline(),
      userId: stored?.userId ?? null,
    };
  });
  const locks = new Locks(environment.locks, account);
  const name = `conversation-store-${account}`;
  return { options, name, isEnabled, environment, bus, locks, sessionStorage, status, users };
}
