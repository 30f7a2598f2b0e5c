import { StoreError } from './errors.js';
import {
  BULK,
  bury,
  follow,
  hide,
  marked,
  newConversation,
  newMessage,
  setField,
  touchOutbox,
  unhide,
} from './records.js';
import { differences, fieldsOf, parseMessage, same } from './shape.js';
import { UNTITLED, generateTitle, isId, isoOf, millisecondsOf, newUuid } from './text.js';

/** What this device writes, into its own records. The server learns of it later. */

/** Fields of a message whose absence from a save means that they are gone. */
const REMOVABLE = new Set(['streaming']);

/** Checks a conversation to be saved and copies what counts of it: the caller may go on changing the object. */
export function parseConversation(input, now) {
  if (!isId(input?.id)) {
    throw new StoreError('invalid_id', 'A conversation needs an id of 1 to 128 characters of A-Z a-z 0-9 _ -');
  }
  const times = { createdAt: millisecondsOf(input.createdAt), updatedAt: millisecondsOf(input.updatedAt) };
  let previous = Number.isFinite(times.createdAt) ? times.createdAt : now;
  const messages = input.messages?.map((message) => {
    const parsed = parseMessage(message, Math.max(previous, now));
    previous = parsed.at;
    return parsed;
  });
  return { id: input.id, ...times, tokens: input.totalTokens, fields: fieldsOf(input), messages };
}

/**
 * Saves what `saved` (of `parseConversation`) has beyond `known`, what its object was given.
 * Returns the id it was saved under, whether anything changed, and conflicts to tell of.
 */
export async function save(tx, saved, known, now) {
  let record = await follow(tx, saved.id);
  if (record?.deleted) {
    record = await saveDeleted(tx, record, saved, known, now);
    // Nothing of it is there yet.
    known = { messages: new Map(), isExact: true };
  }
  const isNew = !record;
  record ??= createFrom(saved, now);
  const work = { tx, record, now, changed: isNew, conflicts: [], inFlight: await idsInFlight(tx, record.id) };

  saveFields(work, saved.fields, known.fields);
  for (const message of saved.messages ?? []) await putMessage(work, message, known.messages.get(message.id));
  for (const id of removedIds(saved, known)) await removeMessage(work, id, known.messages.get(id));

  if (work.changed) {
    // The server counts by itself; until it has answered, what the frontend counted will do.
    if (Number.isFinite(saved.tokens)) record.tokens = saved.tokens;
    giveTitle(record, saved.messages ?? []);
    await keep(work, isTurnOpen(saved));
  }
  return { id: record.id, changed: work.changed, conflicts: work.conflicts };
}

/** What was saved to a deleted conversation lives on in a new one, if there is anything new in it. */
async function saveDeleted(tx, tombstone, saved, known, now) {
  const isNew = ({ id, body }) =>
    !known.messages.has(id) || (body.type === 'user' && contentOf(known.messages.get(id)) !== body.content);
  if (!saved.messages?.some(isNew)) {
    throw new StoreError('conversation_deleted', 'This conversation was deleted.');
  }
  const record = createFrom({ ...saved, id: `conv-${newUuid()}` }, now);
  await bury(tx, tombstone, now, record.id);
  return record;
}

function contentOf(body) {
  return body?.content;
}

function createFrom(saved, now) {
  const record = newConversation(saved.id, now);
  if (Number.isFinite(saved.createdAt)) record.createdAt = saved.createdAt;
  record.fields = { ...saved.fields, title: saved.fields.title || UNTITLED };
  return record;
}

function saveFields(work, fields, knownFields) {
  const { record } = work;
  for (const [name, value] of Object.entries(fields)) {
    // A frontend that does not follow titles goes on sending the one it began with.
    const isNoTitle = name === 'title' && (!value || (value === UNTITLED && record.fields.title));
    const isAsGiven = knownFields && same(knownFields[name], value);
    if (isNoTitle || isAsGiven) continue;
    setConversationField(work, name, value);
  }
}

function setConversationField(work, name, value) {
  const { record, now } = work;
  const base = record.onServer ? record.base : {};
  if (!setField(record.fields, base, name, value)) return;
  record.editedAt = now;
  work.changed = true;
}

/** As the server does it, where there is no title yet. */
function giveTitle(record, messages) {
  if (record.fields.title !== UNTITLED) return;
  record.fields.title = generateTitle(messages.map(({ body }) => body));
}

/** Stores a message, or what is different in it from `given`, what the caller was given of it. */
async function putMessage(work, { id, at, body }, given) {
  if (given && isAsGiven(body, given)) return;
  const { tx, record } = work;
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored) {
    await tx.put('messages', newMessage(record, { id, at, body }));
    record.count += 1;
    work.changed = true;
    return;
  }
  if (stored.removed) {
    unhide(stored);
    record.count += 1;
    work.changed = true;
    await tx.put('messages', stored);
  }
  const patch = {};
  for (const name of differences(given ?? stored.body, body)) {
    if (name in body || REMOVABLE.has(name)) patch[name] = body[name] ?? null;
  }
  await editMessage(work, stored, patch);
}

/** Only what a save would change counts: a frontend may leave out fields it does not know. */
function isAsGiven(body, given) {
  return differences(given, body).every((name) => !(name in body) && !REMOVABLE.has(name));
}

