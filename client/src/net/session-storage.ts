/** Stores the user's id and the session's token. */

import type { Environment } from '../environment.js';

/** Keys in localStorage: of the user's id, and of what proves it. */
const USER_KEY = 'claude-user-id';
const SESSION_KEY = 'claude-session';

export interface StoredSession {
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
export class SessionStorage {
  readonly #localStorage: Environment['localStorage'];
  readonly isOfProvider: boolean;
  #memory: StoredSession | null = null;
  /** Whether the browser could not keep it: then it is this page's only. */
  #isVolatile = false;

  constructor(localStorage: Environment['localStorage'], isOfProvider: boolean) {
    this.#localStorage = localStorage;
    this.isOfProvider = isOfProvider;
  }

  /** What is known of the session, or null. */
  get stored(): StoredSession | null {
    if (this.isOfProvider || this.#isVolatile) return this.#memory;
    try {
      return JSON.parse(this.#localStorage.getItem(SESSION_KEY) ?? 'null');
    } catch {
      return this.#memory;
    }
  }

  /** Whether there is a session, without beginning one. */
  get exists(): boolean {
    return this.isOfProvider || Boolean(this.stored?.token);
  }

  write(session: StoredSession) {
    this.#memory = session;
    if (this.isOfProvider) return;
    this.#isVolatile = !this.#store(SESSION_KEY, JSON.stringify(session));
    if (session.userId) this.#store(USER_KEY, session.userId);
  }

  forget() {
    this.#memory = null;
    this.#isVolatile = false;
    this.#store(SESSION_KEY, null);
    this.#store(USER_KEY, null);
  }

  /** Whether the browser has kept it. */
  #store(key: string, value: string | null) {
    try {
      if (value === null) this.#localStorage.removeItem(key);
      else this.#localStorage.setItem(key, value);
      return this.#localStorage.getItem(key) === value;
    } catch {
      // Full or forbidden.
      return false;
    }
  }
}
