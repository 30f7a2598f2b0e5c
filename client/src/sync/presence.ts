import type { Clock } from '../environment.js';
import type { LocalDatabase } from '../local/database.js';
import { readState, writeState } from '../local/records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

/**
 * Whether there is another device, and how recently it was active: listening all the time is worth its price only where
 * there is somebody to be heard.
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

  /** Another device is active just now: it should see what is typed here. */
  get isActive(): boolean {
    return this.#clock.now() - this.#seenAt < 10 * MINUTE;
  }

  /** How long to wait before listening again, ms, after so many times of hearing nothing. */
  pauseBetweenStreams(quiet: number): number {
    const ago = this.#clock.now() - this.#seenAt;
    if (ago < HOUR) return 0;
    if (ago < WEEK) return Math.min(5 * MINUTE, MINUTE * 2 ** quiet);
    return Math.min(HOUR, 10 * MINUTE * 2 ** quiet);
  }

  /** 30 seconds, and longer while nothing happens. */
  pauseBetweenPolls(quiet: number): number {
    const ago = this.#clock.now() - this.#seenAt;
    if (ago < HOUR) return Math.min(MINUTE, 30_000 * 2 ** quiet);
    if (ago < WEEK) return Math.min(5 * MINUTE, 30_000 * 2 ** quiet);
    return Math.min(HOUR, 30_000 * 4 ** quiet);
  }
}
