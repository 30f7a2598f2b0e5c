import { newConversation, newMessage, touchOutbox } from './records.js';
import { fieldsOf } from './shape.js';
import { UNTITLED, generateTitle, isId, isoOf, millisecondsOf } from './text.js';

/** Conversations of a file, or of the old localStorage key, into the local database; the server gets them by import. */

/**
 * Stores what is not here yet. Returns the ids of conversations that got anything new, and what cannot be stored, as
 * `{ id, code }`.
 */
export async function storeConversations(tx, conversations, now) {
  const added = [];
  for (const conversation of conversations.filter(isConversation)) {
    if (await storeConversation(tx, conversation, now)) added.push(String(conversation.id));
  }
  return { added, rejected: conversations.filter((value) => !isConversation(value)).map(rejectionOf) };
}

function isConversation(value) {
  return typeof value === 'object' && value !== null && isId(String(value.id)) && Array.isArray(value.messages);
}

function rejectionOf(value) {
  const isObject = typeof value === 'object' && value !== null;
  return { id: String(value?.id ?? ''), code: isObject && !isId(String(value.id)) ? 'invalid_id' : 'invalid_field' };
}

/** Returns whether there was anything new in it. */
async function storeConversation(tx, old, now) {
  const id = String(old.id);
  const known = await tx.get('conversations', id);
  if (known?.deleted) return false;
  const record = known ?? recordOf(id, old, now);
  let added = 0;
  for (const message of messagesOf(old, record.createdAt)) {
    if (await tx.get('messages', [id, message.id])) continue;
    await tx.put('messages', newMessage(record, message));
    added += 1;
  }
  if (known && added === 0) return false;
  record.count += added;
  await tx.put('conversations', record);
  await touchOutbox(tx, id, now, false, true);
  return true;
}

function recordOf(id, old, now) {
  const created = orNow(old.createdAt, now);
  const messages = old.messages.filter((message) => typeof message?.content === 'string');
  const title = typeof old.title === 'string' && old.title ? old.title : generateTitle(messages);
  return {
    ...newConversation(id, now),
    fields: { ...fieldsOf(old), title: title || UNTITLED },
    createdAt: created,
    updatedAt: Math.max(created, orNow(old.updatedAt, created)),
    tokens: Number.isFinite(old.totalTokens) ? old.totalTokens : 0,
  };
}

function orNow(time, now) {
  const ms = millisecondsOf(time);
  return Number.isFinite(ms) ? ms : now;
}

/**
 * The old messages in the form of new ones. Ids that are missing, taken or not allowed are made from the position: the same
 * ones whenever the same data is migrated. A message without a time has that of the one before.
 */
function* messagesOf(old, created) {
  const taken = new Set();
  let at = created;
  for (const [index, message] of old.messages.entries()) {
    if (typeof message?.content !== 'string') continue;
    const time = millisecondsOf(message.timestamp);
    if (Number.isFinite(time)) at = time;
    const sent = String(message.id);
    const id = isId(sent) && message.id !== undefined && !taken.has(sent) ? sent : `${old.id}-${index}`;
    taken.add(id);
    const { id: _, ...rest } = JSON.parse(JSON.stringify(message));
    const type = ['user', 'assistant', 'system'].includes(rest.type) ? rest.type : 'system';
    yield { id, at, body: { ...rest, type, timestamp: isoOf(at) } };
  }
}
