/** Stores the conversations of a file or of the old localStorage key locally; the server gets them by import. */

import { generateTitle, isId, isoOf, millisecondsOf, textOf } from '../text.js';
import { readTree, rearrange, writeTree } from './branches.js';
import type { LocalTransaction } from './database.js';
import { fieldsOf, fieldsOfMessage, isBlocks, isMessageType, same, type RawMessage } from './fields.js';
import { freeId } from './parse-save.js';
import { newConversation, newMessage, touchOutbox, type ParsedMessage } from './records.js';
import type { ConversationRecord, MessageBody, Rejection } from './schema.js';

interface RawConversation {
  id?: unknown;
  messages: unknown[];
  title?: unknown;
  createdAt?: unknown;
  updatedAt?: unknown;
  totalTokens?: unknown;
  headId?: unknown;
}

/** A conversation to import, in the form of records. */
export interface ParsedImport {
  id: string;
  record: ConversationRecord;
  messages: ParsedMessage[];
}

/** Reads conversations of whatever form. What cannot be stored is rejected, message by message. */
export function parseImport(values: readonly unknown[], now: number) {
  const parsed = new Map<string, ParsedImport>();
  const rejected: Rejection[] = [];
  for (const value of values) {
    if (!isConversation(value)) {
      rejected.push(rejectionOf(value));
      continue;
    }
    const conversation = withId(value);
    const { id } = conversation;
    const { messages, isWhole } = messagesOf(conversation, orNow(conversation.createdAt, now));
    const known = parsed.get(id);
    if (known) addMessages(known.messages, messages);
    else parsed.set(id, { id, record: recordOf(conversation, messages, now), messages });
    if (!isWhole) rejected.push({ id, code: 'invalid_message' });
  }
  return { parsed: [...parsed.values()], rejected };
}

/** A conversation that comes in several parts, or twice. */
function addMessages(known: ParsedMessage[], more: readonly ParsedMessage[]) {
  const bodies = new Map(known.map(({ id, body }) => [id, body]));
  for (const message of more) {
    if (same(bodies.get(message.id), message.body)) continue;
    const id = freeId(message.id, bodies);
    bodies.set(id, message.body);
    known.push({ ...message, id });
  }
}

function isConversation(value: unknown): value is RawConversation {
  if (typeof value !== 'object' || value === null) return false;
  const { id, messages } = value as Partial<RawConversation>;
  return Array.isArray(messages) && (id === undefined || id === null || isId(String(id)));
}

/** One without an id has one made of what it says: the same one whenever the same data is imported. */
function withId(value: RawConversation): RawConversation & { id: string } {
  const { id = null } = value;
  return { ...value, id: id === null ? `import-${digestOf(JSON.stringify(value))}` : String(id) };
}

function rejectionOf(value: unknown): Rejection {
  if (typeof value !== 'object' || value === null) return { id: '', code: 'invalid_field' };
  const { id: given, messages } = value as Partial<RawConversation>;
  const id = String(given ?? '');
  if (!Array.isArray(messages)) return { id, code: isId(id) ? 'invalid_field' : 'invalid_id' };
  return { id, code: 'invalid_id' };
}

/**
 * Stores what is not here yet. Returns the ids of conversations that got anything new, and what cannot be stored.
 */
export async function storeConversations(tx: LocalTransaction, values: readonly unknown[], now: number) {
  const { parsed, rejected } = parseImport(values, now);
  await storeRecords(tx, parsed);
  const added: string[] = [];
  for (const one of parsed) if (await storeMessages(tx, one, now)) added.push(one.id);
  return { added, rejected };
}

/** First what a list shows. Returns the ids of conversations that are new. */
export async function storeRecords(tx: LocalTransaction, parsed: readonly ParsedImport[]): Promise<string[]> {
  const known = new Set(await tx.keys('conversations'));
  const fresh = parsed.filter(({ id }) => !known.has(id));
  await Promise.all(
    fresh.map(({ record, messages }) =>
      tx.put('conversations', { ...record, count: messages.length, isStoring: true }),
    ),
  );
  return fresh.map(({ id }) => id);
}