async function editMessage(work, stored, patch) {
  let isEdited = false;
  for (const [name, value] of Object.entries(patch)) {
    if (name === 'editedAt') continue;
    // What the server has not got yet is no edit for it.
    const base = stored.fresh ? {} : stored.base;
    isEdited = setField(stored.body, base, name, value) || isEdited;
  }
  if (!isEdited) return;
  if (!stored.fresh) setField(stored.body, stored.base, 'editedAt', isoOf(work.now));
  stored.at = millisecondsOf(stored.body.timestamp);
  work.changed = true;
  await work.tx.put('messages', marked(stored));
}

/** Messages the object was given and has no more. */
function removedIds(saved, known) {
  if (!saved.messages) return [];
  const kept = new Set(saved.messages.map(({ id }) => id));
  const missing = [...known.messages.keys()].filter((id) => !kept.has(id));
  if (known.isExact) return missing;
  // Nobody knows which object this was: only what stands behind the first message they share can be meant.
  const first = saved.messages.find(({ id }) => known.messages.has(id));
  if (!first) return [];
  return missing.filter((id) => Date.parse(known.messages.get(id).timestamp) >= first.at);
}

async function removeMessage(work, id, given) {
  const { tx, record } = work;
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored || stored.removed) return;
  const isEdited = given && differences(given, stored.body).some((name) => name !== 'editedAt');
  if (isEdited) {
    work.conflicts.push({ conversationId: record.id, kind: 'deleted-message-edited', messageId: id });
    return;
  }
  record.count -= 1;
  work.changed = true;
  if (stored.fresh && !work.inFlight.has(id)) await tx.delete('messages', [record.id, id]);
  else await tx.put('messages', hide(stored));
}

/** Messages that are on their way to the server just now. */
async function idsInFlight(tx, conversation) {
  const messages = (await tx.get('outbox', conversation))?.request?.body?.messages ?? [];
  const imported = (await inBulk(tx, conversation)).flatMap((item) => item.messages);
  return new Set([...messages, ...imported].map(({ id }) => id));
}

async function inBulk(tx, conversation) {
  const bulk = (await tx.get('outbox', BULK))?.request?.body ?? [];
  return bulk.filter(({ id }) => id === conversation);
}

function isTurnOpen({ messages = [] }) {
  const last = messages.at(-1)?.body;
  return !last || last.type === 'user' || messages.some(({ body }) => body.streaming === true);
}

async function keep(work, isOpen) {
  const { tx, record, now } = work;
  record.updatedAt = Math.max(now, record.updatedAt);
  await tx.put('conversations', record);
  await touchOutbox(tx, record.id, now, isOpen);
}

/** Runs `change` on an existing conversation. */
async function change(tx, id, now, isOpen, step) {
  const record = await follow(tx, id);
  if (!record) throw new StoreError('conversation_not_found', 'No such conversation.');
  if (record.deleted) throw new StoreError('conversation_deleted', 'This conversation was deleted.');
  const work = { tx, record, now, changed: false, conflicts: [], inFlight: await idsInFlight(tx, record.id) };
  await step(work);
  if (work.changed) await keep(work, isOpen);
  return { id: record.id, changed: work.changed, conflicts: work.conflicts };
}

export function addMessage(tx, id, message, now) {
  const isOpen = message.body.type === 'user' || message.body.streaming === true;
  return change(tx, id, now, isOpen, async (work) => {
    await putMessage(work, message, undefined);
    giveTitle(work.record, [message]);
  });
}

/** Changes fields of a message; null removes one. */
export function updateMessage(tx, id, messageId, updates, now) {
  return change(tx, id, now, updates.streaming === true, async (work) => {
    const stored = await tx.get('messages', [work.record.id, messageId]);
    if (!stored || stored.removed) throw new StoreError('message_not_found', 'No such message.');
    const patch = parseMessage({ id: messageId, ...stored.body, ...withoutNulls(updates) }, stored.at).body;
    for (const name of Object.keys(updates)) patch[name] ??= null;
    await editMessage(work, stored, patch);
  });
}

function withoutNulls(updates) {
  return Object.fromEntries(Object.entries(updates).filter(([name, value]) => value != null && name !== 'id'));
}

/** Deletes messages by id. */
export function deleteMessages(tx, id, messageIds, now) {
  return change(tx, id, now, false, async (work) => {
    for (const messageId of messageIds) await removeMessage(work, messageId, undefined);
  });
}

export function updateConversation(tx, id, updates, now) {
  return change(tx, id, now, false, async (work) => {
    for (const [name, value] of Object.entries(fieldsOf(updates))) setConversationField(work, name, value);
  });
}

/** Deletes a conversation here; there, when the outbox gets to it. */
export async function deleteConversation(tx, id, now) {
  const record = await follow(tx, id);
  if (!record || record.deleted) return undefined;
  const isOnItsWay = Boolean((await tx.get('outbox', record.id))?.request) || (await inBulk(tx, record.id)).length > 0;
  if (!record.onServer && !isOnItsWay) {
    await bury(tx, record, now);
    return record.id;
  }
  await tx.put('conversations', { ...record, deleted: 'pending', deletedAt: now });
  await touchOutbox(tx, record.id, now, false);
  return record.id;
}
