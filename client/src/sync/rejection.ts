/** Handles rejections: what the server refuses for good is merged with its state, or undone. */

import type { StoreError } from '../errors.js';
import { readTree, rearrange, writeTree } from '../local/branches.js';
import type { LocalTransaction } from '../local/database.js';
import type { Fields } from '../local/fields.js';
import { asFresh, dirtyMessages, isBehind, learnTag, putTombstone, takePlace, withDirty } from '../local/records.js';
import type { Conflict, RefusedContent } from '../local/refused-writes.js';
import type { ConversationRecord, ConversationRequest, MessageBody, OutboxEntry } from '../local/schema.js';
import { NO_STATE } from './acknowledge.js';
import { applyRemoteAbsence, applyRemoteDeletion } from './apply-remote.js';

/** What waits for the user to make room, or for the operator: tried again later. */
const HELD = new Set(['too_much_text_kept', 'too_many_conversations_kept', 'forbidden']);

/** How long it is held, ms. */
const HOLD = 60_000;

/** How many refusals in a row are corrected without a pause. A split batch of 100 has one for each it cannot send. */
const PATIENCE = 5;

export interface Rejection {
  conflicts: Conflict[];
  refused: RefusedContent[];
  /** It is tried again later, and until then the trouble is to be shown. */
  isHeld: boolean;
  /** Whether a frontend sees anything of it. */
  changed: boolean;
}

interface Context {
  tx: LocalTransaction;
  record: ConversationRecord;
  /** Without its request; put back where something is left to send. */
  entry: OutboxEntry;
  request: ConversationRequest;
  error: StoreError;
  now: number;
  outcome: Rejection;
}

/** `done`: the step has taken the outbox's entry away. */
type Step = (context: Context) => Promise<'done' | undefined>;

/** Corrects the records after `error`. */
export async function reject(
  tx: LocalTransaction,
  record: ConversationRecord,
  entry: OutboxEntry,
  request: ConversationRequest,
  error: StoreError,
  now: number,
): Promise<Rejection> {
  const outcome: Rejection = { conflicts: [], refused: [], isHeld: false, changed: false };
  const recoveries = entry.recoveries ?? 0;
  const next = { ...entry, request: null };
  const step = STEPS[error.code] ?? (isContentRefused(error) ? undo : hold);
  const result = await step({ tx, record, entry: next, request, error, now, outcome });
  // Whatever should have helped, and does not, is tried again, but ever less often.
  if (recoveries > PATIENCE) next.holdUntil = Math.max(next.holdUntil, now + 1_000 * 2 ** Math.min(recoveries, 9));
  if (result !== 'done') await tx.put('outbox', next);
  return outcome;
}

const STEPS: Record<string, Step> = {
  revision_mismatch: catchUp,
  conversation_not_found: absent,
  conversation_deleted: deleted,
  conversation_exists: exists,
  message_exists: exists,
  message_deleted: messageDeleted,
  message_not_found: messageNotFound,
  request_too_old: makeAnew,
  idempotency_key_reused: makeAnew,
};

function isContentRefused({ status, code }: StoreError) {
  return !HELD.has(code) && (status === 400 || status === 413 || status === 422);
}

async function catchUp({ tx, record, entry, request, error, outcome }: Context): Promise<undefined> {
  if (isJustNamedWrong(record, request, error)) {
    learnTag(record, error.etag);
    await tx.put('conversations', record);
    return;
  }
  const isOther = error.revision === record.latest && typeof record.etag === 'string' && record.etag !== error.etag;
  const latest = error.revision ?? record.latest;
  const heard = { latest, etag: undefined, ...(isOther && { revision: 0, page: null }) };
  if (request.kind === 'delete') {
    // Another device has written to it meanwhile, and that has not been seen here: it stays.
    await tx.put('conversations', { ...record, deleted: undefined, deletedAt: undefined, ...heard });
    outcome.conflicts.push({ conversationId: record.id, kind: 'deleted-conversation-edited' });
    outcome.changed = true;
    return;
  }
  await tx.put('conversations', { ...record, ...heard });
  entry.refresh = { until: null };
}

/**
 * Whether the server is at the very state that the write was meant for, and the request only did not know its tag. A deletion
 * is meant for what had been heard of, any other write for what the messages here reflect.
 */
function isJustNamedWrong(
  record: ConversationRecord,
  { kind, match }: ConversationRequest,
  { revision, etag }: StoreError,
) {
  const isMeant = revision === record.latest && (kind === 'delete' || !isBehind(record));
  return isMeant && etag !== undefined && match !== etag && (record.etag ?? etag) === etag;
}

/**
 * The key of the request is of no use: its time is longer ago than the server remembers, or it was used for something else.
 * The next request has a key of its own. Whether this one was carried out shows in what the server has; deletions and
 * creations ask for nothing, as their condition, or their id, tells.
 */
async function makeAnew({ entry, request }: Context): Promise<undefined> {
  if (request.kind !== 'create' && request.kind !== 'delete') entry.refresh = { until: null };
}

async function absent({ tx, record, request, now, outcome }: Context) {
  outcome.changed = true;
  if (request.kind === 'delete') return remove(tx, record, now);
  const { deleted: isGone } = await applyRemoteAbsence(tx, record);
  return isGone ? 'done' : undefined;
}

async function deleted({ tx, record, request, now, outcome }: Context) {
  outcome.changed = true;
  if (request.kind === 'delete') return remove(tx, record, now);
  const { conflicts } = await applyRemoteDeletion(tx, record, now);
  outcome.conflicts.push(...conflicts);
  return 'done' as const;
}

