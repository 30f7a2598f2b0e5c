import { StoreError } from './errors.js';
import { isBehind } from './planning.js';
import { follow, shownBetween } from './records.js';
import {
  addMessage,
  deleteConversation,
  deleteMessages,
  parseConversation,
  save,
  updateConversation,
  updateMessage,
} from './saving.js';
import { fieldsOf, parseMessage, writeConversation, writeMessage } from './shape.js';
import { Snapshots } from './snapshots.js';
import { UNTITLED, isoOf, newUuid } from './text.js';

/** Reading and writing conversations for one tab's frontend. */
export class Conversations {
  #core;
  #readTime;
  #pageSize;
  #snapshots = new Snapshots();
  /** Saves of one tab go one after the other: each is told apart from what the one before has left. */
  #last = Promise.resolve();

  constructor(core, { readTime = (iso) => iso, pageSize = 100 }) {
    this.#core = core;
    this.#readTime = readTime;
    this.#pageSize = Math.min(100, pageSize);
  }

  async list({ messages: withMessages = false } = {}) {
    const { records, waiting } = await this.#core.database.run('readonly', async (tx) => ({
      records: await tx.list('conversations', null, null),
      waiting: new Set((await tx.list('outbox', null, null)).map(({ conversation }) => conversation)),
    }));
    const shown = records.filter(({ deleted }) => !deleted).sort((a, b) => b.updatedAt - a.updatedAt);
    const list = [];
    for (const record of shown) {
      const entry = withMessages ? this.#handOut(record, await this.#page(record)) : this.#listed(record);
      list.push({ ...entry, pending: waiting.has(record.id) });
    }
    return list;
  }

  #listed(record) {
    const snapshot = this.#snapshots.rememberListed(record.id, record.fields);
    return { ...writeConversation(record, [], this.#readTime), hasOlder: record.count > 0, snapshot };
  }

  async get(id) {
    let record = await this.#core.reader.follow(id);
    if (!record && this.#core.mayAsk) record = await this.#core.reader.discover(id);
    if (!record || record.deleted) return null;
    if (record.onServer && this.#core.mayAsk) {
      const refreshed = isBehind(record) || !record.held ? this.#core.reader.refresh(record.id) : null;
      // What is here will do for now, if anything is.
      if (refreshed && record.held) refreshed.catch(() => {});
      else if (refreshed) await refreshed.catch(() => {});
      record = await this.#core.reader.follow(id);
      if (!record || record.deleted) return null;
    }
    const entry = await this.#core.database.run('readonly', (tx) => tx.get('outbox', record.id));
    return { ...this.#handOut(record, await this.#page(record)), pending: Boolean(entry) };
  }

  /** The newest messages here. */
  async #page(record) {
    const limit = this.#pageSize;
    const newest = await this.#core.database.run('readonly', (tx) =>
      tx.list('messages', 'order', shownBetween(record.id), { reverse: true, limit: limit + 1 }),
    );
    const messages = newest.slice(0, limit).reverse();
    return { messages, hasOlder: newest.length > limit || Boolean(record.older) || !record.held };
  }

  #handOut(record, { messages, hasOlder }) {
    const snapshot = this.#snapshots.remember(record.id, record.fields, messages);
    const written = messages.map((message) => writeMessage(message, this.#readTime));
    return { ...writeConversation(record, written, this.#readTime), hasOlder, snapshot };
  }

  async loadOlder(conversation) {
    const record = await this.#core.reader.follow(conversation.id);
    if (!record || record.deleted) throw gone(record);
    if (!record.held && this.#core.mayAsk) await this.#core.reader.refresh(record.id).catch(() => {});
    const place = await this.#placeOf(record.id, conversation.messages[0]);
    const options = { mayAsk: record.onServer && this.#core.mayAsk };
    const older = await this.#core.reader.before(record.id, place, this.#pageSize, options);
    const hasOlder = await this.#core.reader.hasBefore(record.id, older[0] ?? place);
    this.#snapshots.extend(conversation.snapshot, older);
    const written = older.map((message) => writeMessage(message, this.#readTime));
    return { ...conversation, messages: [...written, ...conversation.messages], hasOlder };
  }

  async #placeOf(id, message) {
    if (!message) return null;
    const stored = await this.#core.database.run('readonly', (tx) => tx.get('messages', [id, message.id]));
    return stored ?? { at: parseMessage(message, 0).at, seq: 0 };
  }

  save(input) {
    const now = this.#core.clock.now();
    const saved = parseConversation(input, now);
    return this.#enqueue(async () => {
      const known = this.#snapshots.find(input.snapshot, saved.id) ?? this.#snapshots.ofConversation(saved.id);
      const result = await this.#core.database.run('readwrite', (tx) => save(tx, saved, known, now));
      this.#snapshots.update(known.isExact ? input.snapshot : `tab ${saved.id}`, known, saved);
      this.#core.saved(result.id, result.id === saved.id ? result : { ...result, movedFrom: saved.id });
    });
  }

  delete(id) {
    return this.#change(async (tx, now) => {
      const deleted = await deleteConversation(tx, id, now);
      return { id: deleted ?? id, changed: Boolean(deleted), deleted: Boolean(deleted), conflicts: [] };
    });
  }

  addMessage(id, input) {
    const message = parseMessage(input, this.#core.clock.now());
    return this.#change((tx, now) => addMessage(tx, id, message, now), id);
  }

  async updateMessage(id, messageId, updates) {
    const isHere = await this.#core.database.run('readonly', async (tx) => {
      const record = await follow(tx, id);
      return Boolean(record && (await tx.get('messages', [record.id, messageId])));
    });
    if (!isHere) await this.#findMessage(id, messageId);
    await this.#change((tx, now) => updateMessage(tx, id, messageId, updates, now), id);
  }

  /** Loads older messages until this one is among them. */
  async #findMessage(id, messageId) {
    let conversation = await this.get(id);
    while (conversation?.hasOlder && this.#core.mayAsk) {
      const next = await this.loadOlder(conversation);
      const isFound = next.messages.some((message) => message.id === messageId);
      if (isFound || next.messages.length === conversation.messages.length) return;
      conversation = next;
    }
  }

  deleteMessage(id, messageId, { andAfter = false } = {}) {
    return this.#change(async (tx, now) => {
      const record = await follow(tx, id);
      const first = record && (await tx.get('messages', [record.id, messageId]));
      if (!first) return { id, changed: false, conflicts: [] };
      const later = andAfter ? await tx.list('messages', 'order', shownBetween(record.id, first)) : [];
      return deleteMessages(tx, id, [messageId, ...later.map((message) => message.id)], now);
    }, id);
  }

  update(id, updates) {
    return this.#change((tx, now) => updateConversation(tx, id, updates, now), id);
  }

  createNew(mcpServers) {
    const now = this.#core.clock.now();
    const id = `conv-${newUuid()}`;
    const time = () => this.#readTime(isoOf(now));
    const conversation = {
      id,
      title: UNTITLED,
      messages: [],
      createdAt: time(),
      updatedAt: time(),
      totalTokens: 0,
      mcpServers,
      messageCount: 0,
      hasOlder: false,
      pending: false,
      onServer: false,
    };
    return { ...conversation, snapshot: this.#snapshots.remember(id, fieldsOf(conversation), []) };
  }

  /** Runs a change; where it is of a conversation that only the server knows so far, that is fetched first. */
  async #change(work, id) {
    if (id && !(await this.#core.reader.follow(id)) && this.#core.mayAsk) await this.#core.reader.discover(id);
    return this.#enqueue(async () => {
      const now = this.#core.clock.now();
      const result = await this.#core.database.run('readwrite', (tx) => work(tx, now));
      this.#core.saved(result.id, result);
    });
  }

  #enqueue(work) {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

function gone(record) {
  const code = record ? 'conversation_deleted' : 'conversation_not_found';
  return new StoreError(code, 'No such conversation.');
}
