/** Local writes to messages and conversations, which also put the conversation into the outbox. */

import { StoreError } from '../errors.js';
import { generateTitle, isoOf, UNTITLED } from '../text.js';
import { insert, insertBefore, leaveTree, rearrangeAfter, removalsFrom, switchTo } from './branch-writes.js';
import type { LocalTransaction } from './database.js';
import {
  differences,
  fieldsOf,
  fieldsOfMessage,
  isStreaming,
  parseMessage,
  tokensOf,
  type Fields,
  type RawMessage,
} from './fields.js';
import { learnFields, type KnownFields } from './known-fields.js';
import type { ParsedConversation } from './parse-save.js';
import {
  BULK,
  hide,
  putTombstone,
  resolveConversation,
  setField,
  touchOutbox,
  unhide,
  withDirty,
  type ParsedMessage,
} from './records.js';
import type { Conflict, StoredRefusal } from './refused-writes.js';
import type { ConversationRecord, ImportItem, MessageBody, MessageRecord } from './schema.js';

/** What a write did. */
export interface WriteResult {
  /** The conversation it was written to. */
  id: string;
  changed: boolean;
  /** Whether there is a new message, with which the path ends. */
  isAdded?: boolean;
  deleted?: boolean;
  conflicts: Conflict[];
  /** Messages that could not be stored, and were not refused before. */
  refused?: StoredRefusal[];
}

/** A change to one conversation while it is being made. */
export interface Work {
  tx: LocalTransaction;
  record: ConversationRecord;
  now: number;
  changed: boolean;
  isAdded?: boolean;
  /** A branch that was begun here and never sent is gone again. */
  isBranchGone?: boolean;
  /** Messages that say what they follow, once that has been asked. */
  following?: Map<string, MessageRecord>;
  conflicts: Conflict[];
  /** Messages that are on their way to the server just now, once that has been asked. */
  inFlight?: Set<string>;
  /** Fields that this frontend has written itself. */
  known: KnownFields | undefined;
}

export function setConversationField(work: Work, name: string, value: unknown) {
  const { record, now } = work;
  const base = record.onServer ? record.base : {};
  if (!setField(record.fields, base, name, value)) return;
  record.editedAt = now;
  work.changed = true;
}

/** As the server does it, where there is no title yet. */
export function giveTitle(record: ConversationRecord, messages: readonly ParsedMessage[]) {
  if (record.fields.title !== UNTITLED) return;
  record.fields.title = generateTitle(messages.map(({ body }) => body));
}

/** Stores a message, or what is different in it from `given`, what the caller was given of it; `next`: what a new one precedes. */
export async function putMessage(work: Work, parsed: ParsedMessage, given: MessageBody | undefined, next?: string) {
  const { id, body } = parsed;
  const names = given && changedNames(work, body, given);
  if (names?.length === 0) return;
  const { tx, record } = work;
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored) return addNew(work, parsed, next);
  await wantBack(work, stored);
  const patch: Fields = {};
  for (const name of names ?? changedNames(work, body, stored.body)) patch[name] = body[name] ?? null;
  await editMessage(work, stored, patch);
}

async function addNew(work: Work, parsed: ParsedMessage, next?: string) {
  if (!(next && parsed.parent === undefined && (await insertBefore(work, parsed, next)))) await insert(work, parsed);
  work.record.tokens += tokensOf(parsed.body);
  work.changed = true;
  work.isAdded = true;
}

/** A message that waits to be deleted stays. */
async function wantBack(work: Work, stored: MessageRecord) {
  if (!stored.removed) return;
  unhide(stored);
  work.record.count += 1;
  work.record.tokens += tokensOf(stored.body);
  work.changed = true;
  await work.tx.put('messages', stored);
}

/** What a save changes: a frontend may leave out fields it does not know. */
function changedNames({ known }: Work, body: MessageBody, given: MessageBody) {
  return differences(given, body).filter((name) => name in body || known?.message.has(name));
}

