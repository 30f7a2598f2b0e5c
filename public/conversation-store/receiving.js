import { applySummary, continues, isOutdated, mergeMessage } from './merging.js';
import {
  SHOWN,
  bury,
  comparePlaces,
  dirtyMessages,
  everyMessage,
  marked,
  newConversation,
  learnTag,
  pageOf,
  shownBetween,
  touchOutbox,
} from './records.js';
import { NO_STATE, countDirty } from './settling.js';
import { differences, readMessage } from './shape.js';
import { newUuid } from './text.js';

/** What the server tells, into the records here. Each returns `{ changed, conflicts }`. */

/** A summary, of a list or a sync. */
export async function receiveSummary(tx, summary, now) {
  const known = await tx.get('conversations', summary.id);
  if (known?.deleted) return unchanged();
  if (known?.onServer && summary.revision === known.latest && continues(known, summary)) {
    if (learnTag(known, summary.etag)) await tx.put('conversations', known);
    return unchanged();
  }
  if (known?.onServer && isOutdated(known, summary)) return unchanged();
  const record = known ?? { ...newConversation(summary.id, now), held: false };
  if (!record.onServer) {
    // It is there already, from another device or an earlier life: what is here is merged when it is opened or sent.
    Object.assign(record, { onServer: true, older: null, held: false, base: {} });
  }
  const conflicts = applySummary(record, summary, await countDirty(tx, record.id));
  await tx.put('conversations', record);
  return { changed: true, conflicts };
}

/**
 * A page of messages, oldest first, with the conversation's revision at that time, its tag, and the page's own `ETag`, `tag`.
 * Without `before` it is the newest page, else that which ends before this place.
 *
 * @param {object} tx
 * @param {object} record
 * @param {{ messages: object[], nextCursor: string | null, revision?: any, etag?: string, tag?: string }} page
 * @param {{ at: number } | null} [before]
 */
export async function receivePage(tx, record, { messages, nextCursor, revision, etag, tag }, before) {
  const conflicts = [];
  let changed = false;
  let added = 0;
  let first;
  let previous;
  for (const theirs of messages.map(readMessage)) {
    const stored = await tx.get('messages', [record.id, theirs.id]);
    const { record: merged, conflict } = mergeMessage(record.id, stored, theirs);
    merged.seq = seqBehind(previous, merged);
    if (isDifferent(stored, merged)) {
      await tx.put('messages', merged);
      changed = true;
    }
    if (conflict) conflicts.push({ conversationId: record.id, ...conflict });
    if (!stored) added += 1;
    previous = merged;
    first ??= { at: merged.at, seq: merged.seq };
  }
  const from = nextCursor ? first : null;
  const gone = await dropMissing(tx, record, new Set(messages.map(({ id }) => id)), from, before);
  record.older = nextCursor;
  record.verified = from;
  if (!before) {
    record.held = true;
    record.revision = revision;
    record.page = pageOf(etag, tag);
    if (revision >= record.latest) Object.assign(record, { latest: revision, etag: etag ?? null });
  }
  await tx.put('conversations', record);
  return { changed: changed || gone.changed, added, conflicts: [...conflicts, ...gone.conflicts] };
}

/** Messages that share a timestamp stay in the order in which the server tells them. */
function seqBehind(previous, { at, seq }) {
  if (previous?.at === at) return Math.max(seq ?? 0, previous.seq + 1);
  return seq ?? 0;
}

function isDifferent(stored, merged) {
  return (
    !stored ||
    stored.at !== merged.at ||
    stored.seq !== merged.seq ||
    stored.dirty !== merged.dirty ||
    stored.shown !== merged.shown ||
    differences(stored.body, merged.body).length > 0 ||
    stored.fresh !== merged.fresh ||
    differences(stored.base, merged.base).length > 0
  );
}

