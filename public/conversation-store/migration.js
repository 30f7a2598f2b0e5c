import { StoreError } from './errors.js';
import { BULK, newConversation, newMessage, readState, touchOutbox, writeState } from './records.js';
import { bulkEntries } from './bulk.js';
import { parseConversations, readWhole } from './transfer.js';
import { fieldsOf } from './shape.js';
import { UNTITLED, generateTitle, isId, isoOf, millisecondsOf } from './text.js';

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
    const now = this.#core.clock.now();
    const ids = [];
    await this.#core.database.run('readwrite', async (tx) => {
      for (const conversation of conversations.filter(isConversation)) {
        if (await storeConversation(tx, conversation, now)) ids.push(String(conversation.id));
      }
      const rejected = conversations.filter((value) => !isConversation(value)).map(rejectionOf);
      await writeState(tx, STATE, { phase: 'sending', source, total: conversations.length, rejected });
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
    this.#core.emitter.emit('progress', { task: 'migration', done: Math.max(0, state.total - left), total: state.total });
    await this.#finishIfDone(next);
  }

  async #finishIfDone(state) {
    if (state.phase !== 'sending') return;
    const isWaiting = await this.#core.database.run('readonly', async (tx) => (
      (await bulkEntries(tx)).length > 0 || Boolean(await tx.get('outbox', BULK))
    ));
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

function isConversation(value) {
  return typeof value === 'object' && value !== null && isId(String(value.id)) && Array.isArray(value.messages);
}

function rejectionOf(value) {
  const isObject = typeof value === 'object' && value !== null;
  return { id: String(value?.id ?? ''), code: isObject && !isId(String(value.id)) ? 'invalid_id' : 'invalid_field' };
}

/** Returns whether there was anything new in it. */
async function storeConversation(tx, old, now) {
  const id = String(old.id);
  const known = await tx.get('conversations', id);
  if (known?.deleted) return false;
  const record = known ?? recordOf(id, old, now);
  let added = 0;
  for (const message of messagesOf(old, record.createdAt)) {
    if (await tx.get('messages', [id, message.id])) continue;
    await tx.put('messages', newMessage(record, message));
    added += 1;
  }
  if (known && added === 0) return false;
  record.count += added;
  await tx.put('conversations', record);
  await touchOutbox(tx, id, now, false, true);
  return true;
}

function recordOf(id, old, now) {
  const created = orNow(old.createdAt, now);
  const messages = old.messages.filter((message) => typeof message?.content === 'string');
  const title = typeof old.title === 'string' && old.title ? old.title : generateTitle(messages);
  return {
    ...newConversation(id, now),
    fields: { ...fieldsOf(old), title: title || UNTITLED },
    createdAt: created,
    updatedAt: Math.max(created, orNow(old.updatedAt, created)),
    tokens: Number.isFinite(old.totalTokens) ? old.totalTokens : 0,
  };
}

function orNow(time, now) {
  const ms = millisecondsOf(time);
  return Number.isFinite(ms) ? ms : now;
}

/**
 * The old messages in the form of new ones. Ids that are missing, taken or not allowed are made from the position: the same
 * ones whenever the same data is migrated. A message without a time has that of the one before.
 */
function* messagesOf(old, created) {
  const taken = new Set();
  let at = created;
  for (const [index, message] of old.messages.entries()) {
    if (typeof message?.content !== 'string') continue;
    const time = millisecondsOf(message.timestamp);
    if (Number.isFinite(time)) at = time;
    const sent = String(message.id);
    const id = isId(sent) && message.id !== undefined && !taken.has(sent) ? sent : `${old.id}-${index}`;
    taken.add(id);
    const { id: _, ...rest } = JSON.parse(JSON.stringify(message));
    const type = ['user', 'assistant', 'system'].includes(rest.type) ? rest.type : 'system';
    yield { id, at, body: { ...rest, type, timestamp: isoOf(at) } };
  }
}

/** Tells whether the old data is the same as when it was last looked at. */
function fingerprintOf(text) {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return `${text.length} ${hash}`;
}
