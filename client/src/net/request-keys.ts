/** Makes idempotency keys that tell when, by the server's clock, their request was made. */

import type { Clock } from '../environment.js';
import { newUuid, timeOfUuid } from '../text.js';

/** How long the server remembers what it did under a key, ms, less a day for clocks that differ. */
const SURELY_REMEMBERED = 6 * 86_400_000;

/**
 * Makes the keys that requests are recognised by when they are repeated (`Idempotency-Key`). A key tells when its request
 * was made, by the server's clock as far as it is known, so that the server can refuse a repeat that is older than what it
 * remembers.
 */
export class RequestKeys {
  readonly #clock: Clock;
  /** How far the server's clock is ahead of this device's, ms; null where no response has told. */
  #offset: number | null = null;
  /** Whether the server took a new key for an old one: then keys tell no time. */
  #isMistrusted = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Learns the server's time from a response. Those of another origin do not tell it. */
  note({ headers }: Response) {
    const time = Date.parse(headers.get('Date') ?? '');
    if (Number.isFinite(time)) this.#offset = time - this.#clock.now();
  }

  /** A key for a request that is kept, and may be repeated much later. */
  next(): string {
    return this.#isMistrusted ? newUuid() : newUuid(this.#now);
  }

  /** The server has called a request with this key too old. Where that cannot be, the clock that made the key is wrong. */
  refused(key: string) {
    const isOld = timeOfUuid(key) < this.#now - SURELY_REMEMBERED;
    if (this.#offset === null || !isOld) this.#isMistrusted = true;
  }

  get #now() {
    return this.#clock.now() + (this.#offset ?? 0);
  }
}
