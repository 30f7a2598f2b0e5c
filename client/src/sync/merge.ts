/** Merges the server's version of a conversation or a message with this device's. */

import { differences, fieldsOf, isStreaming, same, type Fields } from '../local/fields.js';
import { assign, isEdited, SHOWN, withDirty, type ParsedMessage } from '../local/records.js';
import type { Conflict } from '../local/refused-writes.js';
import type { ConversationRecord, MessageBody, MessageRecord } from '../local/schema.js';
import type { Summary } from '../net/wire.js';
import { textOf } from '../text.js';

/** The server's metadata into the record; `extra`: messages here that it does not count. Returns conflicts. */
export function applySummary(record: ConversationRecord, summary: Summary, extra: number): Conflict[] {
  const { createdAt, updatedAt, totalTokens, messageCount, revision } = summary;
  const fields = fieldsOf(summary);
  const conflicts: Conflict[] = [];
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
  learnExpiry(record, summary);
  record.seenAt = serverTime;
  return conflicts;
}

/** Notes when the conversation expires: reading it puts that off, and makes no revision. Returns whether that is news. */
export function learnExpiry(record: ConversationRecord, { expiresAt }: Summary): boolean {
  const isKnown = typeof expiresAt !== 'string' && expiresAt !== null;
  if (isKnown || expiresAt === record.expiresAt) return false;
  record.expiresAt = expiresAt;
  return true;
}

/**
 * Whether what was seen of the conversation still holds. Counted anew, or under another tag, it was created again there;
 * without a tag, a write of another device was stopped in the middle.
 */
export function continues(record: ConversationRecord, { revision, etag }: Summary): boolean {
  if (revision !== record.latest) return revision > record.latest;
  return typeof record.etag !== 'string' || record.etag === etag;
}

/** Whether this response was overtaken by a newer one. */
export function isOutdated(record: ConversationRecord, { revision, updatedAt }: Summary): boolean {
  return revision < record.latest && Date.parse(updatedAt) <= record.seenAt;
}

