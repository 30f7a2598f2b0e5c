import { STORES } from './schema.js';

/** A local database that keeps nothing: for tests, and where the browser has no other. */
export function createMemoryDatabase() {
  return new MemoryDatabase();
}

class MemoryDatabase {
  kind = 'memory';
  #tables = emptyTables();
  #nextKey = 1;
  #last = Promise.resolve();

  /** One transaction after the other; one that fails leaves nothing behind. */
  run(_mode, work) {
    const result = this.#last.then(async () => {
      const undo = [];
      try {
        return await work(new MemoryTransaction(this.#tables, undo, () => this.#nextKey++));
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

function emptyTables() {
  return Object.fromEntries(Object.keys(STORES).map((name) => [name, new Map()]));
}

class MemoryTransaction {
  #tables;
  #undo;
  #nextKey;

  constructor(tables, undo, nextKey) {
    this.#tables = tables;
    this.#undo = undo;
    this.#nextKey = nextKey;
  }

  async get(store, key) {
    return structuredClone(this.#tables[store].get(encode(key))?.value);
  }

  async put(store, value) {
    const { keyPath, autoIncrement } = STORES[store];
    const copy = structuredClone(value);
    if (autoIncrement && copy[keyPath] === undefined) copy[keyPath] = this.#nextKey();
    const key = keyOf(copy, keyPath);
    this.#set(store, encode(key), { key, value: copy });
    return key;
  }

  async delete(store, key) {
    this.#set(store, encode(key), undefined);
  }

  async list(store, index, range, { reverse = false, limit = Infinity } = {}) {
    const path = index ? STORES[store].indexes[index] : null;
    const found = [];
    for (const { key, value } of this.#tables[store].values()) {
      const at = path ? keyOf(value, path) : key;
      if (isComplete(at) && isInside(at, range)) found.push({ at, key, value });
    }
    found.sort((a, b) => compare(a.at, b.at) || compare(a.key, b.key));
    if (reverse) found.reverse();
    return found.slice(0, limit).map(({ value }) => structuredClone(value));
  }

  async deleteRange(store, range) {
    for (const [encoded, { key }] of [...this.#tables[store]]) {
      if (isInside(key, range)) this.#set(store, encoded, undefined);
    }
  }

  #set(store, encoded, entry) {
    const table = this.#tables[store];
    const before = table.get(encoded);
    this.#undo.push(() => (before ? table.set(encoded, before) : table.delete(encoded)));
    if (entry) table.set(encoded, entry);
    else table.delete(encoded);
  }
}

function encode(key) {
  return JSON.stringify(key);
}

function keyOf(value, path) {
  return Array.isArray(path) ? path.map((name) => value[name]) : value[path];
}

function isComplete(key) {
  return Array.isArray(key) ? key.every((part) => part !== undefined) : key !== undefined;
}

function isInside(key, range) {
  if (!range) return true;
  const lower = compare(key, range.lower);
  const upper = compare(key, range.upper);
  return (range.lowerOpen ? lower > 0 : lower >= 0) && (range.upperOpen ? upper < 0 : upper <= 0);
}

/** IndexedDB's order: numbers before strings before arrays. */
function compare(a, b) {
  const kinds = rank(a) - rank(b);
  if (kinds !== 0) return kinds;
  if (!Array.isArray(a)) return a < b ? -1 : a > b ? 1 : 0;
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = compare(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function rank(key) {
  if (Array.isArray(key)) return 2;
  return typeof key === 'string' ? 1 : 0;
}
