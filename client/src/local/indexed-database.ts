/** The local database in the browser's IndexedDB, whose schema is created and upgraded here. */

import { StoreError } from '../errors.js';
import type { Key, KeyRange, ListOptions, LocalDatabase, LocalTransaction } from './database.js';
import { STORES, VERSION, type Records, type StoreName } from './schema.js';
import { noting } from './unindexed.js';
import { createIndex, createStore, upgradeFromVersion1 } from './upgrade.js';

const NAMES = Object.keys(STORES);

/** Opens the browser's IndexedDB as a local database. */
export async function openIndexedDatabase(name: string): Promise<LocalDatabase> {
  if (!('indexedDB' in globalThis) && !('document' in globalThis)) {
    throw new StoreError(
      'no_browser',
      'Conversations are kept in a browser: here is none, as in server-side rendering.',
    );
  }
  return new IndexedDatabase(await open(name), name);
}

async function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION);
  let upgraded: Promise<void> = Promise.resolve();
  request.onupgradeneeded = ({ oldVersion }) => {
    if (oldVersion === 0) createStores(request.result);
    else upgraded = upgrade(request.transaction as IDBTransaction, oldVersion);
  };
  try {
    const database = await resultOf(request);
    await upgraded;
    return database;
  } catch (error) {
    if ((error as DOMException | null)?.name === 'VersionError') throw outdated();
    throw error;
  }
}

/** In one transaction: where any of it fails, everything is as it was. */
async function upgrade(transaction: IDBTransaction, version: number) {
  try {
    if (version === 1) await upgradeFromVersion1(transaction);
    await createIndex(transaction);
  } catch {
    abort(transaction);
  }
}

function outdated() {
  return new StoreError('newer_release', 'Another tab has opened a newer release of this page: reload this one.');
}

function createStores(database: IDBDatabase) {
  for (const name of NAMES) createStore(database, name as StoreName);
}

class IndexedDatabase implements LocalDatabase {
  readonly kind = 'indexeddb';
  onOutdated?: () => void;
  readonly name: string;
  #database: IDBDatabase | null = null;

  constructor(database: IDBDatabase, name: string) {
    this.name = name;
    this.#use(database);
  }

  async run<T>(mode: 'readonly' | 'readwrite', work: (tx: LocalTransaction) => Promise<T>): Promise<T> {
    const transaction = await this.#begin(mode);
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(errorOf(transaction));
    });
    // Where `work` fails first, nobody waits for this one.
    ended.catch(() => {});
    let value: T;
    try {
      const tx = new IndexedTransaction(transaction);
      value = await work(mode === 'readonly' ? tx : noting(tx));
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
    await resultOf(indexedDB.deleteDatabase(this.name));
  }

  #use(database: IDBDatabase) {
    this.#database = database;
    // A newer version of the page, or a deletion, waits until every tab has let go.
    database.onversionchange = ({ newVersion }) => {
      this.close();
      if (newVersion !== null) this.onOutdated?.();
    };
    database.onclose = () => this.close();
    return database;
  }

  async #begin(mode: IDBTransactionMode) {
    // The browser or another tab has closed it: it is opened again.
    const database = this.#database ?? this.#use(await open(this.name));
    // Strict: done means written, not just on its way to the disk.
    return database.transaction(NAMES, mode, { durability: 'strict' });
  }
}

function errorOf({ error }: IDBTransaction) {
  if (error?.name === 'QuotaExceededError') {
    return new StoreError('local_storage_full', 'The browser has no room left for this.');
  }
  return error ?? new StoreError('local_storage_failed', 'The browser gave up a transaction.');
}

function abort(transaction: IDBTransaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended by itself: one of its requests failed.
  }
}

class IndexedTransaction implements LocalTransaction {
  readonly #transaction: IDBTransaction;

  constructor(transaction: IDBTransaction) {
    this.#transaction = transaction;
  }

  get<S extends StoreName>(store: S, key: Key): Promise<Records[S] | undefined> {
    return resultOf(this.#transaction.objectStore(store).get(key));
  }

  put<S extends StoreName>(store: S, value: Records[S]): Promise<Key> {
    return resultOf(this.#transaction.objectStore(store).put(value));
  }

  keys(store: StoreName): Promise<Key[]> {
    return resultOf(this.#transaction.objectStore(store).getAllKeys());
  }

  delete(store: StoreName, key: Key): Promise<void> {
    return resultOf(this.#transaction.objectStore(store).delete(key));
  }

  list<S extends StoreName>(store: S, index: string | null, range: KeyRange | null, options: ListOptions = {}) {
    const { reverse = false, limit } = options;
    const objects = this.#transaction.objectStore(store);
    const source = index ? objects.index(index) : objects;
    if (!reverse) return resultOf<Records[S][]>(source.getAll(keyRange(range), limit));
    return listBackwards<Records[S]>(source.openCursor(keyRange(range), 'prev'), limit ?? Infinity);
  }

  deleteRange(store: StoreName, range: KeyRange): Promise<void> {
    return resultOf(this.#transaction.objectStore(store).delete(keyRange(range) as IDBKeyRange));
  }
}

function keyRange(range: KeyRange | null) {
  if (!range) return null;
  return IDBKeyRange.bound(range.lower, range.upper, range.lowerOpen ?? false, range.upperOpen ?? false);
}

function listBackwards<T>(request: IDBRequest<IDBCursorWithValue | null>, limit: number): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const found: T[] = [];
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

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
