/**
 * Implements the store's methods for conversations: local first, and from the server where the device has too little.
 */

import { codeOf, StoreError } from './errors.js';
import type { LocalTransaction } from './local/database.js';
import { siblingsOf } from './local/branches.js';
import { fieldsOf, parentOf, parseMessage, writeConversation, writeMessage, type Fields } from './local/fields.js';
import {
  countWaiting,
  isBehind,
  lastShown,
  listConversations,
  messagesBeside,
  resolveConversation,
  shownBetween,
  type ParsedMessage,
} from './local/records.js';
import type { ConversationRecord, MessageRecord } from './local/schema.js';
import { parseConversation } from './local/parse-save.js';
import { save } from './local/save.js';
import { Snapshots } from './local/snapshots.js';
import {
  addMessage,
  deleteConversation,
  deleteMessage,
  replaceMessage,
  switchBranch,
  updateConversation,
  updateMessage,
  type WriteResult,
} from './local/write.js';
import type { OpenStore } from './open.js';
import { isId, isoOf, millisecondsOf, newConversationId, UNTITLED } from './text.js';
import type {
  Conversation,
  ConversationInput,
  ConversationMessage,
  DeleteOptions,
  McpServers,
  MessageInput,
  MessagePlace,
} from './types.js';

/** The most messages that are returned at a time. */
const PAGE = 100;

/** How often a conversation is read again because it was written to meanwhile. */
const MOST_ATTEMPTS = 5;

/** How conversations are returned to a frontend. */
export interface ReadOptions<Time> {
  readTime: (iso: string) => Time;
  /** Messages at a time. */
  pageSize: number;
  snapshots: Snapshots;
}

export function readOptions<Time>(readTime: (iso: string) => Time, pageSize = PAGE): ReadOptions<Time> {
  return { readTime, pageSize: Math.min(PAGE, pageSize), snapshots: new Snapshots() };
}

/** A new, empty conversation; it is stored when it is saved. */
export function createConversation<Time>(
  { readTime, snapshots }: ReadOptions<Time>,
  now: number,
  mcpServers?: McpServers,
): Conversation<Time> {
  const id = newConversationId();
  const conversation = {
    id,
    title: UNTITLED,
    messages: [],
    createdAt: readTime(isoOf(now)),
    updatedAt: readTime(isoOf(now)),
    totalTokens: 0,
    ...(mcpServers && { mcpServers }),
    messageCount: 0,
    hasOlder: false,
    pending: false,
    onServer: false,
  };
  return { ...conversation, snapshot: snapshots.remember(id, fieldsOf(conversation), []) };
}

/** Reads and writes conversations for one tab's frontend. */
export class Conversations<Time> {
  readonly #store: OpenStore;
  readonly #read: ReadOptions<Time>;
  /** Saves of one tab go one after the other: each is told apart from what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();
  /** How many there were. */
  #writes = 0;
  /** Of calls that say what is shown. */
  #turns = 0;
  /** By conversation, that of the last one which was done. */
  readonly #taken = new Map<string, number>();

  constructor(store: OpenStore, read: ReadOptions<Time>) {
    this.#store = store;
    this.#read = read;
  }

