/** Builds the next request for a conversation from the difference between this device and the server. */

import { hasPendingBranch, inSendingOrder } from '../local/branches.js';
import type { LocalTransaction } from '../local/database.js';
import { comparePlaces, dirtyMessages, isBehind, isEdited, messagesBeside, shownBetween } from '../local/records.js';
import type {
  ConversationRecord,
  ConversationRequest,
  MessageRecord,
  RefreshUntil,
  SentMessage,
} from '../local/schema.js';
import { isoOf, UNTITLED } from '../text.js';

/** The server's state has to be read before anything can be sent. */
export interface Refresh {
  kind: 'refresh';
  until?: RefreshUntil;
}

/** The most messages of a request, and the most bytes: some room below what the server and its host take. */
const MOST_MESSAGES = 100;
export const MOST_BYTES = 3_500_000;

const encoder = new TextEncoder();

/** The length of a value as JSON, bytes. */
export function sizeOf(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

/**
 * The next request for one conversation, or null where there is nothing to do. `split`: one message at a time, after a
 * refusal that did not say which message it was about.
 */
export async function nextRequest(
  tx: LocalTransaction,
  record: ConversationRecord,
  split = false,
): Promise<ConversationRequest | Refresh | null> {
  if (record.deleted === 'pending') return deletion(record);
  const dirty = (await dirtyMessages(tx, record.id)).sort(comparePlaces);
  const fresh = inSendingOrder(dirty.filter((message) => message.fresh && !message.removed));
  if (!record.onServer) return creation(record, fresh, split);

  const removed = dirty.filter((message) => message.removed && !message.fresh);
  const edited = dirty.find((message) => !message.fresh && !message.removed && isEdited(message));
  const isFieldEdited = Object.keys(record.base).length > 0;
  const needsRevision = removed.length > 0 || edited || isFieldEdited;
  if (needsRevision && (isBehind(record) || record.etag === undefined)) return { kind: 'refresh' };

  if (removed[0]) return removal(tx, record, removed[0], removed);
  if (edited) return edited.isWhole ? replacement(record, edited) : edit(record, edited);
  if (fresh.length > 0) return (await insertion(tx, record, dirty, split)) ?? append(record, fresh, split);
  if (record.head !== undefined) return switching(record, record.head);
  return isFieldEdited ? patch(record) : null;
}

/** How many requests it takes at most to bring the server what is on this device now. */
export async function countRequests(tx: LocalTransaction, record: ConversationRecord): Promise<number> {
  if (record.deleted) return 1;
  const dirty = await dirtyMessages(tx, record.id);
  const fresh = dirty.filter((message) => message.fresh && !message.removed);
  const others = dirty.filter((message) => message.removed || (!message.fresh && isEdited(message)));
  const ofConversation = Number(Object.keys(record.base).length > 0) + Number(record.head !== undefined);
  return others.length + Math.ceil(fresh.length / MOST_MESSAGES) + ofConversation;
}

/**
 * The tag of the only state that a write may change. Where it is not known, a word that is no tag: the refusal tells it, with
 * the revision, which shows whether that state is the one known here.
 */
function conditionOf({ etag, latest }: ConversationRecord) {
  return etag ?? String(latest);
}

/** What counts is the state that was there when it was deleted here: nothing newer is asked for. */
function deletion(record: ConversationRecord): ConversationRequest | Refresh {
  if (record.latest === 0) return { kind: 'refresh' };
  return { kind: 'delete', method: 'DELETE', path: pathOf(record), match: conditionOf(record) };
}

function creation(record: ConversationRecord, fresh: MessageRecord[], split: boolean): ConversationRequest {
  const fields = { ...record.fields };
  // The server makes the title, and goes on looking for one.
  if (fields.title === UNTITLED) delete fields.title;
  const messages = split ? [] : firstOf(fresh);
  const body = { ...fields, id: record.id, createdAt: isoOf(record.createdAt), messages: messages.map(asSent) };
  return { kind: 'create', method: 'POST', path: '/conversations', body };
}

/**
 * Messages that a frontend has put between others: an append could not. The conversation is saved as a whole, where all of it is
 * here, and that of the server is known.
 */
async function insertion(
  tx: LocalTransaction,
  record: ConversationRecord,
  dirty: readonly MessageRecord[],
  split: boolean,
): Promise<ConversationRequest | Refresh | null> {
  if (split || record.older !== null || !record.held || hasPendingBranch(record, dirty)) return null;
  const path = await tx.list('messages', 'order', shownBetween(record.id));
  const isInserted = path.some(({ fresh }, index) => !fresh && path[index - 1]?.fresh);
  if (!isInserted) return null;
  if (isBehind(record) || record.etag === undefined) return { kind: 'refresh' };
  const body = { ...record.fields, createdAt: isoOf(record.createdAt), messages: path.map(asSent) };
  if (sizeOf(body) > MOST_BYTES) return null;
  return { kind: 'save', method: 'PUT', path: pathOf(record), body, match: conditionOf(record) };
}

function append(record: ConversationRecord, fresh: MessageRecord[], split: boolean): ConversationRequest {
  const messages = split ? fresh.slice(0, 1) : firstOf(fresh);
  return {
    kind: 'append',
    method: 'POST',
    path: `${pathOf(record)}/messages`,
    body: { messages: messages.map(asSent) },
  };
}

/** One deletion does for all that follow, but only if nothing else follows: the revision guards that this is so. */
async function removal(
  tx: LocalTransaction,
  record: ConversationRecord,
  first: MessageRecord,
  removed: MessageRecord[],
): Promise<ConversationRequest> {
  const path = `${pathOf(record)}/messages/${first.id}`;
  const request = { kind: 'remove', method: 'DELETE', match: conditionOf(record) } as const;
  // What follows in other branches goes only where that was asked for.
  const isEnd = first.isSubtree || (removed.length > 1 && (await isWithoutBranches(tx, record, removed)));
  if (isEnd && isVerified(record, first) && (await isLast(tx, first))) {
    return { ...request, path: `${path}?andAfter=true`, ids: removed.map(({ id }) => id) };
  }
  return { ...request, path, ids: [first.id] };
}

/** Whether the conversation is one line of messages, as far as is known. */
export async function isWithoutBranches(
  tx: LocalTransaction,
  { id }: ConversationRecord,
  removed: readonly MessageRecord[],
): Promise<boolean> {
  const isLine = removed.every(({ siblings, served }) => !siblings && served === undefined);
  return isLine && (await messagesBeside(tx, id)).length === 0;
}

/** Whether everything that the server has from this message on is known here. */
function isVerified({ held, verified }: ConversationRecord, { place }: MessageRecord) {
  return held && (verified === null || place >= verified);
}

/** Whether no message of the server's that is to stay follows this one. */
async function isLast(tx: LocalTransaction, { conversation, place }: MessageRecord) {
  const messages = await tx.list('messages', 'order', shownBetween(conversation, place));
  return messages.every((message) => message.fresh);
}

function switching(record: ConversationRecord, headId: string): ConversationRequest {
  return { kind: 'switch', method: 'PATCH', path: pathOf(record), body: { headId } };
}

function replacement(record: ConversationRecord, { id, body }: MessageRecord): ConversationRequest {
  const path = `${pathOf(record)}/messages/${id}`;
  return { kind: 'put', method: 'PUT', path, body, match: conditionOf(record), ids: [id] };
}

function edit(record: ConversationRecord, message: MessageRecord): ConversationRequest {
  const body = Object.fromEntries(Object.keys(message.base).map((name) => [name, message.body[name] ?? null]));
  const path = `${pathOf(record)}/messages/${message.id}`;
  return { kind: 'edit', method: 'PATCH', path, body, match: conditionOf(record), ids: [message.id] };
}

function patch(record: ConversationRecord): ConversationRequest {
  const body = Object.fromEntries(Object.keys(record.base).map((name) => [name, record.fields[name] ?? null]));
  return { kind: 'patch', method: 'PATCH', path: pathOf(record), body, match: conditionOf(record) };
}

/** As many of the first messages as a request takes. */
function firstOf(messages: MessageRecord[]) {
  const chosen: MessageRecord[] = [];
  let bytes = 0;
  for (const message of messages.slice(0, MOST_MESSAGES)) {
    bytes += sizeOf(message.body) + message.id.length + 20;
    if (bytes > MOST_BYTES && chosen.length > 0) break;
    chosen.push(message);
  }
  return chosen;
}

export function asSent({ id, body, fresh, parent }: MessageRecord): SentMessage {
  return { id, ...body, ...(fresh && parent !== undefined && { parentId: parent }) };
}

function pathOf({ id }: ConversationRecord) {
  return `/conversations/${id}`;
}
