/** Counts what happened without the server, and reports it for the operator's statistics. */

import type { Clock } from '../environment.js';
import type { Api } from './api.js';

const HOUR = 3_600_000;
const MOST_CODES = 20;
const MOST = 10_000;

interface Counts {
  reads: number;
  writes: number;
  conflicts: number;
  errors: Map<string, number>;
}

/**
 * How often this page had to do without the server, for the operator's statistics: counts and codes, nothing of the
 * user's. Sent at most once an hour, and only when there is something to say.
 */
export class UsageReports {
  readonly #api: Api;
  readonly #clock: Clock;
  #sentAt: number;
  #counts = empty();

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#sentAt = clock.now() - HOUR;
  }

  count(what: 'read' | 'write' | 'conflict') {
    this.#counts[`${what}s`] += 1;
  }

  countError(code: string) {
    if (!/^[a-z_]{1,40}$/.test(code)) return;
    const { errors } = this.#counts;
    if (errors.has(code) || errors.size < MOST_CODES) errors.set(code, (errors.get(code) ?? 0) + 1);
  }

  /** Sends what has come together, where it is time. What cannot be sent is counted on. */
  async send() {
    const counts = this.#counts;
    const { reads, writes, conflicts, errors } = counts;
    const isEmpty = reads + writes + conflicts + errors.size === 0;
    if (isEmpty || this.#clock.now() - this.#sentAt < HOUR) return;
    this.#sentAt = this.#clock.now();
    this.#counts = empty();
    const body = {
      fallback: { reads: capped(reads), writes: capped(writes) },
      conflicts: capped(conflicts),
      errors: [...errors].map(([code, count]) => ({ code, count: capped(count) })),
    };
    try {
      await this.#api.call('POST', '/metrics', { body, ownership: 'anybody' });
    } catch {
      this.#add(counts);
    }
  }

  #add({ reads, writes, conflicts, errors }: Counts) {
    this.#counts.reads += reads;
    this.#counts.writes += writes;
    this.#counts.conflicts += conflicts;
    for (const [code, count] of errors) {
      this.#counts.errors.set(code, (this.#counts.errors.get(code) ?? 0) + count);
    }
  }
}

function empty(): Counts {
  return { reads: 0, writes: 0, conflicts: 0, errors: new Map() };
}

function capped(count: number) {
  return Math.min(count, MOST);
}
