import { StoreError } from './errors.js';
import { BULK, readState, writeState } from './records.js';
import { bulkEntries } from './bulk.js';
import { storeConversations } from './importing.js';
import { parseConversations, readWhole } from './transfer.js';

/** The frontend's localStorage key until now, and the plan's mark that its data has been migrated. */
const OLD_KEY = 'claude-code-conversations';
const MARK = 'claude-migrated-to-redis';

/** `{ phase, source, total, rejected }`: how far the migration of this old data is. */
const STATE = 'migration';

/**
 * Moves what the frontend kept in localStorage: into the local database at once, and from there to the server. The old
 * data stays where it is; the mark says that the server has confirmed all of it.
 */
export class Migration {
  #core;

  constructor(core) {
    this.#core = core;
    core.onImported = (portion) => this.#advance(portion);
  }

  /** On start: goes on with what was begun, and begins where there is something new; but not after an undo. */
  async start() {
    const state = await this.#state();
    const old = this.#read();
    if (!old || (this.#isMarked() && !state)) return;
    if (state?.source === fingerprintOf(old)) await this.#finishIfDone(state);
    else await this.run();
  }

  async run() {
    const old = this.#read();
    if (!old) return this.report();
    const source = fingerprintOf(old);
    const state = await this.#state();
    if (state?.source !== source || state.phase === 'undone') await this.#store(old, source);
    this.#core.wake();
    return this.report();
  }

  async report() {
    const state = await this.#state();
    if (!state || state.phase === 'undone') return { state: 'none', conversations: 0, rejected: [] };
    const { phase, total: conversations, rejected } = state;
    if (phase === 'sending') return { state: 'waiting', conversations, rejected };
    return { state: rejected.length > 0 ? 'rejected' : 'done', conversations, rejected };
  }

  /** Puts the old data into the local database. What is there already, or was deleted there, stays as it is. */
  async #store(old, source) {
    let conversations;
    try {
      conversations = parseConversations(old);
    } catch {
      await this.#save({ phase: 'sent', source, total: 0, rejected: [{ id: OLD_KEY, code: 'invalid_json' }] });
      return;
    }
    const ids = await this.#core.database.run('readwrite', async (tx) => {
      const { added, rejected } = await storeConversations(tx, conversations, this.#core.clock.now());
      await writeState(tx, STATE, { phase: 'sending', source, total: conversations.length, rejected });
      return added;
    });
    this.#core.announce(ids);
    await this.#finishIfDone(await this.#state());
  }

  /** The server has taken, or rejected, a portion. */
  async #advance({ left, rejected }) {
    const state = await this.#state();
    if (state?.phase !== 'sending') return;
    // Deleted on another device meanwhile: that is where it should be.
    const failed = rejected.filter(({ code }) => code !== 'conversation_deleted');
    const next = { ...state, rejected: [...state.rejected, ...failed] };
    await this.#save(next);
    this.#core.emitter.emit('progress', {
      task: 'migration',
      done: Math.max(0, state.total - left),
      total: state.total,
    });
    await this.#finishIfDone(next);
  }

  async #finishIfDone(state) {
    if (state.phase !== 'sending') return;
    const isWaiting = await this.#core.database.run(
      'readonly',
      async (tx) => (await bulkEntries(tx)).length > 0 || Boolean(await tx.get('outbox', BULK)),
    );
    if (isWaiting) return;
    await this.#save({ ...state, phase: 'sent' });
    if (state.rejected.length === 0) this.#core.environment.localStorage.setItem(MARK, 'true');
  }

  /** Back into the old key, as the old frontend reads it. */
  async undo() {
    const core = this.#core;
    const conversations = [];
    for (const record of await core.localConversations()) {
      const whole = core.mayAsk && record.onServer ? await this.#complete(record) : record;
      conversations.push(await readWhole(core, whole));
    }
    const text = JSON.stringify(conversations);
    try {
      core.environment.localStorage.setItem(OLD_KEY, text);
    } catch {
      throw new StoreError('local_storage_full', 'The old key has no room for all of it.');
    }
    core.environment.localStorage.removeItem(MARK);
    await this.#save({ phase: 'undone', source: fingerprintOf(text), total: 0, rejected: [] });
    return { conversations: conversations.length };
  }

  async #complete({ id }) {
    await this.#core.reader.refresh(id, -Infinity);
    return this.#core.reader.follow(id);
  }

  async removeOldData() {
    const [old, state] = [this.#read(), await this.#state()];
    // An old version of the page, in another tab, may have written since.
    const isWhole = old === null || (state?.phase === 'sent' && state.source === fingerprintOf(old));
    if (!this.#isMarked() || !isWhole) throw new StoreError('not_migrated', 'The server does not have all of it yet.');
    this.#core.environment.localStorage.removeItem(OLD_KEY);
  }

  #read() {
    return this.#core.environment.localStorage.getItem(OLD_KEY);
  }

  #isMarked() {
    return this.#core.environment.localStorage.getItem(MARK) === 'true';
  }

  #state() {
    return this.#core.database.run('readonly', (tx) => readState(tx, STATE));
  }

  #save(state) {
    return this.#core.database.run('readwrite', (tx) => writeState(tx, STATE, state));
  }
}

/** With the old data goes all that speaks of it. */
export function forgetOldData({ localStorage }) {
  localStorage.removeItem(OLD_KEY);
  localStorage.removeItem(MARK);
}

/** Tells whether the old data is the same as when it was last looked at. */
function fingerprintOf(text) {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return `${text.length} ${hash}`;
}
