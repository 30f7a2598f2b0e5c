/** How recently other devices were active, which decides how often to ask for changes. */

import type { Clock } from '../environment.js';
import type { LocalDatabase } from '../local/database.js';
import { readState, writeState } from '../local/records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

/**
 * Whether there is another device, and how recently it was active: the more likely there is something to hear, the more
 * often it is worth its price to ask, and only where another device is at work is it worth a stream.
 */
export class Presence {
  readonly #database: LocalDatabase;
  readonly #clock: Clock;
  #seenAt: number;

  private constructor(database: LocalDatabase, clock: Clock, seenAt: number) {
    this.#database = database;
    this.#clock = clock;
    this.#seenAt = seenAt;
  }

  static async load(database: LocalDatabase, clock: Clock): Promise<Presence> {
    const seenAt = await database.run('readonly', (tx) => readState(tx, 'company'));
    return new Presence(database, clock, seenAt ?? 0);
  }

  /** Another device has changed something, or was linked. */
  async note() {
    this.#seenAt = this.#clock.now();
    await this.#database.run('readwrite', (tx) => writeState(tx, 'company', this.#seenAt));
  }

  /** Another device is active just now: to hear each of its changes at once is worth a stream. */
  get isActive(): boolean {
    return this.#clock.now() - this.#seenAt < 10 * MINUTE;
  }

  /** Another device was active within the hour, and may go on. */
  get isRecent(): boolean {
    return this.#clock.now() - this.#seenAt < HOUR;
  }

  /** How long to wait before asking again, ms, after asking so many times and hearing nothing. */
  pauseBetweenPolls(quiet: number): number {
    if (this.isActive) return Math.min(MINUTE, 30_000 * 2 ** quiet);
    if (this.#clock.now() - this.#seenAt < WEEK) return Math.min(5 * MINUTE, 30_000 * 2 ** quiet);
    return Math.min(HOUR, 2 * MINUTE * 4 ** quiet);
  }
}
