/** Searches this device: in a worker where there is one, else in slices of the page's own time. */

import { StoreError } from '../errors.js';
import { load } from '../load.js';
import type { LocalDatabase } from '../local/database.js';
import type { DeviceIndex, DeviceQuery, DeviceResults } from './device-index.js';
import { openWorker } from './open-worker.js';
import type { WorkerReply, WorkerRequest } from './worker-messages.js';

interface Pending {
  query: DeviceQuery;
  resolve(results: DeviceResults): void;
  reject(error: unknown): void;
}

export class DeviceSearch {
  readonly #database: LocalDatabase;
  readonly #progressed: () => void;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #index: Promise<DeviceIndex> | null = null;
  #count = 0;

  /** `progressed` is called whenever more has been indexed. */
  constructor(database: LocalDatabase, progressed: () => void) {
    this.#database = database;
    this.#progressed = progressed;
    this.#worker = this.#startWorker();
  }

  search(query: DeviceQuery): Promise<DeviceResults> {
    const worker = this.#worker;
    const { name: database } = this.#database;
    if (!worker || !database) return this.#searchHere(query);
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { query, resolve, reject });
      worker.postMessage({ id, database, query } satisfies WorkerRequest);
    });
  }

  close() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#pending.values()) reject(new StoreError('closed', 'The store was closed.'));
    this.#pending.clear();
  }

  #startWorker(): Worker | null {
    if (!this.#database.name || typeof Worker === 'undefined') return null;
    try {
      const worker = openWorker();
      worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#hear(data);
      // The page's policy forbids it, or its bundler has left it out.
      worker.onerror = () => this.#doWithoutWorker();
      return worker;
    } catch {
      return null;
    }
  }

  #hear(reply: WorkerReply) {
    if ('hasProgressed' in reply) return this.#progressed();
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('results' in reply) pending?.resolve(reply.results);
    else pending?.reject(new StoreError(reply.error.code, reply.error.message));
  }

  #doWithoutWorker() {
    this.#worker?.terminate();
    this.#worker = null;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { query, resolve, reject } of waiting) this.#searchHere(query).then(resolve, reject);
  }

  async #searchHere(query: DeviceQuery): Promise<DeviceResults> {
    this.#index ??= this.#openHere();
    return (await this.#index).search(query);
  }

  async #openHere() {
    try {
      const { DeviceIndex } = await load(() => import('./device-index.js'));
      return new DeviceIndex(this.#database, this.#progressed);
    } catch (error) {
      this.#index = null;
      throw error;
    }
  }
}
