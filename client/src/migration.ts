import type { Environment } from './environment.js';
import { StoreError } from './errors.js';
import { MIGRATED_KEY, OLD_DATA_KEY } from './keys.js';
import { storeConversations } from './local/import.js';
import { BULK, listConversations, readState, writeState } from './local/records.js';
import type { ConversationRecord, Rejection, States } from './local/schema.js';
import type { OpenStore } from './open.js';
import { importEntries } from './sync/bulk-import.js';
import { parseConversations, readWhole } from './transfer.js';
import type { MigrationReport } from './types.js';

type State = States['migration'];

/**
 * Moves what the frontend kept in localStorage: into the local database at once, and from there to the server. The old
 * data stays where it is; the mark says that the server has confirmed all of it.
 */
export class Migration {
  readonly #store: OpenStore;

  constructor(store: OpenStore) {
    this.#store = store;
  }

  /** On start: goes on with what was begun, and begins where there is something new; but not after an undo. */
  async start() {
    const state = await this.#state();
    const old = this.#read();
    if (!old || (this.#isMarked() && !state)) return;
    if (state?.source === fingerprintOf(old)) await this.#finishIfDone(state);
    else await this.run();
  }

  async run(): Promise<MigrationReport> {
    const old = this.#read();
    if (!old) return this.report();
    const source = fingerprintOf(old);
    const state = await this.#state();
    if (state?.source !== source || state.phase === 'undone') await this.#import(old, source);
    this.#store.leadership.wake();
    return this.report();
  }

  async report(): Promise<MigrationReport> {
    const state = await this.#state();
    if (!state || state.phase === 'undone') return { state: 'none', conversations: 0, rejected: [] };
    const { phase, total: conversations, rejected } = state;
    if (phase === 'sending') return { state: 'waiting', conversations, rejected };
    return { state: rejected.length > 0 ? 'rejected' : 'done', conversations, rejected };
  }

  /** Puts the old data into the local database. What is there already, or was deleted there, stays as it is. */
  async #import(old: string, source: string) {
    const { announcer, database, environment } = this.#store;
    let conversations: unknown[];
    try {
      conversations = parseConversations(old);
    } catch {
      await this.#save({ phase: 'sent', source, total: 0, rejected: [{ id: OLD_DATA_KEY, code: 'invalid_json' }] });
      return;
    }
    const state = await database.run('readwrite', async (tx) => {
      const { added, rejected } = await storeConversations(tx, conversations, environment.clock.now());
      const next: State = { phase: 'sending', source, total: conversations.length, rejected };
      await writeState(tx, 'migration', next);
      return { next, added };
    });
    announcer.announce(state.added, 'tab');
    await this.#finishIfDone(state.next);
  }

  /** The server has taken, or rejected, a portion. */
  async advance({ left, rejected }: { left: number; rejected: Rejection[] }) {
    const state = await this.#state();
    if (state?.phase !== 'sending') return;
    // Deleted on another device meanwhile: that is where it should be.
    const failed = rejected.filter(({ code }) => code !== 'conversation_deleted');
    const next = { ...state, rejected: [...state.rejected, ...failed] };
    await this.#save(next);
    const { total } = state;
    this.#store.bus.emit('progress', { task: 'migration', done: Math.max(0, total - left), total });
    await this.#finishIfDone(next);
  }

  async #finishIfDone(state: State) {
    if (state.phase !== 'sending') return;
    const isWaiting = await this.#store.database.run(
      'readonly',
      async (tx) => (await importEntries(tx)).length > 0 || Boolean(await tx.get('outbox', BULK)),
    );
    if (isWaiting) return;
    await this.#save({ ...state, phase: 'sent' });
    if (state.rejected.length === 0) this.#localStorage.setItem(MIGRATED_KEY, 'true');
  }

  /** Back into the old key, as the old frontend reads it. */
  async undo() {
    const { database, mayAsk } = this.#store;
    const conversations = [];
    for (const record of await database.run('readonly', listConversations)) {
      const whole = mayAsk() && record.onServer ? await this.#complete(record) : record;
      if (whole) conversations.push(await readWhole(database, whole));
    }
    const text = JSON.stringify(conversations);
    try {
      this.#localStorage.setItem(OLD_DATA_KEY, text);
    } catch {
      throw new StoreError('local_storage_full', 'The old key has no room for all of it.');
    }
    this.#localStorage.removeItem(MIGRATED_KEY);
    await this.#save({ phase: 'undone', source: fingerprintOf(text), total: 0, rejected: [] });
    return { conversations: conversations.length };
  }

  async #complete({ id }: ConversationRecord) {
    const { pull } = await this.#store.engine.get();
    await pull.refresh(id, -Infinity);
    return pull.resolve(id);
  }

  async removeOldData() {
    const [old, state] = [this.#read(), await this.#state()];
    // An old version of the page, in another tab, may have written since.
    const isWhole = old === null || (state?.phase === 'sent' && state.source === fingerprintOf(old));
    if (!this.#isMarked() || !isWhole) throw new StoreError('not_migrated', 'The server does not have all of it yet.');
    this.#localStorage.removeItem(OLD_DATA_KEY);
  }

  get #localStorage() {
    return this.#store.environment.localStorage;
  }

  #read() {
    return this.#localStorage.getItem(OLD_DATA_KEY);
  }

  #isMarked() {
    return this.#localStorage.getItem(MIGRATED_KEY) === 'true';
  }

  #state() {
    return this.#store.database.run('readonly', (tx) => readState(tx, 'migration'));
  }

  #save(state: State) {
    return this.#store.database.run('readwrite', (tx) => writeState(tx, 'migration', state));
  }
}

/** With the old data goes all that speaks of it. */
export function forgetOldData(localStorage: Environment['localStorage']) {
  localStorage.removeItem(OLD_DATA_KEY);
  localStorage.removeItem(MIGRATED_KEY);
}

/** Tells whether the old data is the same as when it was last looked at. */
function fingerprintOf(text: string) {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return `${text.length} ${hash}`;
}