async function editMessage(work: Work, stored: MessageRecord, patch: Fields) {
  const before = tokensOf(stored.body);
  let isEdited = false;
  for (const [name, value] of Object.entries(patch)) {
    if (name === 'editedAt') continue;
    // What the server has not got yet is no edit for it.
    const base = stored.fresh ? {} : stored.base;
    isEdited = setField(stored.body, base, name, value) || isEdited;
  }
  if (!isEdited) return;
  if (!stored.fresh) setField(stored.body, stored.base, 'editedAt', isoOf(work.now));
  work.record.tokens += tokensOf(stored.body) - before;
  work.changed = true;
  await work.tx.put('messages', withDirty(stored));
}

export async function removeMessage(work: Work, id: string, given: MessageBody | undefined) {
  const { tx, record } = work;
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored || stored.removed) return;
  const isEdited = given && differences(given, stored.body).some((name) => name !== 'editedAt');
  if (isEdited) {
    work.conflicts.push({ conversationId: record.id, kind: 'deleted-message-edited', messageId: id });
    return;
  }
  await leaveTree(work, stored);
  record.count -= stored.shown;
  record.tokens -= tokensOf(stored.body);
  work.changed = true;
  work.inFlight ??= await idsInFlight(tx, record.id);
  if (stored.fresh && !work.inFlight.has(id)) await tx.delete('messages', [record.id, id]);
  else await tx.put('messages', hide(stored));
}

async function idsInFlight(tx: LocalTransaction, conversation: string) {
  const request = (await tx.get('outbox', conversation))?.request;
  const messages = (request && request.kind !== 'import' && request.body?.messages) || [];
  const imported = (await itemsInFlight(tx, conversation)).flatMap((item) => item.messages);
  return new Set([...messages, ...imported].map(({ id }) => id));
}

/** The conversation's part in the import under way. */
async function itemsInFlight(tx: LocalTransaction, conversation: string): Promise<ImportItem[]> {
  const request = (await tx.get('outbox', BULK))?.request;
  return request?.kind === 'import' ? request.body.filter(({ id }) => id === conversation) : [];
}

export function isTurnOpen({ messages = [] }: Pick<ParsedConversation, 'messages'>) {
  const last = messages.at(-1)?.body;
  return !last || last.type === 'user' || messages.some(({ body }) => isStreaming(body));
}

export async function commit(work: Work, isOpen: boolean) {
  const { tx, record, now } = work;
  if (work.isBranchGone) await rearrangeAfter(work);
  // Each write can be told by it, also where this device's clock is behind or stands still.
  record.updatedAt = Math.max(now, record.updatedAt + 1);
  await tx.put('conversations', record);
  await touchOutbox(tx, record.id, now, isOpen);
}

/** Runs `step` on an existing conversation. */
async function change(
  tx: LocalTransaction,
  id: string,
  now: number,
  isOpen: boolean,
  step: (work: Work) => Promise<void>,
): Promise<WriteResult> {
  const record = await resolveConversation(tx, id);
  if (!record) throw new StoreError('conversation_not_found', 'No such conversation.');
  if (record.deleted) throw new StoreError('conversation_deleted', 'This conversation was deleted.');
  const work: Work = { tx, record, now, changed: false, conflicts: [], known: undefined };
  await step(work);
  if (work.changed) await commit(work, isOpen);
  return resultOf(work);
}

export function resultOf({ record, changed, isAdded, conflicts }: Work): WriteResult {
  return { id: record.id, changed, conflicts, ...(isAdded && { isAdded }) };
}

export function addMessage(tx: LocalTransaction, id: string, message: ParsedMessage, now: number) {
  return change(tx, id, now, isTurnOpen({ messages: [message] }), async (work) => {
    await learnFields(tx, Object.keys(message.body), []);
    await putMessage(work, message, undefined);
    giveTitle(work.record, [message]);
  });
}

