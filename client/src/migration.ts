/** Migrates the conversations that an earlier frontend kept in localStorage. */

import type { Environment } from './environment.js';
import { StoreError } from './errors.js';
import { MIGRATED_KEY, OLD_DATA_KEY } from './keys.js';
import type { LocalTransaction } from './local/database.js';
import { parseImport, storeMessages, storeRecords, type ParsedImport } from './local/import.js';
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
    const isBegun = state?.source === fingerprintOf(old) && state.phase !== 'storing';
    if (isBegun) await this.#finishIfDone();
    else await this.#begin(old);
  }

  async run(): Promise<MigrationReport> {
    const old = this.#read();
    if (!old) return this.report();
    const source = fingerprintOf(old);
    const state = await this.#state();
    const isBegun = state?.source === source && state.phase !== 'undone' && state.phase !== 'storing';
    if (!isBegun) await (await this.#begin(old)).done;
    await this.#store.imports.waitForAll();
    this.#store.leadership.wake();
    return this.report();
  }

  async report(): Promise<MigrationReport> {
    const state = await this.#state();
    if (!state || state.phase === 'undone') return { state: 'none', conversations: 0, rejected: [] };
    const { phase, total: conversations, rejected } = state;
    if (phase === 'sending' || phase === 'storing') return { state: 'waiting', conversations, rejected };
    return { state: rejected.length > 0 ? 'rejected' : 'done', conversations, rejected };
  }

  /**
   * Puts the old data into the local database: first what the list shows, then the messages, in the background. What is
   * there already, or was deleted there, stays as it is.
   */
  async #begin(old: string): Promise<{ done: Promise<void> }> {
    const { announcer, database, environment, imports } = this.#store;
    const now = environment.clock.now();
    const source = fingerprintOf(old);
    const { parsed, rejected, total } = parse(old, now);
    const added = await database.run('readwrite', async (tx) => {
      await writeState(tx, 'migration', { phase: 'storing', source, total, rejected });
      return storeRecords(tx, parsed);
    });
    announcer.announce(added, 'tab');
    const ids = parsed.map(({ id }) => id);
    imports.hold(ids);
    const done = this.#storeAll(parsed, source, now).finally(() => imports.release(ids));
    // Where it fails, it begins anew with the next start.
    done.catch(() => {});
    return { done };
  }

  async #storeAll(parsed: ParsedImport[], source: string, now: number) {
    const { announcer, database, imports, leadership } = this.#store;
    // Those first that are at the top of the list.
    parsed.sort((a, b) => b.record.updatedAt - a.record.updatedAt);
    for (const batch of batches(parsed)) {
      const added = await database.run('readwrite', async (tx) => {
        const ids: string[] = [];
        for (const one of batch) if (await storeMessages(tx, one, now)) ids.push(one.id);
        return ids;
      });
      imports.release(batch.map(({ id }) => id));
      announcer.announce(added, 'tab');
    }
    await this.#update((state) => (state.source === source ? { ...state, phase: 'sending' } : state));
    await this.#finishIfDone();
    leadership.wake();
  }

  /** The server has taken, or rejected, a portion. */
  async advance({ left, rejected }: { left: number; rejected: Rejection[] }) {
    // Deleted on another device meanwhile: that is where it should be.
    const failed = rejected.filter(({ code }) => code !== 'conversation_deleted');
    const state = await this.#update((before) => ({ ...before, rejected: [...before.rejected, ...failed] }));
    if (!state) return;
    const { total } = state;
    this.#store.bus.emit('progress', { task: 'migration', done: Math.max(0, total - left), total });
    await this.#finishIfDone();
  }

  async #finishIfDone() {
    const { database } = this.#store;
    const isDone = await database.run('readwrite', async (tx) => {
      const state = await readState(tx, 'migration');
      if (state?.phase !== 'sending' || (await isWaiting(tx))) return false;
      await writeState(tx, 'migration', { ...state, phase: 'sent' });
      return state.rejected.length === 0;
    });
    if (isDone) this.#localStorage.setItem(MIGRATED_KEY, 'true');
  }

  /** Changes the state of a migration under way; undefined where there is none. */
  #update(change: (state: State) => State) {
    return this.#store.database.run('readwrite', async (tx) => {
      const state = await readState(tx, 'migration');
      if (state?.phase !== 'storing' && state?.phase !== 'sending') return undefined;
      const next = change(state);
      await writeState(tx, 'migration', next);
      return next;
    });
  }

  /** Back into the old key, as the old frontend reads it. */
  async undo() {
    const { database, imports, mayAsk } = this.#store;
    await imports.waitForAll();
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
    await pull.refresh(id, 'all');
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

/** Messages that are stored in one transaction. */
const BATCH = 1_000;

function* batches(parsed: readonly ParsedImport[]): Generator<ParsedImport[]> {
  let batch: ParsedImport[] = [];
  let size = 0;
  for (const one of parsed) {
    batch.push(one);
    size += one.messages.length;
    if (size < BATCH) continue;
    yield batch;
    [batch, size] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

function parse(old: string, now: number) {
  try {
    const conversations = parseConversations(old);
    return { ...parseImport(conversations, now), total: conversations.length };
  } catch {
    return { parsed: [], rejected: [{ id: OLD_DATA_KEY, code: 'invalid_json' }], total: 0 };
  }
}

async function isWaiting(tx: LocalTransaction) {
  return (await importEntries(tx)).length > 0 || Boolean(await tx.get('outbox', BULK));
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
