/** Loads the sync engine, a separate chunk, when it is first needed. */

import type { Context } from './context.js';
import { load } from './load.js';
import type { LocalDatabase } from './local/database.js';
import type { SyncEngine } from './sync/engine.js';

/** Loads what synchronises, once; where that fails, again when it is next asked for. */
export class EngineLoader {
  readonly #context: Context;
  readonly #database: LocalDatabase;
  #loading: Promise<SyncEngine> | null = null;
  #loaded: SyncEngine | null = null;

  constructor(context: Context, database: LocalDatabase) {
    this.#context = context;
    this.#database = database;
  }

  /** Null until it is there. */
  get loaded(): SyncEngine | null {
    return this.#loaded;
  }

  /** Rejects with `offline` where it cannot be loaded. */
  get(): Promise<SyncEngine> {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  async #load() {
    const { createEngine } = await load(() => import('./sync/engine.js'));
    this.#loaded = await createEngine(this.#context, this.#database);
    return this.#loaded;
  }
}
