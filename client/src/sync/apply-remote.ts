/** Applies summaries, streamed changes and deletions from the server to the records. */

import type { RecordChange } from '../event-bus.js';
import { asFreshTree, hasPendingBranch, readTree } from '../local/branches.js';
import type { LocalTransaction } from '../local/database.js';
import { readMessage, tokensOf } from '../local/fields.js';
import {
  dirtyMessages,
  everyMessage,
  learnTag,
  newConversation,
  putTombstone,
  shownBetween,
  takePlace,
  touchOutbox,
} from '../local/records.js';
import type { Conflict } from '../local/refused-writes.js';
import type { ConversationRecord, SentMessage } from '../local/schema.js';
import type { StreamedChange, Summary } from '../net/wire.js';
import { newConversationId } from '../text.js';
import { countDirty, NO_STATE } from './acknowledge.js';
import { moveFreshBehind } from './apply-page.js';
import { applySummary, continues, isOutdated, learnExpiry, mergeMessage } from './merge.js';

export interface RemoteChange extends RecordChange {
  conflicts: Conflict[];
}

export function unchanged(): RemoteChange {
  return { changed: false, conflicts: [] };
}

/** A summary, of a list or a sync. `isRestored`: the server has just taken the conversation out of the trash. */
export async function applyRemoteSummary(
  tx: LocalTransaction,
  summary: Summary,
  now: number,
  isRestored = false,
): Promise<RemoteChange> {
  const stored = await tx.get('conversations', summary.id);
  if (stored?.deleted && !isRestored && !isBack(stored, summary)) return unchanged();
  const known = stored?.deleted ? undefined : stored;
  if (known?.onServer && summary.revision === known.latest && continues(known, summary)) {
    const isNews = learnExpiry(known, summary);
    if (learnTag(known, summary.etag) || isNews) await tx.put('conversations', known);
    return unchanged();
  }
  if (known?.onServer && isOutdated(known, summary)) return unchanged();
  const record = known ?? { ...newConversation(summary.id, now), held: false };
  if (!record.onServer) {
    // It is there already, from another device or an earlier time: what is here is merged when it is opened or sent.
    Object.assign(record, { onServer: true, older: null, held: false, base: {} });
  }
  const conflicts = applySummary(record, summary, await countDirty(tx, record.id));
  await tx.put('conversations', record);
  return { changed: true, conflicts };
}

/**
 * Whether a deleted conversation was restored since: a restoration has a revision of its own. What a device deletes, and the
 * server has not heard of yet, stays deleted.
 */
function isBack({ deleted, latest }: ConversationRecord, { revision }: { revision: number }) {
  return deleted === 'done' && revision > latest;
}

/**
 * A change as the stream tells it. `isEnough` says whether the records now hold all of it; if not, the server has to be
 * asked.
 */
export async function applyRemoteChange(
  tx: LocalTransaction,
  event: StreamedChange,
  now: number,
): Promise<RemoteChange & { isEnough: boolean }> {
  const record = event.conversationId ? await tx.get('conversations', event.conversationId) : undefined;
  if (event.type === 'delete') {
    return { isEnough: true, ...(record ? await applyRemoteDeletion(tx, record, now) : unchanged()) };
  }
  // The event does not tell what a restored conversation holds.
  if (record?.deleted) return { isEnough: !isBack(record, event), ...unchanged() };
  const isKnown = record?.onServer && event.revision <= record.latest && event.clock <= record.seenAt;
  if (isKnown) return { isEnough: true, ...unchanged() };
  const { messages = [] } = event;
  const isNext =
    record?.onServer && record.held && record.revision === record.latest && event.revision === record.latest + 1;
  const isComplete = ['append', 'edit'].includes(event.type) && messages.length > 0;
  const isOnPath = record && !hasPendingBranch(record, await dirtyMessages(tx, record.id));
  if (record && !isNext && isComplete && (await noteAppended(tx, record, event, messages))) {
    return { isEnough: true, changed: true, conflicts: [] };
  }
  if (!record || !isNext || !isComplete || !isOnPath) return { isEnough: false, ...unchanged() };
  return { isEnough: true, ...(await applyStreamedMessages(tx, record, event, messages)) };
}

/**
 * Messages were appended to a conversation whose newest ones are not here: what the list shows of it follows, and they come
 * when it is opened. Returns false where that cannot be told from the event alone.
 */
async function noteAppended(
  tx: LocalTransaction,
  record: ConversationRecord,
  event: StreamedChange,
  messages: SentMessage[],
): Promise<boolean> {
  const isNext = record.onServer && record.count > 0 && event.revision === record.latest + 1;
  if (!isNext || event.type !== 'append' || (await tx.get('outbox', record.id))) return false;
  for (const { id } of messages) if (await tx.get('messages', [record.id, id])) return false;
  record.count += messages.length;
  for (const { body } of messages.map(readMessage)) record.tokens += tokensOf(body);
  Object.assign(record, { latest: event.revision, etag: undefined, seenAt: event.clock });
  record.updatedAt = Math.max(record.updatedAt, event.clock);
  await tx.put('conversations', record);
  return true;
}

