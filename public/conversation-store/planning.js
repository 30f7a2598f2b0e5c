import { comparePlaces, dirtyMessages, SHOWN } from './records.js';
import { UNTITLED, isoOf } from './text.js';

/** The next request that brings the server closer to what is here. Only what differs is sent. */

/** The most messages of a request, and the most bytes: some room below what the server and its host take. */
const MOST_MESSAGES = 100;
const MOST_BYTES = 3_500_000;

const encoder = new TextEncoder();

/**
 * Plans for one conversation. `split`: one message at a time, after a refusal that did not say which.
 * Returns a request, `{ kind: 'refresh' }` where the server's state has to be known first, or null: nothing to do.
 */
export async function plan(tx, record, split) {
  if (record.deleted === 'pending') return planDeletion(record);
  const dirty = (await dirtyMessages(tx, record.id)).sort(comparePlaces);
  const fresh = dirty.filter((message) => message.fresh && !message.removed);
  if (!record.onServer) return planCreation(record, fresh, split);

  const removed = dirty.filter((message) => message.removed && !message.fresh);
  const edited = dirty.find((message) => !message.fresh && !message.removed);
  const isFieldEdited = Object.keys(record.base).length > 0;
  const needsRevision = removed.length > 0 || edited || isFieldEdited;
  if (needsRevision && (isBehind(record) || record.etag === undefined)) return { kind: 'refresh' };

  if (removed.length > 0) return planRemoval(tx, record, removed);
  if (edited) return planEdit(record, edited);
  if (fresh.length > 0) return planAppend(record, fresh, split);
  return isFieldEdited ? planPatch(record) : null;
}

/** Whether the server has a newer state than the one here, so that a write with its revision would be refused. */
export function isBehind(record) {
  return record.latest === 0 || (record.held && record.revision !== record.latest);
}

/**
 * The tag of the only state that a write may change. Where it is not known, a word that is no tag: the refusal tells it, with
 * the revision, which shows whether that state is the one known here.
 */
function conditionOf({ etag, latest }) {
  return etag ?? String(latest);
}

/** What counts is the state that was there when it was deleted here: nothing newer is asked for. */
function planDeletion(record) {
  if (record.latest === 0) return { kind: 'refresh' };
  return { kind: 'delete', method: 'DELETE', path: pathOf(record), match: conditionOf(record) };
}

function planCreation(record, fresh, split) {
  const fields = { ...record.fields };
  // The server makes the title, and goes on looking for one.
  if (fields.title === UNTITLED) delete fields.title;
  const messages = split ? [] : firstOf(fresh);
  const body = { ...fields, id: record.id, createdAt: isoOf(record.createdAt), messages: messages.map(sent) };
  return { kind: 'create', method: 'POST', path: '/conversations', body };
}

function planAppend(record, fresh, split) {
  const messages = split ? fresh.slice(0, 1) : firstOf(fresh);
  return {
    kind: 'append',
    method: 'POST',
    path: `${pathOf(record)}/messages`,
    body: { messages: messages.map(sent) },
  };
}

/** One deletion does for all that follow, but only if nothing else follows: the revision guards that this is so. */
async function planRemoval(tx, record, removed) {
  const [first] = removed;
  const path = `${pathOf(record)}/messages/${first.id}`;
  const request = { kind: 'remove', method: 'DELETE', match: conditionOf(record) };
  if (removed.length > 1 && isVerified(record, first) && (await isLast(tx, first))) {
    return { ...request, path: `${path}?andAfter=true`, ids: removed.map(({ id }) => id) };
  }
  return { ...request, path, ids: [first.id] };
}

/** Whether everything that the server has from this message on is known here. */
function isVerified({ held, verified }, message) {
  return held && (!verified || comparePlaces(message, verified) >= 0);
}

/** Whether no message of the server's that is to stay follows this one. */
async function isLast(tx, { conversation, at }) {
  const following = { lower: [conversation, SHOWN, at], upper: [conversation, SHOWN, []] };
  const messages = await tx.list('messages', 'order', following);
  return messages.every((message) => message.fresh);
}

function planEdit(record, message) {
  const body = Object.fromEntries(Object.keys(message.base).map((name) => [name, message.body[name] ?? null]));
  const path = `${pathOf(record)}/messages/${message.id}`;
  return { kind: 'edit', method: 'PATCH', path, body, match: conditionOf(record), ids: [message.id] };
}

function planPatch(record) {
  const body = Object.fromEntries(Object.keys(record.base).map((name) => [name, record.fields[name] ?? null]));
  return { kind: 'patch', method: 'PATCH', path: pathOf(record), body, match: conditionOf(record) };
}

/** As many of the first messages as a request takes. */
function firstOf(messages) {
  const chosen = [];
  let bytes = 0;
  for (const message of messages.slice(0, MOST_MESSAGES)) {
    bytes += encoder.encode(JSON.stringify(message.body)).length + message.id.length + 20;
    if (bytes > MOST_BYTES && chosen.length > 0) break;
    chosen.push(message);
  }
  return chosen;
}

export function sent({ id, body }) {
  return { id, ...body };
}

function pathOf({ id }) {
  return `/conversations/${id}`;
}
