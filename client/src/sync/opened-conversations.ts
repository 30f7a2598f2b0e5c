import type { LocalDatabase } from '../local/database.js';
import type { Locks } from '../tabs/locks.js';
import { isBehind } from './next-request.js';
import type { Pull } from './pull.js';

/** Conversations that a tab keeps up to date: those it opened last. */
const MOST = 3;

/** Conversations that a frontend has on the screen are refreshed when they change elsewhere. */
export class OpenedConversations {
  readonly #database: LocalDatabase;
  readonly #pull: Pull;
  readonly #locks: Locks;
  #ids: string[] = [];

  constructor(database: LocalDatabase, pull: Pull, locks: Locks) {
    this.#database = database;
    this.#pull = pull;
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
    if (record?.onServer && record.held && isBehind(record)) await this.#pull.refresh(id);
  }
}