async function applyStreamedMessages(
  tx: LocalTransaction,
  record: ConversationRecord,
  event: StreamedChange,
  messages: SentMessage[],
): Promise<RemoteChange> {
  const conflicts: Conflict[] = [];
  let added = 0;
  const known = await lastServed(tx, record);
  for (const theirs of messages.map(readMessage)) {
    const stored = await tx.get('messages', [record.id, theirs.id]);
    // An edit of a message that is not loaded: it will be, as it is then.
    if (!stored && event.type === 'edit') continue;
    const siblings = theirs.siblings ?? stored?.siblings;
    const { record: merged, conflict } = mergeMessage(record.id, stored, { ...theirs, siblings });
    const branch = stored?.beside && ({ shown: 0, beside: 1, parent: stored.parent } as const);
    const message = { ...merged, ...branch, place: merged.place ?? takePlace(record) };
    await tx.put('messages', message);
    if (conflict) conflicts.push({ conversationId: record.id, ...conflict });
    record.count += message.shown - (stored?.shown ?? 0);
    if (!stored) added += 1;
    record.tokens += tokensOf(theirs.body) - tokensOf(stored?.body);
  }
  if (event.type === 'append') await moveFreshBehind(tx, record, record.nextPlace - 1, known);
  conflicts.push(...(await contest(tx, record.id, added)));
  record.revision = event.revision;
  record.latest = event.revision;
  // An event does not tell the tag: it is asked for when it is needed.
  Object.assign(record, { etag: undefined, page: null });
  record.seenAt = event.clock;
  record.updatedAt = Math.max(record.updatedAt, event.clock);
  await tx.put('conversations', record);
  return { changed: true, conflicts };
}

/** The place of the last message that the server has. */
async function lastServed(tx: LocalTransaction, { id }: ConversationRecord): Promise<number> {
  const fresh = (await dirtyMessages(tx, id)).filter((message) => message.fresh && message.shown);
  const last = await tx.list('messages', 'order', shownBetween(id), { reverse: true, limit: fresh.length + 1 });
  return last.find((message) => !message.fresh)?.place ?? -Infinity;
}

/** The conflict where messages came to a conversation that has something to send. */
export async function contest(tx: LocalTransaction, id: string, added: number): Promise<Conflict[]> {
  const isContested = added > 0 && Boolean(await tx.get('outbox', id));
  return isContested ? [{ conversationId: id, kind: 'messages-added' }] : [];
}

/** Deleted on another device. What was written here and not sent yet lives on in a conversation of its own. */
export async function applyRemoteDeletion(
  tx: LocalTransaction,
  record: ConversationRecord,
  now: number,
): Promise<RemoteChange> {
  if (record.deleted === 'done') return unchanged();
  const dirty = await dirtyMessages(tx, record.id);
  if (record.deleted || !dirty.some((message) => !message.removed)) {
    await putTombstone(tx, record, now);
    return { changed: !record.deleted, deleted: true, conflicts: [] };
  }
  const { path, beside } = await readTree(tx, record);
  const head = beside.size > 0 ? path.at(-1)?.id : undefined;
  const copy = { ...record, ...NOT_ON_SERVER, base: {}, id: newConversationId(), count: path.length, head };
  for (const message of asFreshTree(path, [...beside.values()])) {
    await tx.put('messages', { ...message, conversation: copy.id });
  }
  await putTombstone(tx, record, now, copy.id);
  await tx.put('conversations', copy);
  await touchOutbox(tx, copy.id, now, false);
  const conflict = { conversationId: record.id, kind: 'conversation-deleted', movedTo: copy.id } as const;
  return { changed: true, deleted: true, copy: copy.id, conflicts: [conflict] };
}

const NOT_ON_SERVER = { onServer: false, held: true, ...NO_STATE, seenAt: 0, older: null, verified: null, count: 0 };

/**
 * The server does not know the conversation (any more), and no device deleted it: it has expired there, or this is another
 * user's server. What is on this device stays, and goes there whole when it is written to.
 */
export async function applyRemoteAbsence(tx: LocalTransaction, record: ConversationRecord): Promise<RemoteChange> {
  const { path, beside } = await readTree(tx, record);
  if (path.length === 0) {
    await tx.deleteRange('messages', everyMessage(record.id));
    await tx.delete('conversations', record.id);
    await tx.delete('outbox', record.id);
    return { changed: true, deleted: true, conflicts: [] };
  }
  // What waits to be deleted is.
  await tx.deleteRange('messages', everyMessage(record.id));
  for (const message of asFreshTree(path, [...beside.values()])) await tx.put('messages', message);
  const head = beside.size > 0 ? path.at(-1)?.id : undefined;
  await tx.put('conversations', { ...record, ...NOT_ON_SERVER, base: {}, count: path.length, head });
  return { changed: true, conflicts: [] };
}