  async list({ messages: withMessages = false } = {}): Promise<Conversation<Time>[]> {
    await this.#last;
    const { records, waiting } = await this.#store.database.run('readonly', async (tx) => ({
      records: await listConversations(tx),
      waiting: new Set((await tx.list('outbox', null, null)).map(({ conversation }) => conversation)),
    }));
    const list: Conversation<Time>[] = [];
    for (const record of records) {
      const entry = withMessages ? this.#opened(record, await this.#page(record)) : this.#listed(record);
      list.push({ ...entry, pending: waiting.has(record.id) });
    }
    return list;
  }

  #listed(record: ConversationRecord): Conversation<Time> {
    const snapshot = this.#read.snapshots.rememberListed(record.id, record.fields);
    return { ...this.#written(record, []), hasOlder: record.count > 0, snapshot };
  }

  /** The conversation, with all that was saved in this tab until it is returned. */
  async get(id: string): Promise<Conversation<Time> | null> {
    for (let attempt = 1; ; attempt += 1) {
      await this.#last;
      const writes = this.#writes;
      const conversation = await this.#getOnce(id);
      if (writes === this.#writes || attempt === MOST_ATTEMPTS) return conversation;
    }
  }

  async #getOnce(id: string): Promise<Conversation<Time> | null> {
    if (!isId(id)) return null;
    await this.#store.imports.wait(id);
    const found = await this.#find(id);
    if (!found || found.deleted) return null;
    const entry = await this.#store.database.run('readonly', (tx) => tx.get('outbox', found.id));
    return { ...this.#opened(found, await this.#page(found)), pending: Boolean(entry) };
  }

  /** The conversation, and its messages if they are not here: then the server is waited for. */
  async #find(id: string) {
    const record = await this.#resolve(id);
    if (!record) return this.#discover(id);
    const isStale = !record.deleted && record.onServer && (isBehind(record) || !record.held);
    if (!isStale || !this.#store.mayAsk()) return record;
    const refreshed = this.#refresh(record.id);
    // What is here will do for now, if anything is.
    if (!record.held) await refreshed;
    return this.#resolve(id);
  }

  /** A conversation that only the server knows, if it can be asked. */
  async #discover(id: string) {
    if (!this.#store.mayAsk()) return undefined;
    const engine = await this.#store.engine.get().catch(() => null);
    return engine?.pull.discover(id);
  }

  /** Reads what the server has; where that fails, what is here stays as it is. */
  async #refresh(id: string) {
    try {
      await (await this.#store.engine.get()).pull.refresh(id);
    } catch {
      // It is tried again when the conversation is opened again, or changes.
    }
  }

  #resolve(id: string) {
    return this.#store.database.run('readonly', (tx) => resolveConversation(tx, id));
  }

  /** The newest messages here. */
  #page(record: ConversationRecord): Promise<Page> {
    const limit = this.#read.pageSize;
    return this.#store.database.run('readonly', async (tx) => {
      const range = shownBetween(record.id);
      const newest = await tx.list('messages', 'order', range, { reverse: true, limit: limit + 1 });
      const messages = newest.slice(0, limit).reverse();
      const siblings = siblingsOf(messages, newest[limit]?.id ?? null, await messagesBeside(tx, record.id));
      return { messages, siblings, hasOlder: newest.length > limit || Boolean(record.older) || !record.held };
    });
  }

  /** The object that a frontend gets, whose snapshot is remembered. */
  #opened(record: ConversationRecord, { messages, siblings, hasOlder }: Page): Conversation<Time> {
    const snapshot = this.#read.snapshots.remember(record.id, record.fields, messages);
    const headId = messages.at(-1)?.id ?? null;
    return { ...this.#written(record, this.#messages(messages, siblings)), headId, hasOlder, snapshot };
  }

  #written(record: ConversationRecord, messages: ConversationMessage<Time>[]): Conversation<Time> {
    return writeConversation(record, messages, this.#read.readTime);
  }

  #messages(records: MessageRecord[], siblings: Map<string, string[]>): ConversationMessage<Time>[] {
    const { readTime } = this.#read;
    return records.map(
      (record) => writeMessage(record, siblings.get(record.id), readTime) as unknown as ConversationMessage<Time>,
    );
  }

  async loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>> {
    const record = await this.#resolve(conversation.id);
    if (!record || record.deleted) throw gone(record);
    if (!record.held && this.#store.mayAsk()) await this.#refresh(record.id);
    const { pull } = await this.#store.engine.get();
    const place = await this.#placeOf(record.id, conversation.messages);
    const options = { mayAsk: record.onServer && this.#store.mayAsk() };
    const older = await pull.before(record.id, place, this.#read.pageSize, options);
    const { hasOlder, previous, beside } = await pull.hasBefore(record.id, older[0]?.place ?? place);
    const siblings = siblingsOf(older, previous, beside);
    this.#read.snapshots.extend(conversation.snapshot, older);
    return { ...conversation, messages: [...this.#messages(older, siblings), ...conversation.messages], hasOlder };
  }

  /** The place of the first of these messages that is shown. */
  #placeOf(id: string, messages: ConversationMessage<Time>[]): Promise<number | null> {
    return this.#store.database.run('readonly', async (tx) => {
      for (const message of messages) {
        const stored = await tx.get('messages', [id, message.id]);
        if (stored?.shown) return stored.place;
      }
      return null;
    });
  }

  save(input: ConversationInput): Promise<void> {
    const now = this.#now();
    const { snapshots } = this.#read;
    const given = snapshots.find(input?.snapshot, input?.id) ?? snapshots.find(ofTab(input?.id), input?.id);
    const saved = parseConversation(input, given?.messages ?? new Map(), now);
    const turn = this.#nextTurn();
    return this.#enqueue(async () => {
      await this.#store.imports.wait(saved.id);
      const known = snapshots.find(input.snapshot, saved.id) ?? snapshots.ofConversation(saved.id);
      const { result, waiting } = await this.#store.database.run('readwrite', async (tx) => ({
        result: await save(tx, saved, known, now),
        waiting: await countWaiting(tx),
      }));
      if (result.isAdded) this.#take(turn, saved.id);
      snapshots.update(known.isExact && input.snapshot ? input.snapshot : ofTab(saved.id), known, saved);
      this.#store.written(result.id === saved.id ? result : { ...result, movedFrom: saved.id }, waiting);
    });
  }

  delete(id: string, { ifUnchangedSince }: DeleteOptions = {}): Promise<void> {
    const since = ifUnchangedSince === undefined ? Infinity : millisecondsOf(ifUnchangedSince);
    return this.#change(async (tx, now) => {
      const deleted = await deleteConversation(tx, id, since, now);
      return { id: deleted ?? id, changed: Boolean(deleted), deleted: Boolean(deleted), conflicts: [] };
    });
  }

  async addMessage(id: string, input: MessageInput, place: MessagePlace = {}): Promise<void> {
    const message = withParent(parseMessage(input, this.#now()), place);
    await this.#put(id, message, (tx, now) => addMessage(tx, id, message, now));
  }

  async putMessage(id: string, input: MessageInput, place: MessagePlace = {}): Promise<void> {
    const message = withParent(parseMessage(input, this.#now()), place);
    const isDated = input.timestamp !== undefined;
    await this.#put(id, message, (tx, now) => replaceMessage(tx, id, { ...message, isDated }, now));
  }

  /** Where something else was chosen or added while its parent was loaded, that is what goes on being shown. */
  #put(id: string, { parent }: ParsedMessage, write: Change): Promise<void> {
    const turn = this.#nextTurn();
    const put: Change = async (tx, now) => {
      const record = await resolveConversation(tx, id);
      const before = record && (await lastShown(tx, record.id));
      const result = await write(tx, now);
      if (result.isAdded && !this.#take(turn, id) && before) await switchBranch(tx, id, before.id, now);
      return result;
    };
    return this.#changeOrFind(put, id, () => this.#findMessage(id, parent as string));
  }

  /** A branch that is fetched is shown if nothing was chosen or added meanwhile. */
  switchBranch(id: string, messageId: string): Promise<void> {
    const turn = this.#nextTurn();
    const change: Change = async (tx, now) => {
      if (this.#take(turn, id)) return switchBranch(tx, id, messageId, now);
      return { id, changed: false, conflicts: [] };
    };
    return this.#changeOrFind(change, id, () => this.#pullBranches(id));
  }

  /** At once, so that calls are done in their order; where the message that it needs is not here, when that was found. */
  async #changeOrFind(work: Change, id: string, find: () => Promise<void>) {
    try {
      await this.#change(work, id);
    } catch (error) {
      if (codeOf(error) !== 'message_not_found') throw error;
      await find();
      await this.#change(work, id);
    }
  }

  #nextTurn() {
    this.#turns += 1;
    return this.#turns;
  }

  /** Whether no later call has said what is shown of the conversation: of those the last one counts, however late others are done. */
  #take(turn: number, id: string) {
    const isLast = turn >= (this.#taken.get(id) ?? 0);
    if (isLast) this.#taken.set(id, turn);
    return isLast;
  }

  async #pullBranches(id: string) {
    const record = await this.#find(id);
    if (!record || record.deleted) throw gone(record);
    if (!record.onServer) return;
    if (!this.#store.mayAsk()) {
      throw new StoreError('offline', 'This branch is not on this device, and the server cannot be asked.');
    }
    await (await this.#store.engine.get()).pull.pullBranches(record.id);
  }

  async updateMessage(id: string, messageId: string, updates: Fields): Promise<void> {
    if (!(await this.#has(id, messageId))) await this.#findMessage(id, messageId);
    await this.#change((tx, now) => updateMessage(tx, id, messageId, updates, now), id);
  }

  #has(id: string, messageId: string): Promise<boolean> {
    return this.#store.database.run('readonly', async (tx) => {
      const record = await resolveConversation(tx, id);
      const stored = record && (await tx.get('messages', [record.id, messageId]));
      return Boolean(stored && !stored.removed);
    });
  }

  /** Loads older messages until this one is among them. */
  async #findMessage(id: string, messageId: string) {
    let conversation = await this.get(id);
    while (conversation?.hasOlder && this.#store.mayAsk()) {
      const next = await this.loadOlder(conversation);
      const isFound = next.messages.some((message) => message.id === messageId);
      if (isFound || next.messages.length === conversation.messages.length) return;
      conversation = next;
    }
  }

  deleteMessage(id: string, messageId: string, { andAfter = false } = {}): Promise<void> {
    return this.#change(async (tx, now) => {
      const record = await resolveConversation(tx, id);
      const first = record && (await tx.get('messages', [record.id, messageId]));
      if (!first) return { id, changed: false, conflicts: [] };
      return deleteMessage(tx, id, messageId, andAfter, now);
    }, id);
  }

  update(id: string, updates: Fields): Promise<void> {
    return this.#change((tx, now) => updateConversation(tx, id, updates, now), id);
  }

  /** Runs a change; where it is of a conversation that only the server knows so far, that is read first. */
  async #change(work: Change, id?: string): Promise<void> {
    const isDone = await this.#enqueue(async () => {
      if (id) await this.#store.imports.wait(id);
      return this.#write(work, this.#store.mayAsk() ? id : undefined);
    });
    if (isDone || !id) return;
    await this.#discover(id);
    await this.#enqueue(() => this.#write(work));
  }

  /** In one transaction. Returns false, and does nothing, where the conversation `needed` is not here. */
  async #write(work: Change, needed?: string): Promise<boolean> {
    const now = this.#now();
    const written = await this.#store.database.run('readwrite', async (tx) => {
      if (needed && !(await resolveConversation(tx, needed))) return null;
      return { result: await work(tx, now), waiting: await countWaiting(tx) };
    });
    if (written) this.#store.written(written.result, written.waiting);
    return written !== null;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.#writes += 1;
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  #now() {
    return this.#store.environment.clock.now();
  }
}

/** Messages to show, in order, and of each that has several versions their ids. */
interface Page {
  messages: MessageRecord[];
  siblings: Map<string, string[]>;
  hasOlder: boolean;
}

/** The name of what this tab has saved of a conversation by objects without a name. */
function ofTab(id: string) {
  return `tab ${id}`;
}

function withParent(message: ParsedMessage, { parentId = message.parent }: MessagePlace): ParsedMessage {
  return { ...message, parent: parentOf({ parentId }) };
}

type Change = (tx: LocalTransaction, now: number) => Promise<WriteResult>;

function gone(record: ConversationRecord | undefined) {
  const code = record ? 'conversation_deleted' : 'conversation_not_found';
  return new StoreError(code, 'No such conversation.');
}
