import { generateTitle, isId, isoOf, millisecondsOf } from '../text.js';
import type { LocalTransaction } from './database.js';
import { fieldsOf, type RawMessage } from './fields.js';
import { newConversation, newMessage, touchOutbox, type ParsedMessage } from './records.js';
import type { ConversationRecord, MessageBody, Rejection } from './schema.js';

/** Conversations of a file, or of the old localStorage key, into the local database; the server gets them by import. */

interface ImportedConversation {
  id: unknown;
  messages: (RawMessage | null)[];
  title?: unknown;
  createdAt?: unknown;
  updatedAt?: unknown;
  totalTokens?: unknown;
}

/** Stores what is not here yet. Returns the ids of conversations that got anything new, and what cannot be stored. */
export async function storeConversations(tx: LocalTransaction, conversations: readonly unknown[], now: number) {
  const added: string[] = [];
  const rejected: Rejection[] = [];
  for (const value of conversations) {
    if (!isConversation(value)) rejected.push(rejectionOf(value));
    else if (await storeConversation(tx, value, now)) added.push(String(value.id));
  }
  return { added, rejected };
}

function isConversation(value: unknown): value is ImportedConversation {
  if (typeof value !== 'object' || value === null) return false;
  const { id, messages } = value as Partial<ImportedConversation>;
  return isId(String(id)) && Array.isArray(messages);
}

function rejectionOf(value: unknown): Rejection {
  if (typeof value !== 'object' || value === null) return { id: '', code: 'invalid_field' };
  const id = String((value as Partial<ImportedConversation>).id ?? '');
  return { id, code: isId(id) ? 'invalid_field' : 'invalid_id' };
}

/** Returns whether there was anything new in it. */
async function storeConversation(tx: LocalTransaction, imported: ImportedConversation, now: number) {
  const id = String(imported.id);
  const known = await tx.get('conversations', id);
  if (known?.deleted) return false;
  const record = known ?? recordOf(id, imported, now);
  let added = 0;
  for (const message of messagesOf(imported, record.createdAt)) {
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

function recordOf(id: string, imported: ImportedConversation, now: number): ConversationRecord {
  const { title, totalTokens } = imported;
  const created = orNow(imported.createdAt, now);
  const messages = imported.messages.filter((message) => typeof message?.content === 'string') as RawMessage[];
  return {
    ...newConversation(id, now),
    fields: { ...fieldsOf(imported), title: typeof title === 'string' && title ? title : generateTitle(messages) },
    createdAt: created,
    updatedAt: Math.max(created, orNow(imported.updatedAt, created)),
    tokens: Number.isFinite(totalTokens) ? (totalTokens as number) : 0,
  };
}

function orNow(time: unknown, now: number) {
  const ms = millisecondsOf(time);
  return Number.isFinite(ms) ? ms : now;
}

/**
 * The old messages in the form of new ones. Ids that are missing, taken or not allowed are made from the position: the same
 * ones whenever the same data is migrated. A message without a time has that of the one before.
 */
function* messagesOf(imported: ImportedConversation, created: number): Generator<ParsedMessage> {
  const taken = new Set<string>();
  let at = created;
  for (const [index, message] of imported.messages.entries()) {
    if (typeof message?.content !== 'string') continue;
    const time = millisecondsOf(message.timestamp);
    if (Number.isFinite(time)) at = time;
    const sent = String(message.id);
    const id = isId(sent) && message.id !== undefined && !taken.has(sent) ? sent : `${imported.id}-${index}`;
    taken.add(id);
    const { id: _, ...rest } = JSON.parse(JSON.stringify(message)) as MessageBody;
    const type = ['user', 'assistant', 'system'].includes(rest.type as string) ? rest.type : 'system';
    yield { id, at, body: { ...rest, type, timestamp: isoOf(at) } };
  }
}
