import { STORES, VERSION } from './schema.js';

const NAMES = Object.keys(STORES);

/** The browser's IndexedDB as a local database. */
export async function openIndexedDatabase(name) {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => createStores(request.result);
  return new IndexedDatabase(await resultOf(request), name);
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
    this.#database = database;
    this.#name = name;
    // A newer version of the page, or a deletion, waits until everybody has let go.
    database.onversionchange = () => database.close();
  }

  async run(mode, work) {
    // Strict: resolved means written, not just on its way to the disk.
    const transaction = this.#database.transaction(NAMES, mode, { durability: 'strict' });
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException('aborted', 'AbortError'));
    });
    // Whoever awaits `work` first may leave this one to nobody.
    ended.catch(() => {});
    let value;
    try {
      value = await work(new IndexedTransaction(transaction));
    } catch (error) {
      abort(transaction);
      throw transaction.error ?? error;
    }
    await ended;
    return value;
  }

  close() {
    this.#database.close();
  }

  async destroy() {
    this.#database.close();
    await resultOf(indexedDB.deleteDatabase(this.#name));
  }
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

  list(store, index, range, { reverse = false, limit } = {}) {
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
