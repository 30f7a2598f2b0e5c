/** Splits entries into append requests, and gives each a key that stays the same when it is sent again. */

import { hashOf } from './keys.js';
import type { SessionEntry } from './types.js';

const MOST_ENTRIES = 500;
/** Of one request's entries, in bytes; the server takes 4.5 MB. */
const MOST_BYTES = 4_000_000;
/** Of how many sessions a failed append is remembered. */
const MOST_FAILED = 100;

/** The entries of each request, in their order. */
export function batchesOf(entries: readonly SessionEntry[]): SessionEntry[][] {
  const batches: SessionEntry[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const length = new TextEncoder().encode(JSON.stringify(entry)).length + 1;
    const last = batches.at(-1);
    if (last && last.length < MOST_ENTRIES && size + length <= MOST_BYTES) {
      last.push(entry);
      size += length;
    } else {
      batches.push([entry]);
      size = length;
    }
  }
  return batches;
}

/**
 * The SDK sends a batch again that failed. Some of it may have been stored all the same; under the same names as before it is
 * recognised, also where entries have no `uuid`.
 */
export class FailedAppends {
  readonly #names = new Map<string, Map<string, string>>();

  begin(path: string): AppendNames {
    const known = this.#names.get(path);
    this.#names.delete(path);
    return new AppendNames(known ?? new Map());
  }

  fail(path: string, names: AppendNames): void {
    this.#names.set(path, names.used);
    const [oldest] = this.#names.keys();
    if (this.#names.size > MOST_FAILED && oldest !== undefined) this.#names.delete(oldest);
  }
}

/** The `Idempotency-Key` of each request of one append. */
export class AppendNames {
  readonly #known: Map<string, string>;
  readonly used = new Map<string, string>();

  constructor(known: Map<string, string>) {
    this.#known = known;
  }

  async of(batch: SessionEntry[]): Promise<string> {
    // Two requests of one append may be the same, and are two all the same.
    const place = `${this.used.size} ${await hashOf(JSON.stringify(batch), 64)}`;
    const name = this.#known.get(place) ?? crypto.randomUUID();
    this.used.set(place, name);
    return name;
  }
}
