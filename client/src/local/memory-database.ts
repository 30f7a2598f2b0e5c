/** The local database in memory, with the transactions and the order of keys that IndexedDB has. */

import type { Key, KeyRange, ListOptions, LocalDatabase, LocalTransaction } from './database.js';
import { noting } from './unindexed.js';
import { STORES, type Records, type StoreName } from './schema.js';

/** A local database that keeps nothing: for tests, and where the browser has no other. */
export function createMemoryDatabase(): LocalDatabase {
  return new MemoryDatabase();
}

interface Entry {
  key: Key;
  value: unknown;
}

type Tables = Record<StoreName, Map<string, Entry>>;

class MemoryDatabase implements LocalDatabase {
  readonly kind = 'memory';
  #tables = emptyTables();
  #nextKey = 1;
  #last: Promise<unknown> = Promise.resolve();

  /** One transaction after the other; one that fails leaves nothing behind. */
  run<T>(_mode: 'readonly' | 'readwrite', work: (tx: LocalTransaction) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      const undo: (() => void)[] = [];
      try {
        return await work(noting(new MemoryTransaction(this.#tables, undo, () => this.#nextKey++)));
      } catch (error) {
        for (const step of undo.reverse()) step();
        throw error;
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }

  close() {}

  async destroy() {
    this.#tables = emptyTables();
  }
}

function emptyTables(): Tables {
  return Object.fromEntries(Object.keys(STORES).map((name) => [name, new Map()])) as Tables;
}

class MemoryTransaction implements LocalTransaction {
  readonly #tables: Tables;
  readonly #undo: (() => void)[];
  readonly #nextKey: () => number;

  constructor(tables: Tables, undo: (() => void)[], nextKey: () => number) {
    this.#tables = tables;
    this.#undo = undo;
    this.#nextKey = nextKey;
  }

  async get<S extends StoreName>(store: S, key: Key) {
    return structuredClone(this.#tables[store].get(encode(key))?.value) as Records[S] | undefined;
  }

  async put<S extends StoreName>(store: S, value: Records[S]) {
    const { keyPath, autoIncrement } = STORES[store];
    const copy = structuredClone(value) as unknown as Record<string, unknown>;
    if (autoIncrement && typeof keyPath === 'string') copy[keyPath] ??= this.#nextKey();
    const key = keyOf(copy, keyPath);
    this.#set(store, encode(key), { key, value: copy });
    return key;
  }

  async keys(store: StoreName) {
    return [...this.#tables[store].values()].map(({ key }) => key);
  }

  async delete(store: StoreName, key: Key) {
    this.#set(store, encode(key), undefined);
  }

  async list<S extends StoreName>(store: S, index: string | null, range: KeyRange | null, options: ListOptions = {}) {
    const { reverse = false, limit = Infinity } = options;
    const path = index ? STORES[store].indexes[index] : null;
    const found: { at: Key; key: Key; value: unknown }[] = [];
    for (const { key, value } of this.#tables[store].values()) {
      const at = path ? keyOf(value as Record<string, unknown>, path) : key;
      if (isComplete(at) && isInside(at, range)) found.push({ at, key, value });
    }
    found.sort((a, b) => compare(a.at, b.at) || compare(a.key, b.key));
    if (reverse) found.reverse();
    return found.slice(0, limit).map(({ value }) => structuredClone(value) as Records[S]);
  }

  async deleteRange(store: StoreName, range: KeyRange) {
    for (const [encoded, { key }] of [...this.#tables[store]]) {
      if (isInside(key, range)) this.#set(store, encoded, undefined);
    }
  }

  #set(store: StoreName, encoded: string, entry: Entry | undefined) {
    const table = this.#tables[store];
    const before = table.get(encoded);
    this.#undo.push(() => (before ? table.set(encoded, before) : table.delete(encoded)));
    if (entry) table.set(encoded, entry);
    else table.delete(encoded);
  }
}

function encode(key: Key) {
  return JSON.stringify(key);
}

function keyOf(value: Record<string, unknown>, path: string | string[]): Key {
  return (Array.isArray(path) ? path.map((name) => value[name]) : value[path]) as Key;
}

function isComplete(key: Key) {
  return Array.isArray(key) ? key.every((part) => part !== undefined) : key !== undefined;
}

function isInside(key: Key, range: KeyRange | null) {
  if (!range) return true;
  const lower = compare(key, range.lower);
  const upper = compare(key, range.upper);
  return (range.lowerOpen ? lower > 0 : lower >= 0) && (range.upperOpen ? upper < 0 : upper <= 0);
}

/** IndexedDB's order: numbers before strings before arrays. */
function compare(a: Key, b: Key): number {
  if (!Array.isArray(a) || !Array.isArray(b)) return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = compare(a[i] as Key, b[i] as Key);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function rank(key: Key) {
  if (Array.isArray(key)) return 2;
  return typeof key === 'string' ? 1 : 0;
}
