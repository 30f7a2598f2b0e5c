/** Operations on records that several modules share; schema.ts defines the records. */

import type { KeyRange, LocalTransaction } from './database.js';
import { same, type Fields } from './fields.js';
import type { ConversationRecord, MessageBody, MessageRecord, PageTag, States } from './schema.js';

export const SHOWN = 1;
const HIDDEN = 0;

/** The outbox's entry for the import under way; no conversation can have this id. */
export const BULK = '*';

export function newConversation(id: string, now: number): ConversationRecord {
  return {
    id,
    fields: {},
    base: {},
    createdAt: now,
    updatedAt: now,
    editedAt: 0,
    tokens: 0,
    count: 0,
    onServer: false,
    held: true,
    revision: 0,
    latest: 0,
    seenAt: 0,
    older: null,
    verified: null,
    nextPlace: 1,
  };
}

/** A message with its id and its time, before it is a record. */
export interface ParsedMessage {
  id: string;
  /** Epoch ms. */
  at: number;
  body: MessageBody;
  /** What it says that it follows; null: nothing. */
  parent?: string | null | undefined;
  /** The ids of all versions of it, as the server tells. */
  siblings?: string[] | undefined;
}

/** A place behind all that is there. */
export function takePlace(conversation: ConversationRecord): number {
  const place = conversation.nextPlace;
  conversation.nextPlace += 1;
  return place;
}

/** A message that the server does not have yet. */
export function newMessage(conversation: ConversationRecord, { id, body }: ParsedMessage): MessageRecord {
  return withDirty({
    conversation: conversation.id,
    id,
    place: takePlace(conversation),
    shown: SHOWN,
    body,
    base: {},
    fresh: true,
    removed: false,
  });
}

/** The record with `dirty` as the rest of it says. */
export function withDirty(record: MessageRecord): MessageRecord {
  const isDirty = record.fresh || record.removed || isEdited(record) || record.served !== undefined;
  if (isDirty) record.dirty = 1;
  else delete record.dirty;
  return record;
}

/** Whether fields of it wait to be sent. */
export function isEdited({ base, isWhole }: MessageRecord): boolean {
  return isWhole === true || Object.keys(base).length > 0;
}

/** The record as a message that the server does not have, and that is to follow the last one there. */
export function asFresh(record: MessageRecord): MessageRecord {
  const { served: _, siblings: __, isWhole: ___, parent: ____, beside: _____, ...rest } = record;
  return withDirty({ ...rest, fresh: true, base: {} });
}

/**
 * Sets a field of a message or of a conversation's fields; `base` keeps what the server has of it. Returns whether that
 * changed anything.
 */
export function setField(values: Fields, base: Fields, name: string, value: unknown): boolean {
  if (same(values[name], value)) return false;
  if (!(name in base)) base[name] = values[name] ?? null;
  assign(values, name, value);
  if (same(base[name], value)) delete base[name];
  return true;
}

/** Sets a field; null and undefined remove it. */
export function assign(values: Fields, name: string, value: unknown) {
  if (value === null || value === undefined) delete values[name];
  else values[name] = value;
}

export function hide(record: MessageRecord): MessageRecord {
  // The server does not count what is beside the path.
  if (record.beside && !record.fresh) record.served ??= HIDDEN;
  record.removed = true;
  record.shown = HIDDEN;
  delete record.beside;
  return withDirty(record);
}

export function unhide(record: MessageRecord): MessageRecord {
  record.removed = false;
  record.shown = SHOWN;
  delete record.isSubtree;
  if (record.served === SHOWN) delete record.served;
  return withDirty(record);
}

/** All messages of a conversation, with those that wait to be deleted. */
export function everyMessage(conversation: string): KeyRange {
  return { lower: [conversation], upper: [conversation, []] };
}

/** Messages to show, in order, between two places, both excluded; without one, from the first or to the last. */
export function shownBetween(conversation: string, from?: number | null, to?: number | null): KeyRange {
  return {
    lower: [conversation, SHOWN, from ?? -Infinity],
    upper: [conversation, SHOWN, to ?? Infinity],
    lowerOpen: true,
    upperOpen: true,
  };
}

