import { bury, learnTag, marked } from './records.js';
import { isBehind } from './planning.js';
import { receiveAbsence, receiveDeletion } from './receiving.js';
import { NO_STATE } from './settling.js';

/** The server has refused a request for good: both sides are brought together, or the write is taken back. */

/** What waits for the user to make room, or for the operator: tried again later. */
const HELD = new Set(['too_much_text_kept', 'too_many_conversations_kept', 'forbidden']);

const HOLD = 60_000;

/** How many refusals in a row are corrected without a pause. A split batch of 100 has one for each it cannot send. */
const PATIENCE = 5;

/**
 * Corrects the records after `error`. `entry`, without its request, is put back where something is left to send.
 * Returns `{ conflicts, refused, isHeld, changed }`.
 */
export async function recover(tx, record, entry, request, error, now) {
  const outcome = { conflicts: [], refused: [], isHeld: false, changed: true };
  const next = { ...entry, request: null };
  const step = STEPS[error.code] ?? (isContentRefused(error) ? refuse : hold);
  const result = await step({ tx, record, entry: next, request, error, now, outcome });
  // Whatever should have helped, and does not, is tried again, but ever less often.
  if (entry.recoveries > PATIENCE)
    next.holdUntil = Math.max(next.holdUntil, now + 1_000 * 2 ** Math.min(entry.recoveries, 9));
  if (result !== DONE) await tx.put('outbox', next);
  return outcome;
}

/** The step has taken the outbox's entry away. */
const DONE = Symbol('done');

const STEPS = {
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

function isContentRefused({ status, code }) {
  return !HELD.has(code) && (status === 400 || status === 413 || status === 422);
}

async function catchUp({ tx, record, entry, request, error, outcome }) {
  if (isJustNamedWrong(record, request, error)) {
    learnTag(record, error.etag);
    await tx.put('conversations', record);
    return;
  }
  const isOther = error.revision === record.latest && typeof record.etag === 'string' && record.etag !== error.etag;
  const heard = { latest: error.revision, etag: undefined, ...(isOther && { revision: 0, page: null }) };
  if (request.kind === 'delete') {
    // Somebody has written to it meanwhile, and that has not been seen here: it stays.
    await tx.put('conversations', { ...record, deleted: undefined, deletedAt: undefined, ...heard });
    outcome.conflicts.push({ conversationId: record.id, kind: 'deleted-conversation-edited' });
    return;
  }
  await tx.put('conversations', { ...record, ...heard });
  entry.refresh = { until: null };
}

/**
 * Whether the server is at the very state that the write was meant for, and the request only did not know its tag. A deletion
 * is meant for what had been heard of, any other write for what the messages here reflect.
 */
function isJustNamedWrong(record, { kind, match }, { revision, etag }) {
  const isMeant = revision === record.latest && (kind === 'delete' || !isBehind(record));
  return isMeant && etag !== undefined && match !== etag && (record.etag ?? etag) === etag;
}

/**
 * The key of the request is of no use: its time is longer ago than the server remembers, or it was used for something else.
 * The next request has a key of its own. Whether this one was carried out shows in what the server has; deletions and
 * creations ask for nothing, as their condition, or their id, tells.
 */
async function makeAnew({ entry, request }) {
  if (!['create', 'delete'].includes(request.kind)) entry.refresh = { until: null };
}

async function absent({ tx, record, request, now }) {
  if (request.kind === 'delete') return done(() => bury(tx, record, now));
  const { deleted: isGone } = await receiveAbsence(tx, record);
  return isGone ? DONE : undefined;
}

async function deleted({ tx, record, request, now, outcome }) {
  if (request.kind === 'delete') return done(() => bury(tx, record, now));
  const { conflicts } = await receiveDeletion(tx, record, now);
  outcome.conflicts.push(...conflicts);
  return DONE;
}

async function done(work) {
  await work();
  return DONE;
}

/** What the server has under these ids has to be seen before anything is sent. */
async function exists({ tx, record, entry, request }) {
  const times = request.body.messages.map(({ timestamp }) => Date.parse(timestamp));
  await tx.put('conversations', { ...record, onServer: true, ...(request.kind === 'create' && NO_STATE) });
  entry.refresh = { until: times.length > 0 ? Math.min(...times) : null };
}

/** Deleted elsewhere as it was sent from here: an unedited copy. */
async function messageDeleted({ tx, record, entry, request }) {
  const [only, ...others] = request.body.messages;
  if (others.length > 0) {
    entry.split = true;
    return;
  }
  await tx.delete('messages', [record.id, only.id]);
  await tx.put('conversations', { ...record, count: record.count - 1 });
}

async function messageNotFound({ tx, record, request, outcome }) {
  const [id] = request.ids;
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored) return;
  if (stored.removed) {
    await tx.delete('messages', [record.id, id]);
    return;
  }
  await tx.put('messages', marked({ ...stored, fresh: true, base: {} }));
  outcome.conflicts.push({ conversationId: record.id, kind: 'edited-message-deleted', messageId: id });
}

async function hold({ entry, error, outcome, now }) {
  entry.holdUntil = now + Math.max(HOLD, error.retryAfter ?? 0);
  entry.holdError = { code: error.code, message: error.message, status: error.status };
  outcome.isHeld = true;
  outcome.changed = false;
}

/** Takes back what was refused; what was to be written is handed out, to be kept for the user. */
async function refuse(context) {
  const { tx, record, entry, request, outcome } = context;
  const messages = request.body?.messages ?? [];
  if (messages.length > 1 || (request.kind === 'create' && messages.length > 0)) {
    entry.split = true;
    return undefined;
  }
  const take = (messageId, content) => outcome.refused.push({ conversationId: record.id, messageId, content });
  if (request.kind === 'append') {
    const [{ id }] = messages;
    take(id, messages[0]);
    await tx.delete('messages', [record.id, id]);
    await tx.put('conversations', { ...record, count: record.count - 1 });
  } else if (request.kind === 'edit') {
    take(request.ids[0], request.body);
    await revertMessage(tx, record, request.ids[0]);
  } else if (request.kind === 'patch') {
    take(null, request.body);
    const fields = restore({ ...record.fields }, record.base);
    await tx.put('conversations', { ...record, fields, base: {} });
  } else {
    // The conversation itself is not wanted there: it stays on this device, and is offered again when it changes.
    take(null, request.body);
    await tx.delete('outbox', record.id);
    return DONE;
  }
  return undefined;
}

async function revertMessage(tx, record, id) {
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored) return;
  const body = restore({ ...stored.body }, stored.base);
  await tx.put('messages', marked({ ...stored, body, base: {}, at: Date.parse(body.timestamp) }));
}

function restore(values, base) {
  for (const [name, value] of Object.entries(base)) {
    if (value === null) delete values[name];
    else values[name] = value;
  }
  return values;
}
