/** The Web Locks by which tabs of the same browser exclude each other. */

import type { Environment } from '../environment.js';

/**
 * The locks that the tabs of one browser share. Where the browser has none, work is done at once: nothing is sent then,
 * and other tabs cannot be waited for.
 */
export class Locks {
  readonly #locks: Environment['locks'];
  readonly #account: string;

  constructor(locks: Environment['locks'], account: string) {
    this.#locks = locks;
    this.#account = account;
  }

  /** Begins, renews or changes the session in one tab at a time. */
  session<T>(work: () => Promise<T>): Promise<T> {
    return this.#request(`conversation-store:${this.#account}:session`, {}, work);
  }

  /** Reads one conversation from the server in one tab at a time. */
  conversation<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#request(`conversation-store-${this.#account} ${id}`, {}, work);
  }

  /** Runs `work` while no user is changed (`shared`), or while nothing else is done meanwhile (`exclusive`), in any tab. */
  turn<T>(mode: LockMode, work: () => Promise<T>): Promise<T> {
    return this.#request(`conversation-store-${this.#account} turn`, { mode }, work);
  }

  #request<T>(name: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
    return this.#locks ? (this.#locks.request(name, options, work) as Promise<T>) : work();
  }
}
