/** Converts between the objects of callers and the fields of records, and validates messages. */

import { StoreError } from '../errors.js';
import { isId, isoOf, millisecondsOf, textOf } from '../text.js';
import type { ParsedMessage } from './records.js';
import type { ConversationRecord, MessageBody, MessageRecord, SentMessage } from './schema.js';

/** Fields by name; values are what JSON can hold. */
export type Fields = Record<string, unknown>;

/** What the store or the server computes: not fields that a client sets. */
const COMPUTED = new Set([
  'id',
  'messages',
  'createdAt',
  'updatedAt',
  'totalTokens',
  'messageCount',
  'hasOlder',
  'pending',
  'onServer',
  'snapshot',
  'revision',
  'headId',
  'etag',
  'expiresAt',
  'nextCursor',
  'clock',
  'previousClock',
  '$export',
]);

const OF_THE_RECORD = new Set(['id', 'timestamp', 'parentId', 'siblingIds']);

const TYPES = new Set<unknown>(['user', 'assistant', 'system', 'tool']);

/** What a client can set of a conversation. */
export function fieldsOf(conversation: object): Fields {
  return plainFields(conversation, COMPUTED);
}

/** What a client can set of a message. */
export function fieldsOfMessage(message: object): Fields {
  return plainFields(message, OF_THE_RECORD);
}

/** A message as callers give it: nothing of it is known for certain. */
export interface RawMessage {
  id?: unknown;
  type?: unknown;
  content?: unknown;
  parts?: unknown;
  timestamp?: unknown;
  parentId?: unknown;
}

/** A message as records hold it; `fallback`, ms, where it says no time. Throws a StoreError where it cannot be stored. */
export function parseMessage(message: RawMessage, fallback: number): ParsedMessage {
  if (!isId(message?.id)) {
    throw new StoreError('invalid_id', 'A message needs an id of 1 to 128 characters of A-Z a-z 0-9 _ -');
  }
  const content = contentOf(message);
  if (!isMessageType(message.type) || content === undefined) {
    throw new StoreError(
      'invalid_message',
      'A message needs a type (user, assistant, system, tool), and text, blocks or parts',
    );
  }
  const time = millisecondsOf(message.timestamp);
  const at = Number.isFinite(time) ? time : fallback;
  return { id: message.id, at, body: bodyOf(message, plain(content), isoOf(at)), parent: parentOf(message) };
}

/** The fields in the order in which they were given, so that they come back like that. */
function bodyOf(message: RawMessage, content: string | object[], timestamp: string): MessageBody {
  const fields = plainFields(message, OF_THE_RECORD);
  return { ...fields, content, timestamp };
}

/** What a message says that it follows: null for nothing, undefined where it says nothing about it. */
export function parentOf({ parentId }: RawMessage): string | null | undefined {
  if (parentId === undefined || parentId === null || isId(parentId)) return parentId;
  throw new StoreError('invalid_id', 'parentId is the id of another message, or null');
}

export function isMessageType(type: unknown): boolean {
  return TYPES.has(type);
}

/**
 * The content as it is stored: text, or blocks as Anthropic's API has them. Where there is none, the text of the parts;
 * OpenAI's null beside a call of a tool is no text. Undefined where it is anything else.
 */
function contentOf({ content, parts }: RawMessage): string | object[] | undefined {
  if (typeof content === 'string') return content;
  if (content === null || (content === undefined && Array.isArray(parts))) return textOf({ content: parts });
  return isBlocks(content) && parts === undefined ? content : undefined;
}

/** Whether these are blocks of content: objects that say what they are. */
export function isBlocks(content: unknown): content is object[] {
  return Array.isArray(content) && content.every((block) => typeof block?.type === 'string');
}

/** A message of the server's, likewise. */
export function readMessage({ id, parentId, siblingIds, ...body }: SentMessage): ParsedMessage {
  return { id, at: Date.parse(body.timestamp), body, parent: parentId, siblings: siblingIds };
}

/** A message's record as callers get it; `siblingIds`: of all its versions, where there are several. */
export function writeMessage<Time>(
  record: MessageRecord,
  siblingIds: string[] | undefined,
  readTime: (iso: string) => Time,
) {
  const message = { id: record.id, ...structuredClone(record.body), timestamp: readTime(record.body.timestamp) };
  return siblingIds ? { ...message, siblingIds } : message;
}

/** Whether the rest of it is still being written. */
export function isStreaming({ streaming, status }: Fields): boolean {
  return streaming === true || status === 'streaming';
}

/** A conversation's record as callers get it, with these messages. */
export function writeConversation<Message, Time>(
  record: ConversationRecord,
  messages: Message[],
  readTime: (iso: string) => Time,
) {
  return {
    ...structuredClone(record.fields),
    id: record.id,
    title: record.fields.title as string,
    messages,
    createdAt: readTime(isoOf(record.createdAt)),
    updatedAt: readTime(isoOf(record.updatedAt)),
    totalTokens: record.tokens,
    messageCount: record.count,
    onServer: record.onServer,
    ...(record.expiresAt !== undefined && { expiresAt: record.expiresAt }),
  };
}

/** Whether two values of a field are the same as JSON. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return (a ?? null) === (b ?? null);
  return canonical(a) === canonical(b);
}

/**
 * Whether a message says just what this body says. Values are compared as they are and not as JSON has them: false where only
 * that would be the same.
 */
export function saysTheSame(message: RawMessage, body: MessageBody): boolean {
  let left = Object.keys(body).length;
  for (const [name, value] of Object.entries(message)) {
    if (value === undefined || (name !== 'timestamp' && OF_THE_RECORD.has(name))) continue;
    if (!isAlike(value, body[name])) return false;
    left -= 1;
  }
  return left === 0;
}

function isAlike(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  const kind = Object.getPrototypeOf(a);
  if (kind !== Object.getPrototypeOf(b) || (kind !== Object.prototype && kind !== Array.prototype)) return false;
  const entries = Object.entries(a);
  if (entries.length !== Object.keys(b).length) return false;
  return entries.every(([name, value]) => Object.hasOwn(b, name) && isAlike(value, (b as Fields)[name]));
}

/** Names of the fields in which two bodies differ. */
export function differences(a: Fields, b: Fields): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => !same(a[name], b[name]));
}

/** The own fields but those; without undefined ones, and as JSON has them. */
function plainFields(object: object, without: Set<string>): Fields {
  const fields: Fields = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined || without.has(name)) continue;
    fields[name] = plain(value);
  }
  return fields;
}

/** The value as JSON has it. */
function plain<Value>(value: Value): Value {
  return typeof value === 'object' && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

/** JSON text that does not depend on the order of an object's fields; null and missing ones are alike. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, inner) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The tokens a message accounts for. */
export function tokensOf(body: MessageBody | undefined): number {
  const tokens = body?.tokens as { total?: unknown } | null | undefined;
  return typeof tokens?.total === 'number' ? tokens.total : 0;
}
