/** Builds and acknowledges requests that import many conversations: after a migration, or a change of user. */

import type { LocalTransaction } from '../local/database.js';
import { confirmSent } from './acknowledge-branches.js';
import { inSendingOrder } from '../local/branches.js';
import { BULK, dirtyMessages, withDirty } from '../local/records.js';
import type { ConversationRecord, ImportItem, ImportRequest, OutboxEntry, Rejection } from '../local/schema.js';
import type { ImportResponse } from '../net/wire.js';
import { isoOf, UNTITLED } from '../text.js';
import { acknowledgeFresh, changedSince, NO_STATE } from './acknowledge.js';
import { asSent, MOST_BYTES, sizeOf } from './next-request.js';

const MOST_CONVERSATIONS = 50;

/** The import request for what comes next, or null. A conversation too large for one goes in parts. */
export async function nextImport(tx: LocalTransaction): Promise<ImportRequest | null> {
  const body: ImportItem[] = [];
  let room = MOST_BYTES;
  for (const entry of await importEntries(tx)) {
    if (body.length === MOST_CONVERSATIONS || room <= 0) break;
    const record = await tx.get('conversations', entry.conversation);
    if (!record || record.deleted) {
      await tx.put('outbox', { ...entry, isBulk: false });
      continue;
    }
    const { item, bytes } = await partOf(tx, record, body.length === 0 ? Infinity : room, room);
    if (item) body.push(item);
    room -= bytes;
  }
  return body.length > 0 ? { kind: 'import', method: 'POST', path: '/import', body } : null;
}

/** Conversations that wait to be imported, those that have waited longest first. */
export async function importEntries(tx: LocalTransaction): Promise<OutboxEntry[]> {
  const entries = await tx.list('outbox', null, null);
  return entries.filter(({ isBulk, request }) => isBulk && !request).sort((a, b) => a.created - b.created);
}

/** As much of a conversation as fits; its first message is taken however large it is, where `atLeast` allows. */
async function partOf(tx: LocalTransaction, record: ConversationRecord, atLeast: number, room: number) {
  const item = itemOf(record);
  let bytes = sizeOf(item);
  const fresh = (await dirtyMessages(tx, record.id)).filter((message) => message.fresh && !message.removed);
  for (const message of inSendingOrder(fresh)) {
    const size = sizeOf(message.body) + 200;
    const limit = item.messages.length === 0 ? atLeast : room;
    if (bytes + size > limit) break;
    bytes += size;
    item.messages.push(asSent(message));
  }
  const isPostponed = fresh.length > 0 && item.messages.length === 0;
  return isPostponed ? { item: null, bytes: room } : { item, bytes };
}

function itemOf(record: ConversationRecord): ImportItem {
  const fields = { ...record.fields };
  if (fields.title === UNTITLED) delete fields.title;
  return {
    ...fields,
    id: record.id,
    createdAt: isoOf(record.createdAt),
    updatedAt: isoOf(record.updatedAt),
    totalTokens: record.tokens,
    messages: [],
  };
}

/** Notes what the server has of an import. Returns what it rejected. */
export async function acknowledgeImport(
  tx: LocalTransaction,
  request: ImportRequest,
  results: ImportResponse['results'],
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  for (const { index, status, code = 'internal_error' } of results) {
    const item = request.body[index];
    const record = item && (await tx.get('conversations', item.id));
    const entry = item && (await tx.get('outbox', item.id));
    if (!record || !entry) continue;
    if (status === 'rejected') {
      // As an ordinary write it is refused, or corrected, message by message.
      rejected.push({ id: item.id, code });
      await tx.put('outbox', { ...entry, isBulk: false });
    } else if (status === 'unchanged' || entry.isAdopted) {
      await doubt(tx, record, entry, item);
    } else {
      await acknowledgeItem(tx, record, item);
      if (!(await hasMore(tx, item.id))) await tx.put('outbox', { ...entry, isBulk: false });
    }
  }
  await tx.delete('outbox', BULK);
  return rejected;
}

/**
 * The server may have had some of these messages already, and kept them as it had them: what it has is read, and merged with
 * what is here, before anything counts as sent.
 */
async function doubt(tx: LocalTransaction, record: ConversationRecord, entry: OutboxEntry, item: ImportItem) {
  const until = item.messages.map(({ id }) => id);
  await tx.put('conversations', { ...record, onServer: true, held: false, older: null, verified: null, ...NO_STATE });
  await tx.put('outbox', { ...entry, isBulk: false, isAdopted: false, refresh: { until } });
}

async function acknowledgeItem(tx: LocalTransaction, record: ConversationRecord, item: ImportItem) {
  await confirmSent(tx, record, item.messages);
  for (const { id, parentId: _, ...fields } of item.messages) {
    const stored = await tx.get('messages', [record.id, id]);
    if (!stored) continue;
    acknowledgeFresh(stored, fields);
    await tx.put('messages', withDirty(stored));
  }
  const created = { onServer: true, held: true, older: null, verified: null, base: changedSince(item, record) };
  await tx.put('conversations', { ...record, ...(record.onServer ? {} : created), ...seenAfter(record) });
}

/**
 * The server does not tell the revision. It is most likely the next one: if not, the next summary says so, or the state that
 * is asked for before anything is sent that depends on it.
 */
function seenAfter({ revision, latest }: ConversationRecord) {
  return { revision: revision === latest ? latest + 1 : revision, latest: latest + 1, etag: undefined, page: null };
}

async function hasMore(tx: LocalTransaction, conversation: string) {
  return (await dirtyMessages(tx, conversation)).some((message) => message.fresh && !message.removed);
}