/** Creates a message, or replaces it whole where it stands: what `message` does not have is gone. */
export function replaceMessage(
  tx: LocalTransaction,
  id: string,
  message: ParsedMessage & { isDated: boolean },
  now: number,
) {
  return change(tx, id, now, isTurnOpen({ messages: [message] }), async (work) => {
    await learnFields(tx, Object.keys(message.body), []);
    const stored = await tx.get('messages', [work.record.id, message.id]);
    if (!stored) await addNew(work, message);
    else await replaceStored(work, stored, message);
    giveTitle(work.record, [message]);
  });
}

async function replaceStored(work: Work, stored: MessageRecord, message: ParsedMessage & { isDated: boolean }) {
  await wantBack(work, stored);
  const { timestamp } = message.isDated ? message.body : stored.body;
  const patch: Fields = { ...message.body, timestamp };
  for (const name of Object.keys(stored.body)) patch[name] ??= null;
  if (!stored.fresh) stored.isWhole = true;
  await editMessage(work, stored, patch);
}

/** Changes fields of a message; null removes one. */
export function updateMessage(tx: LocalTransaction, id: string, messageId: string, updates: Fields, now: number) {
  return change(tx, id, now, isStreaming(updates), async (work) => {
    const stored = await tx.get('messages', [work.record.id, messageId]);
    if (!stored || stored.removed) throw new StoreError('message_not_found', 'No such message.');
    await learnFields(tx, Object.keys(fieldsOfMessage(updates)), []);
    const updated: RawMessage = { ...stored.body, ...withoutNulls(updates), id: messageId };
    // The text follows the parts that it was made of.
    if ('parts' in updates && !('content' in updates)) updated.content = undefined;
    const patch: Fields = parseMessage(updated, now).body;
    for (const name of Object.keys(fieldsOfMessage(updates))) patch[name] ??= null;
    await editMessage(work, stored, patch);
  });
}

function withoutNulls(updates: Fields): Fields {
  return Object.fromEntries(Object.entries(updates).filter(([name, value]) => value != null && name !== 'id'));
}

/** Deletes a message; with `andAfter` also all that follow it, in every branch. */
export function deleteMessage(tx: LocalTransaction, id: string, messageId: string, andAfter: boolean, now: number) {
  return change(tx, id, now, false, async (work) => {
    const first = await tx.get('messages', [work.record.id, messageId]);
    if (!first) return;
    const following = andAfter ? await removalsFrom(work, first) : [];
    for (const message of [messageId, ...following]) await removeMessage(work, message, undefined);
    if (andAfter) await markSubtree(work, messageId);
  });
}

async function markSubtree({ tx, record }: Work, id: string) {
  const stored = await tx.get('messages', [record.id, id]);
  if (stored?.removed) await tx.put('messages', { ...stored, isSubtree: true });
}

/** Shows the branch with this message, up to the newest message behind it. */
export function switchBranch(tx: LocalTransaction, id: string, messageId: string, now: number) {
  return change(tx, id, now, false, (work) => switchTo(work, messageId));
}

export function updateConversation(tx: LocalTransaction, id: string, updates: Fields, now: number) {
  return change(tx, id, now, false, async (work) => {
    const fields = fieldsOf(updates);
    await learnFields(tx, [], Object.keys(fields));
    for (const [name, value] of Object.entries(fields)) setConversationField(work, name, value);
  });
}

/**
 * Deletes a conversation on this device; at the server, when the outbox gets to it. Undefined where there was none, or where it
 * was changed after `since`, epoch ms.
 */
export async function deleteConversation(
  tx: LocalTransaction,
  id: string,
  since: number,
  now: number,
): Promise<string | undefined> {
  const record = await resolveConversation(tx, id);
  // Nor where `since` is no time at all.
  if (!record || record.deleted || !(record.updatedAt <= since)) return undefined;
  const isInFlight = Boolean((await tx.get('outbox', record.id))?.request);
  if (!record.onServer && !isInFlight && (await itemsInFlight(tx, record.id)).length === 0) {
    await putTombstone(tx, record, now);
    return record.id;
  }
  await tx.put('conversations', { ...record, deleted: 'pending', deletedAt: now });
  await touchOutbox(tx, record.id, now, false);
  return record.id;
}
