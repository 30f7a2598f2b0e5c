/** The interface of the local database: transactions over stores of records, modelled on IndexedDB. */

import type { Records, StoreName } from './schema.js';

/** A key of a record or an index. */
export type Key = IDBValidKey;

/** Bounds of keys, both included unless `open`. */
export interface KeyRange {
  lower: Key;
  upper: Key;
  lowerOpen?: boolean;
  upperOpen?: boolean;
}

export interface ListOptions {
  reverse?: boolean;
  limit?: number;
}

/** A transactional store of records, as IndexedDB is one. Its transactions note what is to be indexed: see unindexed.ts. */
export interface LocalDatabase {
  readonly kind: 'indexeddb' | 'memory';
  /** Of the IndexedDB, for workers that read it, too. */
  readonly name?: string;
  /** Runs `work` in a transaction over all stores: all of its writes happen, or none. `work` awaits nothing but `tx`. */
  run<T>(mode: 'readonly' | 'readwrite', work: (tx: LocalTransaction) => Promise<T>): Promise<T>;
  close(): void;
  /** Closes it and deletes everything. */
  destroy(): Promise<void>;
  /** Called when another tab has opened it with a newer release: this one cannot use it any more. */
  onOutdated?: () => void;
}

export interface LocalTransaction {
  get<S extends StoreName>(store: S, key: Key): Promise<Records[S] | undefined>;
  /** Returns the record's key. */
  put<S extends StoreName>(store: S, value: Records[S]): Promise<Key>;
  /** The keys of all records. */
  keys(store: StoreName): Promise<Key[]>;
  delete(store: StoreName, key: Key): Promise<void>;
  /** Records whose key in `index` (null: the primary key) is in the range (null: all), in order. */
  list<S extends StoreName>(
    store: S,
    index: string | null,
    range: KeyRange | null,
    options?: ListOptions,
  ): Promise<Records[S][]>;
  deleteRange(store: StoreName, range: KeyRange): Promise<void>;
}
