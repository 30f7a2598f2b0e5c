import type { RecordChange } from '../event-bus.js';
import type { LocalTransaction } from '../local/database.js';
import { readMessage, tokensOf } from '../local/fields.js';
import {
  asFresh,
  comparePlaces,
  dirtyMessages,
  everyMessage,
  learnTag,
  newConversation,
  pageTag,
  putTombstone,
  shownBetween,
  SHOWN,
  touchOutbox,
} from '../local/records.js';
import type { Conflict } from '../local/refused-writes.js';
import type { ConversationRecord, MessageRecord, Place, SentMessage } from '../local/schema.js';
import type { StreamedChange, Summary } from '../net/wire.js';
import { newConversationId } from '../text.js';
import { countDirty, NO_STATE } from './acknowledge.js';
import { applySummary, continues, isDifferent, isOutdated, mergeMessage, type Unplaced } from './merge.js';

/** Applies what the server tells to the records. */

export interface RemoteChange extends RecordChange {
  conflicts: Conflict[];
}

export function unchanged(): RemoteChange {
  return { changed: false, conflicts: [] };
}

/** A summary, of a list or a sync. */
export async function applyRemoteSummary(tx: LocalTransaction, summary: Summary, now: number): Promise<RemoteChange> {
  const known = await tx.get('conversations', summary.id);
  if (known?.deleted) return unchanged();
  if (known?.onServer && summary.revision === known.latest && continues(known, summary)) {
    if (learnTag(known, summary.etag)) await tx.put('conversations', known);
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

/** A page of messages, oldest first, with the state of the conversation at that time. */
export interface RemotePage {
  messages: SentMessage[];
  nextCursor: string | null;
  /** Of the newest page: the revision it shows, that state's tag, and the page's own `ETag`. */
  state?: { revision: number; etag: string | undefined; tag: string | null };
}

/** Applies a page of messages: the newest one, or that which ends before the place `before`. */
export async function applyRemotePage(
  tx: LocalTransaction,
  record: ConversationRecord,
  page: RemotePage,
  before?: Place | null,
): Promise<RemoteChange & { added: number }> {
  const { merged, ...applied } = await applyMessages(tx, record, page.messages);
  const first = merged[0] ? { at: merged[0].at, seq: merged[0].seq } : null;
  const from = page.nextCursor ? first : null;
  const gone = await dropMissing(tx, record, new Set(page.messages.map(({ id }) => id)), from, before ?? null);
  record.older = page.nextCursor;
  record.verified = from;
  if (page.state) {
    const { revision, etag, tag } = page.state;
    Object.assign(record, { held: true, revision, page: pageTag(etag, tag) });
    if (revision >= record.latest) Object.assign(record, { latest: revision, etag: etag ?? null });
  }
  await tx.put('conversations', record);
  const conflicts = [...applied.conflicts, ...gone.conflicts];
  return { changed: applied.changed || gone.changed, added: applied.added, conflicts };
}

async function applyMessages(tx: LocalTransaction, record: ConversationRecord, messages: SentMessage[]) {
  const result = { ...unchanged(), added: 0, merged: [] as MessageRecord[] };
  const read = messages.map(readMessage);
  // Not one after the other: the database takes them in one go.
  const known = await Promise.all(read.map(({ id }) => tx.get('messages', [record.id, id])));
  const writes: Promise<unknown>[] = [];
  for (const [index, theirs] of read.entries()) {
    const stored = known[index];
    const { record: unplaced, conflict } = mergeMessage(record.id, stored, theirs);
    const merged = { ...unplaced, seq: seqBehind(result.merged.at(-1), unplaced) };
    if (isDifferent(stored, merged)) writes.push(tx.put('messages', merged));
    if (conflict) result.conflicts.push({ conversationId: record.id, ...conflict });
    if (!stored) result.added += 1;
    result.merged.push(merged);
  }
  await Promise.all(writes);
  result.changed = writes.length > 0;
  return result;
}

/** Messages that share a timestamp stay in the order in which the server tells them. */
function seqBehind(previous: MessageRecord | undefined, { at, seq }: Unplaced<MessageRecord>) {
  return previous?.at === at ? Math.max(seq ?? 0, previous.seq + 1) : (seq ?? 0);
}

/** What the server no longer has between two places: gone here too, unless it was edited here. */
async function dropMissing(
  tx: LocalTransaction,
  record: ConversationRecord,
  present: Set<string>,
  from: Place | null,
  before: Place | null,
) {
  const isInside = (place: Place) =>
    (!from || comparePlaces(place, from) >= 0) && (!before || comparePlaces(place, before) < 0);
  const range = { ...shownBetween(record.id, from, before), lowerOpen: false };
  const shown = await tx.list('messages', 'order', range);
  const hidden = (await dirtyMessages(tx, record.id)).filter((message) => message.removed);
  const result = unchanged();
  for (const message of [...shown, ...hidden]) {
    if (present.has(message.id) || message.fresh || !isInside(message)) continue;
    result.changed = true;
    if (message.dirty && !message.removed) {
      await tx.put('messages', asFresh(message));
      result.conflicts.push({ conversationId: record.id, kind: 'edited-message-deleted', messageId: message.id });
    } else {
      await tx.delete('messages', [record.id, message.id]);
    }
  }
  return result;
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
  const isKnown = record?.onServer && event.revision <= record.latest && event.clock <= record.seenAt;
  if (record?.deleted || isKnown) return { isEnough: true, ...unchanged() };
  const { messages = [] } = event;
  const isNext =
    record?.onServer && record.held && record.revision === record.latest && event.revision === record.latest + 1;
  const isComplete = ['append', 'edit'].includes(event.type) && messages.length > 0;
  if (record && !isNext && isComplete && (await noteAppended(tx, record, event, messages))) {
    return { isEnough: true, changed: true, conflicts: [] };
  }
  if (!record || !isNext || !isComplete) return { isEnough: false, ...unchanged() };
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
  const before = record.count;
  for (const theirs of messages.map(readMessage)) {
    const stored = await tx.get('messages', [record.id, theirs.id]);
    // An edit of a message that is not loaded: it will be, as it is then.
    if (!stored && event.type === 'edit') continue;
    const { record: merged, conflict } = mergeMessage(record.id, stored, theirs);
    await tx.put('messages', { ...merged, seq: merged.seq ?? record.nextSeq++ });
    if (conflict) conflicts.push({ conversationId: record.id, ...conflict });
    if (!stored) record.count += 1;
    record.tokens += tokensOf(theirs.body) - tokensOf(stored?.body);
  }
  conflicts.push(...(await contest(tx, record.id, record.count - before)));
  record.revision = event.revision;
  record.latest = event.revision;
  // An event does not tell the tag: it is asked for when it is needed.
  Object.assign(record, { etag: undefined, page: null });
  record.seenAt = event.clock;
  record.updatedAt = Math.max(record.updatedAt, event.clock);
  await tx.put('conversations', record);
  return { changed: true, conflicts };
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
  const copy = { ...record, ...NOT_ON_SERVER, base: {}, id: newConversationId() };
  for (const message of await tx.list('messages', 'order', shownBetween(record.id))) {
    await tx.put('messages', asFresh({ ...message, conversation: copy.id }));
    copy.count += 1;
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
  const messages = await tx.list('messages', null, everyMessage(record.id));
  const shown = messages.filter((message) => message.shown === SHOWN);
  for (const message of messages.filter(({ removed }) => removed)) await tx.delete('messages', [record.id, message.id]);
  if (shown.length === 0) {
    await tx.delete('conversations', record.id);
    await tx.delete('outbox', record.id);
    return { changed: true, deleted: true, conflicts: [] };
  }
  for (const message of shown) await tx.put('messages', asFresh(message));
  await tx.put('conversations', { ...record, ...NOT_ON_SERVER, base: {}, count: shown.length });
  return { changed: true, conflicts: [] };
}
