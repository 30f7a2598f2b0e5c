/** Tells by its shape what a source is, as the server does. File names do not count. */

import { StoreError } from '../errors.js';
import type { ImportFormat } from '../types.js';
import type { Form } from './items.js';

type Json = Record<string, unknown>;

/** The kinds of lines of Claude Code that do not stand in the chain of messages. */
const LONE_LINES = [
  'summary',
  'custom-title',
  'ai-title',
  'agent-name',
  'last-prompt',
  'queue-operation',
  'file-history-snapshot',
];

/**
 * What the first items of a source are.
 *
 * @throws StoreError `unknown_format`, `ambiguous_format`
 */
export function detectFormat(texts: readonly string[], form: Form): ImportFormat {
  const objects = texts.map(parse).filter(isObject);
  if (objects.length === 0) throw unknown(texts.join('').trim() === '' ? EMPTY : NOT_JSON);
  objects.forEach(checkSupported);
  const found = new Set(objects.flatMap((object) => formatsOf(object, form)));
  // What is of several shapes and of the service's own is its own, whatever else a client has put into it.
  if (found.has('own') || (found.size === 0 && objects.some(mayBeOwn))) return 'own';
  const [format, ...others] = found;
  if (format === undefined) throw unknown(UNKNOWN);
  if (others.length > 0) {
    const message = `This may be any of these, and somebody has to say which: ${[...found].join(', ')}.`;
    throw new StoreError('ambiguous_format', message);
  }
  return format;
}

const EMPTY = 'This file is empty.';
const NOT_JSON = 'This file is neither JSON nor lines of JSON.';
const UNKNOWN = 'There are no conversations of a known form in this file.';

function unknown(message: string) {
  return new StoreError('unknown_format', message);
}

function checkSupported(object: Json) {
  if (Array.isArray(object.data_files)) {
    throw unknown('This file only lists the parts of an export: download those, and import them.');
  }
  if (object.type === 'session_meta') throw unknown('Sessions of Codex are not supported.');
}

/** Lines are of two systems; an object or an element of an array may be a conversation of any. */
function formatsOf(object: Json, form: Form): ImportFormat[] {
  if (form === 'lines') return [...lineFormats(object), ...(isConversation(object) ? conversationFormats(object) : [])];
  const conversation = conversationFormats(object);
  if (form === 'array') return isUiMessage(object) ? [...conversation, 'ui-messages'] : conversation;
  return isClaudeCodeLine(object) ? [...conversation, 'claude-code'] : conversation;
}

function lineFormats(object: Json): ImportFormat[] {
  return [...(isOwn(object) ? ['own' as const] : []), ...(isClaudeCodeLine(object) ? ['claude-code' as const] : [])];
}

/** A line that is a whole file of another system by itself. */
function isConversation(object: Json) {
  return !isClaudeCodeLine(object);
}

function conversationFormats(object: Json): ImportFormat[] {
  const messages = Array.isArray(object.messages) ? object.messages.filter(isObject) : [];
  const shapes: [ImportFormat, boolean][] = [
    ['chatgpt', isObject(object.mapping)],
    ['claude-ai', Array.isArray(object.chat_messages) || isDesignChat(object, messages)],
    ['open-webui', hasHistory(object)],
    ['librechat', isLibreChat(object, messages)],
    ['ui-messages', messages.some(isUiMessage)],
    ['own', isOwn(object)],
  ];
  return shapes.filter(([, is]) => is).map(([format]) => format);
}

function hasHistory({ chat, history }: Json) {
  const inner = isObject(chat) && isObject(chat.history) ? chat.history : history;
  return isObject(inner) && 'messages' in inner;
}

function isLibreChat(object: Json, messages: Json[]) {
  const hasIds = 'conversationId' in object && messages.some((message) => 'messageId' in message);
  return 'messagesTree' in object || hasIds;
}

function isDesignChat(object: Json, messages: Json[]) {
  return 'uuid' in object && messages.some(({ uuid, content }) => uuid !== undefined && hasBlocks(content));
}

function hasBlocks(content: unknown) {
  return isObject(content) && 'contentBlocks' in content;
}

/** Where a message has a `type`, it is one of the service's own. */
export function isUiMessage(value: unknown): boolean {
  return isObject(value) && typeof value.role === 'string' && Array.isArray(value.parts) && !('type' in value);
}

/** A conversation of the service's own: one that holds nothing but an id may be anything. */
function isOwn(object: Json) {
  if ('$export' in object) return true;
  const { id, messages } = object;
  if (typeof id !== 'string' || !Array.isArray(messages)) return false;
  if (messages.length === 0) return 'title' in object && ('createdAt' in object || 'updatedAt' in object);
  return messages.slice(0, 50).every(isOwnMessage);
}

function isOwnMessage(message: unknown) {
  return isObject(message) && typeof message.type === 'string' && ('content' in message || 'parts' in message);
}

/** What is near enough for the service to say what is wrong with it. */
function mayBeOwn({ id, messages }: Json) {
  return typeof id === 'string' && Array.isArray(messages);
}

function isClaudeCodeLine(object: Json) {
  const { type } = object;
  if (typeof type !== 'string') return false;
  const isNamed = 'sessionId' in object && ('uuid' in object || 'parentUuid' in object);
  const isLone = LONE_LINES.includes(type) && ['sessionId', 'leafUuid', 'messageId'].some((name) => name in object);
  return isNamed || isLone;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
