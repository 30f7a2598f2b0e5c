import { StoreError } from './errors.js';
import { STORES, VERSION } from './schema.js';

const NAMES = Object.keys(STORES);

/** The browser's IndexedDB as a local database. */
export async function openIndexedDatabase(name) {
  return new IndexedDatabase(await open(name), name);
}

async function open(name) {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => createStores(request.result);
  return resultOf(request);
}

function createStores(database) {
  for (const [name, { keyPath, autoIncrement, indexes }] of Object.entries(STORES)) {
    const store = database.createObjectStore(name, { keyPath, autoIncrement: autoIncrement ?? false });
    for (const [index, path] of Object.entries(indexes)) store.createIndex(index, path);
  }
}

class IndexedDatabase {
  kind = 'indexeddb';
  #database;
  #name;

  constructor(database, name) {
    this.#name = name;
    this.#use(database);
  }

  async run(mode, work) {
    const transaction = await this.#begin(mode);
    /** @type {Promise<void>} */
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(errorOf(transaction));
    });
    // Where `work` fails first, nobody waits for this one.
    ended.catch(() => {});
    let value;
    try {
      value = await work(new IndexedTransaction(transaction));
    } catch (error) {
      abort(transaction);
      throw transaction.error ? errorOf(transaction) : error;
    }
    await ended;
    return value;
  }

  close() {
    this.#database?.close();
    this.#database = null;
  }

  async destroy() {
    this.close();
    await resultOf(indexedDB.deleteDatabase(this.#name));
  }

  #use(database) {
    this.#database = database;
    // A newer version of the page, or a deletion, waits until everybody has let go.
    database.onversionchange = () => this.close();
    database.onclose = () => this.close();
  }

  async #begin(mode) {
    // The browser, or another tab, has closed it: whoever needs it opens it again.
    if (!this.#database) this.#use(await open(this.#name));
    // Strict: done means written, not just on its way to the disk.
    return this.#database.transaction(NAMES, mode, { durability: 'strict' });
  }
}

function errorOf({ error }) {
  if (error?.name === 'QuotaExceededError') {
    return new StoreError('local_storage_full', 'The browser has no room left for this.');
  }
  return error ?? new StoreError('local_storage_failed', 'The browser gave up a transaction.');
}

function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended by itself: a request of it failed.
  }
}

class IndexedTransaction {
  #transaction;

  constructor(transaction) {
    this.#transaction = transaction;
  }

  get(store, key) {
    return resultOf(this.#transaction.objectStore(store).get(key));
  }

  put(store, value) {
    return resultOf(this.#transaction.objectStore(store).put(value));
  }

  delete(store, key) {
    return resultOf(this.#transaction.objectStore(store).delete(key));
  }

  list(store, index, range, /** @type {{ reverse?: boolean, limit?: number }} */ { reverse = false, limit } = {}) {
    const objects = this.#transaction.objectStore(store);
    const source = index ? objects.index(index) : objects;
    if (!reverse) return resultOf(source.getAll(keyRange(range), limit));
    return listBackwards(source.openCursor(keyRange(range), 'prev'), limit ?? Infinity);
  }

  deleteRange(store, range) {
    return resultOf(this.#transaction.objectStore(store).delete(keyRange(range)));
  }
}

function keyRange(range) {
  if (!range) return null;
  return IDBKeyRange.bound(range.lower, range.upper, range.lowerOpen ?? false, range.upperOpen ?? false);
}

function listBackwards(request, limit) {
  return new Promise((resolve, reject) => {
    const found = [];
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor) return resolve(found);
      found.push(cursor.value);
      if (found.length >= limit) return resolve(found);
      cursor.continue();
    };
  });
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
