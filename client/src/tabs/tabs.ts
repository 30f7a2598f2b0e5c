/** Elects the leading tab by a lock, and connects the tabs by a broadcast channel. */

import type { Channel, Environment } from '../environment.js';
import type { TabMessage } from './messages.js';

interface TabsParts {
  locks: Environment['locks'];
  channel: Channel;
  /** Of the lock that decides which tab leads. */
  name: string;
  /** Called when this tab begins to lead. */
  onLead: () => void;
  /** Awaited before this tab gives that up. */
  onLeave: () => Promise<void>;
}

/**
 * The tabs of one browser: one of them leads, which is to say that it sends and listens for all, and all hear of changes.
 * Which one leads is decided by a lock that the browser gives up for a tab that is gone.
 */
export class Tabs {
  readonly #parts: TabsParts;
  #isWanted = false;
  #isLeading = false;
  #abort: (() => void) | null = null;
  #release: (() => void) | null = null;

  constructor(parts: TabsParts) {
    this.#parts = parts;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  post(message: TabMessage) {
    this.#parts.channel.postMessage(message);
  }

  /** Says whether this tab has reason to lead. */
  async want(isWanted: boolean) {
    if (isWanted === this.#isWanted || !this.#parts.locks) return;
    this.#isWanted = isWanted;
    if (isWanted) this.#apply(this.#parts.locks);
    else await this.#giveUp();
  }

  async close() {
    await this.want(false);
    this.#parts.channel.close();
  }

  #apply(locks: NonNullable<Environment['locks']>) {
    const controller = new AbortController();
    this.#abort = () => controller.abort();
    const lead = () =>
      new Promise<void>((resolve) => {
        this.#isLeading = true;
        this.#release = resolve;
        this.#parts.onLead();
      });
    // Rejects when the wait for it was given up.
    locks.request(this.#parts.name, { signal: controller.signal }, lead).catch(() => {});
  }

  async #giveUp() {
    if (!this.#isLeading) {
      this.#abort?.();
      return;
    }
    this.#isLeading = false;
    await this.#parts.onLeave();
    this.#release?.();
    this.#release = null;
  }
}