/** One field, by what the server had when it was changed here. Returns the two sides of a conflict. */
function mergeField(record: ConversationRecord, name: string, theirs: unknown, isOursNewer: boolean) {
  const { fields, base } = record;
  const ours = fields[name];
  if (!(name in base)) {
    assign(fields, name, theirs);
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
  assign(fields, name, theirs);
  return { kept: theirs, lost: ours };
}

/** A message of both sides: the record to store, and what happened to two edits. */
export interface MergedMessage {
  record: UnplacedMessage;
  conflict?: Omit<Conflict, 'conversationId'>;
}

/** A message of the server's path whose place here is still to be found. */
export type UnplacedMessage = Omit<MessageRecord, 'place'> & { place: number | undefined };

/** A message of the server's into the record of it here, if there is one. */
export function mergeMessage(
  conversation: string,
  stored: MessageRecord | undefined,
  theirs: ParsedMessage,
): MergedMessage {
  const clean: UnplacedMessage = {
    conversation,
    id: theirs.id,
    place: stored?.place,
    shown: SHOWN,
    body: theirs.body,
    base: {},
    fresh: false,
    removed: false,
    ...(theirs.siblings && { siblings: theirs.siblings }),
  };
  const isChanged = stored && (stored.fresh || stored.removed || isEdited(stored));
  if (!isChanged) return { record: clean };
  return stored.removed ? mergeRemoved(stored, theirs, clean) : mergeEdited(stored, theirs, clean);
}

/** A deletion wins over a message that is as it was when it was deleted. */
function mergeRemoved(stored: MessageRecord, theirs: ParsedMessage, clean: UnplacedMessage): MergedMessage {
  if (stored.fresh || isSameText(stored.body, theirs.body)) {
    const { served: _, siblings: __, ...removed } = stored;
    return { record: withDirty({ ...removed, fresh: false, body: theirs.body, base: {} }) };
  }
  return { record: clean, conflict: { kind: 'deleted-message-edited', messageId: theirs.id } };
}

function mergeEdited(stored: MessageRecord, theirs: ParsedMessage, clean: UnplacedMessage): MergedMessage {
  const { record, isContested } = rebase(stored, theirs);
  if (!isContested || isContinued(theirs.body, stored.body)) return { record };
  const conflict = { kind: 'message-edited', messageId: theirs.id } as const;
  if (isContinued(stored.body, theirs.body)) return { record: clean };
  if (editTime(stored) >= editTime(theirs)) {
    return { record, conflict: { ...conflict, kept: stored.body, lost: theirs.body } };
  }
  return { record: clean, conflict: { ...conflict, kept: theirs.body, lost: stored.body } };
}

/** This device's edits on top of the server's message. `isContested`: the server has others of the same fields. */
function rebase(stored: MessageRecord, { body: theirs, siblings }: ParsedMessage) {
  // What the server has and was thought not to have: then what this device has of it and differs is an edit.
  const before: Fields = stored.fresh ? ownFields(stored.body, theirs) : stored.base;
  const body: MessageBody = { ...theirs };
  const base: Fields = {};
  let isContested = false;
  for (const [name, original] of Object.entries(before)) {
    const [ours, server] = [stored.body[name], theirs[name]];
    if (same(ours, server)) continue;
    assign(body, name, ours);
    base[name] = server ?? null;
    if (name !== 'editedAt' && (stored.fresh || !same(server, original))) isContested = true;
  }
  const { beside: _, parent: __, served: ___, siblings: ____, ...rest } = stored;
  const onPath = { ...rest, shown: SHOWN, ...(siblings && { siblings }) } as const;
  return { record: withDirty({ ...onPath, body, base, fresh: false, removed: false }), isContested };
}

/**
 * What this device says of a message that somebody else has sent as well, such as the server of the frontend. That has a clock
 * of its own, may have fields of its own, and its own way to make a text of the parts.
 */
function ownFields(ours: MessageBody, theirs: MessageBody): Fields {
  const { timestamp: _, ...fields } = ours;
  if (ours.parts !== undefined && same(ours.parts, theirs.parts)) delete fields.content;
  return theirs.streaming === true ? { streaming: undefined, ...fields } : fields;
}

/** Whether `later` only goes on where `earlier` ends: a reply being written or broken off, no other edit. */
function isContinued(earlier: MessageBody, later: MessageBody) {
  return isUnfinished(earlier) && wholeText(later).startsWith(wholeText(earlier));
}

function isUnfinished(body: MessageBody) {
  return isStreaming(body) || body.status === 'aborted' || body.status === 'error';
}

function wholeText({ content, parts }: MessageBody) {
  return textOf({ content: parts ?? content });
}

function isSameText(a: MessageBody, b: MessageBody) {
  return same(a.content, b.content) && same(a.parts, b.parts);
}

function editTime({ body }: { body: MessageBody }) {
  const edited = millisecondsOfIso(body.editedAt);
  return Number.isFinite(edited) ? edited : Date.parse(body.timestamp);
}

function millisecondsOfIso(time: unknown) {
  return typeof time === 'string' ? Date.parse(time) : NaN;
}

/** Whether storing `merged` would change anything. */
export function isDifferent(stored: MessageRecord | undefined, merged: MessageRecord): boolean {
  return (
    !stored ||
    stored.place !== merged.place ||
    stored.served !== merged.served ||
    stored.beside !== merged.beside ||
    stored.isWhole !== merged.isWhole ||
    !same(stored.siblings, merged.siblings) ||
    stored.dirty !== merged.dirty ||
    stored.shown !== merged.shown ||
    differences(stored.body, merged.body).length > 0 ||
    stored.fresh !== merged.fresh ||
    differences(stored.base, merged.base).length > 0
  );
}
