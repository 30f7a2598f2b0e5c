/** Stops requests for a while when the server keeps failing. */

import type { Clock } from '../environment.js';

/** How long to wait for the call that tries, ms. */
const WHILE_TRYING = 1_000;

/** A circuit breaker: after 5 failures in a row nothing is asked for 60 seconds, then one call tries. */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #threshold: number;
  readonly #resetAfter: number;
  #failures = 0;
  #openUntil = 0;
  #isTrying = false;

  constructor(clock: Clock, { threshold = 5, resetAfter = 60_000 } = {}) {
    this.#clock = clock;
    this.#threshold = threshold;
    this.#resetAfter = resetAfter;
  }

  /** Milliseconds until a call may be made: 0 where it may now. */
  get wait(): number {
    if (this.#failures < this.#threshold) return 0;
    if (this.#isTrying) return WHILE_TRYING;
    return Math.max(0, this.#openUntil - this.#clock.now());
  }

  /** Notes that a call begins. */
  begin() {
    if (this.#failures >= this.#threshold) this.#isTrying = true;
  }

  succeed() {
    this.#failures = 0;
    this.#isTrying = false;
  }

  fail() {
    this.#failures += 1;
    this.#isTrying = false;
    if (this.#failures >= this.#threshold) this.#openUntil = this.#clock.now() + this.#resetAfter;
  }

  /** The network has come back: what failed before says nothing any more. */
  reset() {
    this.succeed();
  }
}
