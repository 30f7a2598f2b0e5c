import { same } from './shape.js';

/** What is done to records in more than one place. See schema.js for what they hold. */

export const SHOWN = 1;
const HIDDEN = 0;

/** The outbox's entry for the import under way; no conversation can have this id. */
export const BULK = '*';

/** Messages that the server has have small numbers; those made here come behind them. */
const FIRST_OWN_SEQ = 1_000_000;

export function newConversation(id, now) {
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
    nextSeq: FIRST_OWN_SEQ,
  };
}

/** A message that the server does not have yet. */
export function newMessage(conversation, { id, at, body }) {
  const seq = conversation.nextSeq;
  conversation.nextSeq += 1;
  return marked({
    conversation: conversation.id,
    id,
    at,
    seq,
    shown: SHOWN,
    body,
    base: {},
    fresh: true,
    removed: false,
  });
}

/** The record with `dirty` as the rest of it says. */
export function marked(record) {
  const isDirty = record.fresh || record.removed || Object.keys(record.base).length > 0;
  if (isDirty) record.dirty = 1;
  else delete record.dirty;
  return record;
}

/** Sets a field of a message or of a conversation's fields; `base` keeps what the server has of it. */
export function setField(values, base, name, value) {
  if (same(values[name], value)) return false;
  if (!(name in base)) base[name] = values[name] ?? null;
  put(values, name, value);
  if (same(base[name], value)) delete base[name];
  return true;
}

/** Sets a field; null and undefined remove it. */
export function put(values, name, value) {
  if (value === null || value === undefined) delete values[name];
  else values[name] = value;
}

export function hide(record) {
  record.removed = true;
  record.shown = HIDDEN;
  return marked(record);
}

export function unhide(record) {
  record.removed = false;
  record.shown = SHOWN;
  return marked(record);
}

/** All messages of a conversation, with those that wait to be deleted. */
export function everyMessage(conversation) {
  return { lower: [conversation], upper: [conversation, []] };
}

/** Messages to show, in order, `from` and `to` being `{ at, seq }` or missing; both excluded. */
export function shownBetween(conversation, from, to) {
  return {
    lower: from ? [conversation, SHOWN, from.at, from.seq] : [conversation, SHOWN],
    upper: to ? [conversation, SHOWN, to.at, to.seq] : [conversation, SHOWN, []],
    lowerOpen: Boolean(from),
    upperOpen: Boolean(to),
  };
}

export function dirtyMessages(tx, conversation) {
  const key = [conversation, 1];
  return tx.list('messages', 'dirty', { lower: key, upper: key });
}

/** Which of two places in a conversation comes first. */
export function comparePlaces(a, b) {
  return a.at - b.at || a.seq - b.seq;
}

/** The `ETag` of the newest page, as it came, and the tag of the state it shows; null where the server names none. */
export function pageOf(etag, tag = `"${etag}"`) {
  return typeof etag === 'string' && tag ? { tag, etag } : null;
}

/** Notes the tag of the newest state heard of, where it was not known. Returns whether that is news. */
export function learnTag(record, etag) {
  if (typeof etag !== 'string' || typeof record.etag === 'string') return false;
  record.etag = etag;
  if (record.held && record.revision === record.latest) record.page = pageOf(etag);
  return true;
}

/** Notes that a conversation has something to send; `open` says that more of the same turn is about to come. */
export async function touchOutbox(tx, conversation, now, open, isBulk = false) {
  const known = await tx.get('outbox', conversation);
  const entry = known ?? { conversation, created: now, since: now, request: null, split: false, isBulk: false };
  const next = { ...entry, isBulk: entry.isBulk || isBulk, touched: now, open, holdUntil: 0, holdError: undefined };
  await tx.put('outbox', next);
}

export async function readState(tx, name) {
  return (await tx.get('state', name))?.value;
}

export function writeState(tx, name, value) {
  return tx.put('state', { name, value });
}

/** Deletes a conversation's messages and leaves a mark: what is deleted does not come back by a late save. */
export async function bury(tx, record, now, movedTo) {
  await tx.deleteRange('messages', everyMessage(record.id));
  await tx.delete('outbox', record.id);
  await tx.put('conversations', {
    ...newConversation(record.id, now),
    deleted: 'done',
    deletedAt: now,
    movedTo,
  });
}

/** How long a mark counts, as at the server. */
const MARK_LIFE = 90 * 86_400_000;

/** Removes marks that have outlived their life. */
export async function forgetBuried(tx, now) {
  for (const { id, deleted, deletedAt } of await tx.list('conversations', null, null)) {
    if (deleted === 'done' && deletedAt < now - MARK_LIFE) await tx.delete('conversations', id);
  }
}

/** The conversation to read or write under this id: another one where its rest was moved. */
export async function follow(tx, id) {
  let record = await tx.get('conversations', id);
  while (record?.movedTo) record = await tx.get('conversations', record.movedTo);
  return record;
}
