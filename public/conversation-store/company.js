import { readState, writeState } from './records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

const STATE = 'company';

/**
 * Whether there is another device, and how recently it was at work: listening all the time is worth its price only where
 * there is somebody to be heard.
 */
export class Company {
  #database;
  #clock;
  #seenAt = 0;

  constructor({ database, clock }) {
    this.#database = database;
    this.#clock = clock;
  }

  async load() {
    this.#seenAt = (await this.#database.run('readonly', (tx) => readState(tx, STATE))) ?? 0;
  }

  /** Another device has changed something, or was linked. */
  async note() {
    this.#seenAt = this.#clock.now();
    await this.#database.run('readwrite', (tx) => writeState(tx, STATE, this.#seenAt));
  }

  /** At work just now: it should see what is typed here. */
  get isNear() {
    return this.#clock.now() - this.#seenAt < 10 * MINUTE;
  }

  /** How long to wait before listening again, ms, after so many times of hearing nothing. */
  pauseBetweenStreams(quiet) {
    const ago = this.#clock.now() - this.#seenAt;
    if (ago < HOUR) return 0;
    if (ago < WEEK) return Math.min(5 * MINUTE, MINUTE * 2 ** quiet);
    return Math.min(HOUR, 10 * MINUTE * 2 ** quiet);
  }

  /** The plan's 30 seconds, and longer while nothing happens. */
  pauseBetweenPolls(quiet) {
    const ago = this.#clock.now() - this.#seenAt;
    if (ago < HOUR) return Math.min(MINUTE, 30_000 * 2 ** quiet);
    if (ago < WEEK) return Math.min(5 * MINUTE, 30_000 * 2 ** quiet);
    return Math.min(HOUR, 30_000 * 4 ** quiet);
  }
}
