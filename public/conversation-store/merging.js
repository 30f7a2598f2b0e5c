import { SHOWN, marked, put } from './records.js';
import { fieldsOf, same } from './shape.js';
import { textOf } from './text.js';

/** Two sides of the same thing become one. Pure but for the records they are given. */

/** The server's metadata into the record; `extra`: messages here that it does not count. Returns conflicts. */
export function applySummary(record, summary, extra) {
  const { createdAt, updatedAt, totalTokens, messageCount, revision } = summary;
  const fields = fieldsOf(summary);
  const conflicts = [];
  const serverTime = Date.parse(updatedAt);
  for (const name of new Set([...Object.keys(fields), ...Object.keys(record.fields), ...Object.keys(record.base)])) {
    const conflict = mergeField(record, name, fields[name], record.editedAt >= serverTime);
    if (conflict) conflicts.push({ conversationId: record.id, kind: 'conversation-edited', field: name, ...conflict });
  }
  record.createdAt = Date.parse(createdAt);
  record.updatedAt =
    Object.keys(record.base).length > 0 || extra !== 0 ? Math.max(record.updatedAt, serverTime) : serverTime;
  record.tokens = totalTokens;
  record.count = messageCount + extra;
  if (!continues(record, summary)) Object.assign(record, { revision: 0, page: null });
  record.latest = revision;
  record.etag = summary.etag ?? null;
  record.seenAt = serverTime;
  return conflicts;
}

/**
 * Whether what was seen of the conversation still holds. Counted anew, or under another tag, it has begun a new life there;
 * without a tag, a write of another device was stopped in the middle.
 */
export function continues(record, { revision, etag }) {
  if (revision !== record.latest) return revision > record.latest;
  return typeof record.etag !== 'string' || record.etag === etag;
}

/** Whether this answer was overtaken by a newer one. */
export function isOutdated(record, { revision, updatedAt }) {
  return revision < record.latest && Date.parse(updatedAt) <= record.seenAt;
}

/** One field, by what the server had when it was changed here. */
function mergeField(record, name, theirs, isOursNewer) {
  const { fields, base } = record;
  const ours = fields[name];
  if (!(name in base)) {
    put(fields, name, theirs);
    return null;
  }
  if (same(theirs, ours)) {
    delete base[name];
    return null;
  }
  if (same(theirs, base[name])) return null;
  if (isOursNewer) {
    base[name] = theirs ?? null;
    return { kept: ours, lost: theirs };
  }
  delete base[name];
  put(fields, name, theirs);
  return { kept: theirs, lost: ours };
}

/**
 * A message of the server's into the record of it here, if there is one.
 * Returns the record to keep, and what happened to two edits: `kind`, `kept`, `lost`, or nothing.
 */
export function mergeMessage(conversation, stored, theirs) {
  const clean = {
    conversation,
    id: theirs.id,
    at: theirs.at,
    seq: stored?.seq,
    shown: SHOWN,
    body: theirs.body,
    base: {},
    fresh: false,
    removed: false,
  };
  if (!stored?.dirty) return { record: marked(clean) };
  if (stored.removed) return mergeRemoved(stored, theirs, clean);
  return mergeEdited(stored, theirs, clean);
}

/** A deletion wins over a message that is as it was when it was deleted. */
function mergeRemoved(stored, theirs, clean) {
  if (stored.fresh || isSameText(stored.body, theirs.body)) {
    return { record: marked({ ...stored, fresh: false, body: theirs.body, base: {} }) };
  }
  return { record: marked(clean), conflict: { kind: 'deleted-message-edited', messageId: theirs.id } };
}

function mergeEdited(stored, theirs, clean) {
  // What the server has and we thought it had not: then all that differs is an edit.
  const base = stored.fresh ? { ...stored.body, ...theirs.body } : stored.base;
  const merged = { body: { ...theirs.body }, base: {} };
  const collisions = [];
  for (const [name, before] of Object.entries(base)) {
    const [ours, server] = [stored.body[name], theirs.body[name]];
    if (same(ours, server)) continue;
    put(merged.body, name, ours);
    merged.base[name] = server ?? null;
    if (name !== 'editedAt' && (stored.fresh || !same(server, before))) collisions.push(name);
  }
  const record = marked({ ...clean, body: merged.body, base: merged.base });
  record.at = Date.parse(record.body.timestamp);
  if (collisions.length === 0 || isContinued(theirs.body, stored.body)) return { record };
  const conflict = { kind: 'message-edited', messageId: theirs.id };
  if (isContinued(stored.body, theirs.body)) return { record: marked(clean) };
  if (editTime(stored) >= editTime(theirs)) {
    return { record, conflict: { ...conflict, kept: stored.body, lost: theirs.body } };
  }
  return { record: marked(clean), conflict: { ...conflict, kept: theirs.body, lost: stored.body } };
}

/** Whether `later` only goes on where `earlier` ends: an answer being written, no other edit. */
function isContinued(earlier, later) {
  return earlier.streaming === true && textOf(later).startsWith(textOf(earlier));
}

function isSameText(a, b) {
  return same(a.content, b.content) && same(a.parts, b.parts);
}

function editTime({ at, body }) {
  const edited = Date.parse(body.editedAt);
  return Number.isFinite(edited) ? edited : at;
}
