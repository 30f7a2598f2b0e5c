/** Refreshes the conversations that a frontend shows when they change elsewhere. */

import type { EngineLoader } from './engine-loader.js';
import type { LocalDatabase } from './local/database.js';
import { isBehind } from './local/records.js';
import type { Locks } from './tabs/locks.js';

/** Conversations that a tab keeps up to date: those it opened last. */
const MOST = 3;

/** Conversations that a frontend has on the screen are refreshed when they change elsewhere. */
export class OpenedConversations {
  readonly #database: LocalDatabase;
  readonly #engine: EngineLoader;
  readonly #locks: Locks;
  #ids: string[] = [];

  constructor(database: LocalDatabase, engine: EngineLoader, locks: Locks) {
    this.#database = database;
    this.#engine = engine;
    this.#locks = locks;
  }

  note(id: string) {
    this.#ids = [id, ...this.#ids.filter((other) => other !== id)].slice(0, MOST);
  }

  /** These have changed elsewhere. */
  async refresh(changed: readonly string[]) {
    for (const id of changed.filter((other) => this.#ids.includes(other))) {
      await this.#locks.conversation(id, () => this.#refresh(id)).catch(() => {});
    }
  }

  async #refresh(id: string) {
    const record = await this.#database.run('readonly', (tx) => tx.get('conversations', id));
    if (!record?.onServer || !record.held || !isBehind(record)) return;
    await (await this.#engine.get()).pull.refresh(id);
  }
}