async function remove(tx: LocalTransaction, record: ConversationRecord, now: number) {
  await putTombstone(tx, record, now);
  return 'done' as const;
}

/** What the server has under these ids has to be seen before anything is sent. */
async function exists({ tx, record, entry, request }: Context): Promise<undefined> {
  await tx.put('conversations', { ...record, onServer: true, ...(request.kind === 'create' && NO_STATE) });
  entry.refresh = { until: messagesOf(request).map(({ id }) => id) };
}

/** Deleted elsewhere as it was sent from here: an unedited copy. */
async function messageDeleted({ tx, record, entry, request, outcome }: Context): Promise<undefined> {
  const [only, ...others] = messagesOf(request);
  if (!only || others.length > 0) {
    entry.split = true;
    return;
  }
  outcome.changed = true;
  await tx.delete('messages', [record.id, only.id]);
  await tx.put('conversations', { ...record, count: record.count - 1 });
}

async function messageNotFound({ tx, record, entry, request, outcome }: Context): Promise<undefined> {
  if (request.kind === 'append') return followLast(tx, record, entry, request);
  if (request.kind === 'switch') return stay(tx, record, entry, request);
  const id = request.ids?.[0] ?? '';
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored) return;
  if (stored.removed) {
    await tx.delete('messages', [record.id, id]);
    return;
  }
  await tx.put('messages', { ...asFresh(stored), place: takePlace(record) });
  await tx.put('conversations', record);
  outcome.conflicts.push({ conversationId: record.id, kind: 'edited-message-deleted', messageId: id });
}

/** What some of these messages were to follow is gone elsewhere: they follow what is last. */
async function followLast(
  tx: LocalTransaction,
  record: ConversationRecord,
  entry: OutboxEntry,
  request: ConversationRequest,
): Promise<undefined> {
  const sent = new Set(messagesOf(request).map(({ id }) => id));
  for (const { parent, ...message } of await dirtyMessages(tx, record.id)) {
    const isKept = parent === undefined || !message.fresh || !sent.has(message.id) || sent.has(parent ?? '');
    if (!isKept) await tx.put('messages', message);
  }
  await arrangeAnew(tx, record);
  entry.refresh = { until: null };
}

/** The branch that was switched to is gone elsewhere. */
async function stay(
  tx: LocalTransaction,
  record: ConversationRecord,
  entry: OutboxEntry,
  request: ConversationRequest,
): Promise<undefined> {
  await undoSwitch(tx, record, request);
  entry.refresh = { until: null };
}

/** Another branch that was switched to since is still wanted. */
async function undoSwitch(
  tx: LocalTransaction,
  { head, ...record }: ConversationRecord,
  { body }: ConversationRequest,
) {
  await arrangeAnew(tx, { ...record, head: head === body?.headId ? undefined : head });
}

async function arrangeAnew(tx: LocalTransaction, record: ConversationRecord) {
  const tree = await readTree(tx, record);
  const before = tree.path.length;
  rearrange(tree);
  await writeTree(tx, tree);
  await tx.put('conversations', { ...record, count: record.count + tree.path.length - before });
}

async function hold({ entry, error, outcome, now }: Context): Promise<undefined> {
  entry.holdUntil = now + Math.max(HOLD, error.retryAfter ?? 0);
  entry.holdError = { code: error.code, message: error.message, status: error.status };
  outcome.isHeld = true;
}

/** Undoes what was refused; what was to be written is returned, to be kept for the user. */
async function undo(context: Context) {
  const { tx, record, entry, request, outcome } = context;
  const messages = messagesOf(request);
  if (messages.length > 1 || (request.kind === 'create' && messages.length > 0)) {
    entry.split = true;
    return undefined;
  }
  const take = (messageId: string | null, content: unknown) =>
    outcome.refused.push({ conversationId: record.id, messageId, content });
  outcome.changed = true;
  const [message] = messages;
  if (request.kind === 'append' && message) {
    take(message.id, message);
    await tx.delete('messages', [record.id, message.id]);
    await tx.put('conversations', { ...record, count: record.count - 1 });
    return undefined;
  }
  if (request.kind === 'edit' || request.kind === 'put') {
    const id = request.ids?.[0] ?? '';
    take(id, request.body);
    await revertMessage(tx, record, id);
    return undefined;
  }
  take(null, request.body);
  if (request.kind === 'switch') {
    await undoSwitch(tx, record, request);
    return undefined;
  }
  if (request.kind === 'patch') {
    const fields = restore({ ...record.fields }, record.base);
    await tx.put('conversations', { ...record, fields, base: {} });
    return undefined;
  }
  // The server does not want the conversation itself: it stays on this device, and is offered again when it changes.
  await tx.delete('outbox', record.id);
  return 'done' as const;
}

function messagesOf({ body }: ConversationRequest) {
  return body?.messages ?? [];
}

async function revertMessage(tx: LocalTransaction, record: ConversationRecord, id: string) {
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored) return;
  const { isWhole: _, ...rest } = stored;
  const body: MessageBody = restore({ ...stored.body }, stored.base);
  await tx.put('messages', withDirty({ ...rest, body, base: {} }));
}

function restore<Values extends Fields>(values: Values, base: Fields): Values {
  const fields: Fields = values;
  for (const [name, value] of Object.entries(base)) {
    if (value === null) delete fields[name];
    else fields[name] = value;
  }
  return values;
}