/** Then the messages. Returns whether there was anything new in it. */
export async function storeMessages(tx: LocalTransaction, { id, messages }: ParsedImport, now: number) {
  const record = await tx.get('conversations', id);
  if (!record || record.deleted) return false;
  const present = await tx.list('messages', null, { lower: [id], upper: [id, []] });
  const known = new Set(present.map((message) => message.id));
  const fresh = messages.filter((message) => !known.has(message.id));
  const { isStoring, ...rest } = record;
  if (!isStoring && fresh.length === 0) return false;
  const stored = fresh.map((message) => ({ ...newMessage(rest, message), parent: message.parent }));
  // Not one after the other: the database takes them in one go.
  await Promise.all(stored.map((message) => tx.put('messages', message)));
  const count = present.filter((message) => message.shown).length + fresh.length;
  const hasBranches = fresh.some(({ parent }) => parent !== undefined);
  await tx.put('conversations', { ...rest, count: hasBranches ? await arrange(tx, rest, present.length > 0) : count });
  await touchOutbox(tx, id, now, false, true);
  return true;
}

/** Of branches, one is shown: that of the import, where there is none yet. Returns how many messages that has. */
async function arrange(tx: LocalTransaction, record: ConversationRecord, isThere: boolean) {
  if (isThere) delete record.head;
  const tree = await readTree(tx, record);
  rearrange(tree);
  await writeTree(tx, tree);
  return tree.path.length;
}

function recordOf(imported: RawConversation & { id: string }, messages: ParsedMessage[], now: number) {
  const { title, totalTokens } = imported;
  const created = orNow(imported.createdAt, now);
  const generated = generateTitle(messages.map(({ body }) => body));
  return {
    ...newConversation(imported.id, now),
    fields: { ...fieldsOf(imported), title: typeof title === 'string' && title ? title : generated },
    createdAt: created,
    updatedAt: Math.max(created, orNow(imported.updatedAt, created)),
    tokens: Number.isFinite(totalTokens) ? (totalTokens as number) : 0,
    ...(isId(imported.headId) && { head: imported.headId }),
  };
}

function orNow(time: unknown, now: number) {
  const ms = millisecondsOf(time);
  return Number.isFinite(ms) ? ms : now;
}

/**
 * The old messages in the form of new ones. Ids that are missing, taken or not allowed are made from the position: the same
 * ones whenever the same data is imported. A message without a time has that of the one before.
 */
function messagesOf(imported: RawConversation & { id: string }, created: number) {
  const taken = new Set<string>();
  const messages: ParsedMessage[] = [];
  let at = created;
  let isWhole = true;
  for (const [index, value] of imported.messages.entries()) {
    if (typeof value !== 'object' || value === null) {
      isWhole = false;
      continue;
    }
    const message = value as RawMessage;
    const time = millisecondsOf(message.timestamp);
    if (Number.isFinite(time)) at = time;
    const sent = String(message.id);
    const isUsable = message.id !== undefined && isId(sent) && !taken.has(sent);
    const id = isUsable ? sent : freeId(`${imported.id.slice(0, 100)}-${index}`, taken);
    taken.add(id);
    const parent = parentIn(message, messages, taken);
    messages.push({ id, at, body: bodyOf(message, at), parent });
  }
  return { messages, isWhole };
}

/** What it says that it follows, where that is another one than the one before it. */
function parentIn({ parentId }: RawMessage, before: readonly ParsedMessage[], taken: ReadonlySet<string>) {
  const last = before.at(-1)?.id ?? null;
  if (parentId === null) return last === null ? undefined : null;
  if (typeof parentId !== 'string' || parentId === last || !taken.has(parentId)) return undefined;
  return parentId;
}

function bodyOf(message: RawMessage, at: number): MessageBody {
  const rest = fieldsOfMessage(message) as MessageBody;
  const type = isMessageType(rest.type) ? rest.type : typeOf(rest);
  return { ...rest, ...contentOf(rest), type, timestamp: isoOf(at) };
}

/** Who wrote it, where it says so as the APIs of models do. */
function typeOf({ role }: MessageBody) {
  return isMessageType(role) ? role : 'system';
}

/** The content in a form that can be stored; what that does not hold stays beside it. */
function contentOf({ content, parts }: MessageBody) {
  if (typeof content === 'string' || (isBlocks(content) && parts === undefined)) return {};
  if (content === undefined || content === null) return { content: textOf({ content: parts }) };
  const text =
    typeof content === 'object' ? textOf({ content: Array.isArray(content) ? content : [content] }) : content;
  return { content: String(text), originalContent: content };
}

/** 64 bits of a text, in base 36: to tell apart the few conversations of one file. */
function digestOf(text: string) {
  let [a, b] = [0x811c9dc5, 0x1234567];
  for (let i = 0; i < text.length; i += 1) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b + text.charCodeAt(i), 0x5bd1e995) ^ (b >>> 13);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
