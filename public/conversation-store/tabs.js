/**
 * The tabs of one browser: one of them leads, which is to say that it sends and listens for all, and all hear of changes.
 * Who leads is decided by a lock that the browser gives up for a tab that is gone.
 */
export class Tabs {
  #locks;
  #channel;
  #name;
  #onLead;
  #onLeave;
  #isWanted = false;
  #isLeading = false;
  /** @type {(() => void) | null} */
  #abort = null;
  /** @type {((value?: unknown) => void) | null} */
  #release = null;

  /** `onLead()` when this tab begins to lead; `onLeave()`, awaited, before it gives that up; `onMessage(message)`. */
  constructor({ locks, openChannel, name, onLead, onLeave, onMessage }) {
    this.#locks = locks;
    this.#name = name;
    this.#onLead = onLead;
    this.#onLeave = onLeave;
    this.#channel = openChannel(name);
    this.#channel.onmessage = ({ data }) => onMessage(data);
  }

  get isLeading() {
    return this.#isLeading;
  }

  post(message) {
    this.#channel.postMessage(message);
  }

  /** Says whether this tab has reason to lead. */
  async want(isWanted) {
    if (isWanted === this.#isWanted || !this.#locks) return;
    this.#isWanted = isWanted;
    if (isWanted) this.#apply();
    else await this.#giveUp();
  }

  async close() {
    await this.want(false);
    this.#channel.close();
  }

  #apply() {
    const controller = new AbortController();
    this.#abort = () => controller.abort();
    const lead = () => {
      this.#isLeading = true;
      this.#onLead();
      return new Promise((resolve) => {
        this.#release = resolve;
      });
    };
    // Rejects when the wait for it was given up.
    this.#locks.request(this.#name, { signal: controller.signal }, lead).catch(() => {});
  }

  async #giveUp() {
    if (!this.#isLeading) {
      this.#abort?.();
      return;
    }
    this.#isLeading = false;
    await this.#onLeave();
    this.#release?.();
    this.#release = null;
  }
}