/** The last message that is shown. */
export async function lastShown(tx: LocalTransaction, conversation: string): Promise<MessageRecord | undefined> {
  return (await tx.list('messages', 'order', shownBetween(conversation), { reverse: true, limit: 1 }))[0];
}

/** Messages on branches beside the active path. */
export function messagesBeside(tx: LocalTransaction, conversation: string): Promise<MessageRecord[]> {
  const key = [conversation, 1];
  return tx.list('messages', 'beside', { lower: key, upper: key });
}

export function dirtyMessages(tx: LocalTransaction, conversation: string): Promise<MessageRecord[]> {
  const key = [conversation, 1];
  return tx.list('messages', 'dirty', { lower: key, upper: key });
}

/** Which of two messages comes first. */
export function comparePlaces(a: MessageRecord, b: MessageRecord): number {
  return a.place - b.place;
}

/** The `ETag` of the newest page, as it came, and the tag of the state it shows; null where the server names none. */
export function pageTag(etag: unknown, tag: string | null = `"${etag}"`): PageTag | null {
  return typeof etag === 'string' && tag ? { tag, etag } : null;
}

/** Notes the tag of the newest state heard of, where it was not known. Returns whether that is news. */
export function learnTag(record: ConversationRecord, etag: unknown): boolean {
  if (typeof etag !== 'string' || typeof record.etag === 'string') return false;
  record.etag = etag;
  if (record.held && record.revision === record.latest) record.page = pageTag(etag);
  return true;
}

/** Whether the server has a newer state than this device, so that a write with its revision would be refused. */
export function isBehind(record: ConversationRecord): boolean {
  return record.latest === 0 || (record.held && record.revision !== record.latest);
}

/** Notes that a conversation has something to send; `open` says that more of the same turn is about to come. */
export async function touchOutbox(
  tx: LocalTransaction,
  conversation: string,
  now: number,
  open: boolean,
  isBulk = false,
): Promise<void> {
  const known = await tx.get('outbox', conversation);
  const entry = known ?? { conversation, created: now, since: now, request: null, split: false, isBulk: false };
  const next = { ...entry, isBulk: entry.isBulk || isBulk, touched: now, open, holdUntil: 0, holdError: undefined };
  await tx.put('outbox', next);
}

/** What waits, for the status. */
export interface Waiting {
  /** Conversations with something to send. */
  pending: number;
  /** Refused writes whose content is kept. */
  refused: number;
}

export async function countWaiting(tx: LocalTransaction): Promise<Waiting> {
  const [outbox, refused] = [await tx.keys('outbox'), await tx.keys('refused')];
  return { pending: outbox.filter((conversation) => conversation !== BULK).length, refused: refused.length };
}

export async function readState<N extends keyof States>(tx: LocalTransaction, name: N): Promise<States[N] | undefined> {
  return (await tx.get('state', name))?.value as States[N] | undefined;
}

export async function writeState<N extends keyof States>(tx: LocalTransaction, name: N, value: States[N]) {
  await tx.put('state', { name, value });
}

/** Deletes a conversation's messages and leaves a tombstone: what is deleted does not come back by a late save. */
export async function putTombstone(tx: LocalTransaction, record: ConversationRecord, now: number, movedTo?: string) {
  await tx.deleteRange('messages', everyMessage(record.id));
  await tx.delete('outbox', record.id);
  await tx.put('conversations', {
    ...newConversation(record.id, now),
    deleted: 'done',
    deletedAt: now,
    // What is newer than that was restored.
    latest: record.latest,
    movedTo,
  });
}

/** The conversation to read or write under this id: another one where its rest was moved. */
export async function resolveConversation(tx: LocalTransaction, id: string): Promise<ConversationRecord | undefined> {
  let record = await tx.get('conversations', id);
  while (record?.movedTo) record = await tx.get('conversations', record.movedTo);
  return record;
}

/** Conversations to show, last changed first. */
export async function listConversations(tx: LocalTransaction): Promise<ConversationRecord[]> {
  const records = await tx.list('conversations', null, null);
  return records.filter(({ deleted }) => !deleted).sort((a, b) => b.updatedAt - a.updatedAt);
}
