/** Lets a tab that does not lead ask the leading one to send at once, and learn the outcome. */

import type { Clock } from '../environment.js';
import { StoreError } from '../errors.js';
import { GRACE } from './grace.js';
import type { TabMessage } from './messages.js';
import type { Tabs } from './tabs.js';

interface FlushParts {
  tabs: Tabs;
  /** Sends what waits, now. */
  flush: () => Promise<void>;
  clock: Clock;
  random: () => number;
}

interface Failure {
  code: string;
  message: string;
}

/** Sends what waits at once, for a tab that does not lead: it asks the one that does, and hears what came of it. */
export class FlushRequests {
  readonly #parts: FlushParts;
  readonly #waiting = new Map<number, (error?: Failure) => void>();

  constructor(parts: FlushParts) {
    this.#parts = parts;
  }

  /** Rejects with what kept the leading tab from sending, or where there is none. */
  ask(): Promise<void> {
    const { clock, random, tabs } = this.#parts;
    const id = clock.now() + random();
    return new Promise((resolve, reject) => {
      const end = (error?: Failure) => {
        clock.clearTimeout(timer);
        this.#waiting.delete(id);
        if (error) reject(new StoreError(error.code, error.message));
        else resolve();
      };
      const nobody = { code: 'offline', message: 'No tab of this browser could send it.' };
      const timer = clock.setTimeout(() => end(nobody), GRACE);
      this.#waiting.set(id, end);
      tabs.post({ type: 'flush', id });
    });
  }

  /** This tab leads from now on: it does what it asked for itself. */
  lead() {
    for (const end of [...this.#waiting.values()]) this.#parts.flush().then(() => end(), end);
  }

  hear(message: TabMessage) {
    if (message.type === 'flush' && this.#parts.tabs.isLeading) this.#flushFor(message.id);
    if (message.type === 'flushed') this.#waiting.get(message.id)?.(message.error);
  }

  async #flushFor(id: number) {
    const { flush, tabs } = this.#parts;
    try {
      await flush();
      tabs.post({ type: 'flushed', id });
    } catch (error) {
      const { code, message } = error as Failure;
      tabs.post({ type: 'flushed', id, error: { code, message } });
    }
  }
}