/** What the server does not have any more between two places: gone here too, unless it was edited here. */
async function dropMissing(tx, record, present, from, before) {
  const inside = ({ at, seq }) =>
    (!from || comparePlaces({ at, seq }, from) >= 0) && (!before || comparePlaces({ at, seq }, before) < 0);
  const shown = await tx.list('messages', 'order', shownBetween(record.id, null, before ?? null));
  const hidden = (await dirtyMessages(tx, record.id)).filter((message) => message.removed);
  const result = unchanged();
  for (const message of [...shown, ...hidden]) {
    if (present.has(message.id) || message.fresh || !inside(message)) continue;
    result.changed = true;
    if (message.dirty && !message.removed) {
      await tx.put('messages', marked({ ...message, fresh: true, base: {} }));
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
export async function receiveChange(tx, event, now) {
  const record = event.conversationId && (await tx.get('conversations', event.conversationId));
  if (event.type === 'delete') {
    return { isEnough: true, ...(record ? await receiveDeletion(tx, record, now) : unchanged()) };
  }
  const isKnown = record?.onServer && event.revision <= record.latest && event.clock <= record.seenAt;
  if (record?.deleted || isKnown) return { isEnough: true, ...unchanged() };
  const isNext =
    record?.onServer && record.held && record.revision === record.latest && event.revision === record.latest + 1;
  const isComplete = ['append', 'edit'].includes(event.type) && event.messages?.length > 0;
  if (!isNext || !isComplete) return { isEnough: false, ...unchanged() };
  return { isEnough: true, ...(await receiveMessages(tx, record, event)) };
}

async function receiveMessages(tx, record, event) {
  const conflicts = [];
  const before = record.count;
  for (const theirs of event.messages.map(readMessage)) {
    const stored = await tx.get('messages', [record.id, theirs.id]);
    // An edit of a message that is not loaded: it will be, as it is then.
    if (!stored && event.type === 'edit') continue;
    const { record: merged, conflict } = mergeMessage(record.id, stored, theirs);
    merged.seq ??= record.nextSeq++;
    await tx.put('messages', merged);
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

/** What to tell where messages came to a conversation that has something to send. */
export async function contest(tx, id, added) {
  const isContested = added > 0 && Boolean(await tx.get('outbox', id));
  return isContested ? [{ conversationId: id, kind: 'messages-added' }] : [];
}

function tokensOf(body) {
  return body?.tokens?.total ?? 0;
}

/** Deleted on another device. What was written here and not sent yet lives on in a conversation of its own. */
export async function receiveDeletion(tx, record, now) {
  if (record.deleted === 'done') return unchanged();
  const dirty = await dirtyMessages(tx, record.id);
  if (record.deleted || !dirty.some((message) => !message.removed)) {
    await bury(tx, record, now);
    return { changed: !record.deleted, deleted: true, conflicts: [] };
  }
  const copy = { ...record, ...notOnServer(), id: `conv-${newUuid()}` };
  for (const message of await tx.list('messages', 'order', shownBetween(record.id))) {
    await tx.put('messages', marked({ ...message, conversation: copy.id, fresh: true, base: {} }));
    copy.count += 1;
  }
  await bury(tx, record, now, copy.id);
  await tx.put('conversations', copy);
  await touchOutbox(tx, copy.id, now, false);
  const conflict = { conversationId: record.id, kind: 'conversation-deleted', movedTo: copy.id };
  return { changed: true, deleted: true, copy: copy.id, conflicts: [conflict] };
}

function notOnServer() {
  return { onServer: false, held: true, ...NO_STATE, seenAt: 0, older: null, verified: null, base: {}, count: 0 };
}

/**
 * The server does not know the conversation (any more), and nobody deleted it: it has outlived its life there, or it is
 * another user's server. What is here stays, and goes there whole when it is written to.
 */
export async function receiveAbsence(tx, record) {
  const messages = await tx.list('messages', null, everyMessage(record.id));
  const shown = messages.filter((message) => message.shown === SHOWN);
  for (const message of messages.filter(({ removed }) => removed)) await tx.delete('messages', [record.id, message.id]);
  if (shown.length === 0) {
    await tx.delete('conversations', record.id);
    await tx.delete('outbox', record.id);
    return { changed: true, deleted: true, conflicts: [] };
  }
  for (const message of shown) await tx.put('messages', marked({ ...message, fresh: true, base: {} }));
  await tx.put('conversations', { ...record, ...notOnServer(), count: shown.length });
  return { changed: true, conflicts: [] };
}

/** @returns {{ changed: boolean, conflicts: object[] }} */
function unchanged() {
  return { changed: false, conflicts: [] };
}
