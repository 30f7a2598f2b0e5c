import { StoreError } from './errors.js';
import { GRACE } from './live.js';

/** Sending at once what waits, for a tab that does not send itself: it asks the one that leads, and hears what came of it. */
export class Flushing {
  #tabs;
  #sender;
  #clock;
  #random;
  #waiting = new Map();

  constructor({ tabs, sender, clock, random }) {
    this.#tabs = tabs;
    this.#sender = sender;
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Rejects with what kept the leading tab from sending, or where there is none.
   *
   * @returns {Promise<void>}
   */
  ask() {
    const id = this.#clock.now() + this.#random();
    return new Promise((resolve, reject) => {
      const end = ({ error }) => {
        this.#clock.clearTimeout(timer);
        this.#waiting.delete(id);
        if (error) reject(new StoreError(error.code, error.message));
        else resolve();
      };
      const error = { code: 'offline', message: 'No tab of this browser could send it.' };
      const timer = this.#clock.setTimeout(() => end({ error }), GRACE);
      this.#waiting.set(id, end);
      this.#tabs.post({ type: 'flush', id });
    });
  }

  /** This tab leads from now on: it does what it asked for itself. */
  lead() {
    for (const end of [...this.#waiting.values()])
      this.#sender.flush().then(
        () => end({}),
        (error) => end({ error }),
      );
  }

  hear(message) {
    if (message.type === 'flush' && this.#tabs.isLeading) this.#flushFor(message.id);
    if (message.type === 'flushed') this.#waiting.get(message.id)?.(message);
  }

  async #flushFor(id) {
    try {
      await this.#sender.flush();
      this.#tabs.post({ type: 'flushed', id });
    } catch ({ code, message }) {
      this.#tabs.post({ type: 'flushed', id, error: { code, message } });
    }
  }
}
