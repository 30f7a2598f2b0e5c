/** Converts encoded messages of assistant-ui to messages of the service, and back without loss. */

import { textOf } from '../text.js';
import { storedIdOf } from './ids.js';

/** A message's content in a format of assistant-ui: what a `MessageFormatAdapter` encodes to. */
export type Content = Record<string, unknown>;

/** The fields of a stored message that take a part of the content, so that the service and other clients know it. */
type Field = 'parts' | 'content' | 'metadata';

/** The field of the adapter's own: what the message's other fields do not say. */
interface AssistantUiField {
  /** The message's id, where the service does not take it as one. */
  id?: string;
  /** The content with its keys in their order, and null where a field of the message has the value. */
  content: Content;
  /** By key of the content, which field that is. */
  fields: Record<string, Field>;
}

/** A message as the service returns it. */
export interface StoredMessage {
  id: string;
  parentId?: string | null;
  type: string;
  timestamp: string;
  content?: unknown;
  parts?: unknown[];
  format?: string;
  metadata?: unknown;
  assistantUi?: AssistantUiField;
}

/** A message as it is sent. */
export interface MessageToStore {
  id: string;
  /** Left out, the message follows the newest of the active branch. */
  parentId?: string | null;
  type: string;
  format: string;
  parts?: unknown[];
  content?: string;
  metadata?: unknown;
  assistantUi: AssistantUiField;
}

/** The most parts that the service takes. */
const MOST_PARTS = 1_000;

/** The form in which a message is stored; `contentOf` gives the content back as it was. */
export function toStored(id: string, parentId: string | null, format: string, encoded: Content): MessageToStore {
  const storedId = storedIdOf(id);
  const content = { ...encoded };
  const fields: Record<string, Field> = {};
  const message: MessageToStore = {
    id: storedId,
    parentId: parentId === null ? null : storedIdOf(parentId),
    type: typeOf(encoded),
    format,
    assistantUi: { ...(storedId !== id && { id }), content, fields },
  };
  const move = (key: string, field: Field) => {
    Object.assign(message, { [field]: content[key] });
    content[key] = null;
    fields[key] = field;
  };
  const keyOfParts = ['parts', 'content'].find((key) => areParts(content[key]));
  if (keyOfParts) move(keyOfParts, 'parts');
  else if (typeof content.content === 'string') move('content', 'content');
  if (isObject(content.metadata)) move('metadata', 'metadata');
  if (!message.parts && message.content === undefined) message.content = textOf(encoded);
  return message;
}

/** Who says it, in the service's words; LangChain has words of its own for it. */
function typeOf({ role, type }: Content): string {
  const known: Record<string, string> = { human: 'user', ai: 'assistant' };
  const name = String(role ?? type);
  const mapped = known[name] ?? name;
  return ['user', 'assistant', 'system', 'tool'].includes(mapped) ? mapped : 'assistant';
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areParts(value: unknown): value is Content[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_PARTS) return false;
  return value.every((part) => isObject(part) && typeof part.type === 'string');
}

/** The id that assistant-ui knows the message by. */
export function idOf(stored: StoredMessage): string {
  return stored.assistantUi?.id ?? stored.id;
}

/**
 * The content in this format: as it was encoded, or made of what another client stored. Undefined where the message is in
 * another format, and nothing is known of this one.
 */
export function contentOf(stored: StoredMessage, format: string): Content | undefined {
  const { assistantUi } = stored;
  if (assistantUi && stored.format === format) return restored(stored, assistantUi);
  const isSameFamily = stored.format !== undefined && familyOf(stored.format) === familyOf(format);
  const parts = isSameFamily && stored.parts ? stored.parts : [{ type: 'text', text: textOf(stored) }];
  const role = stored.type === 'tool' ? 'assistant' : stored.type;
  if (familyOf(format) === 'aui') return { role, content: parts, createdAt: stored.timestamp };
  if (familyOf(format) !== 'ai-sdk') return undefined;
  return { role, ...(isObject(stored.metadata) && { metadata: stored.metadata }), parts };
}

function restored(stored: StoredMessage, { content, fields }: AssistantUiField): Content {
  const entries = Object.entries(content).map(([key, value]) => {
    const field = fields[key];
    return [key, field ? stored[field] : value];
  });
  return Object.fromEntries(entries);
}

/** `ai-sdk/v6` and `ai-sdk/v7` write parts in the same way. */
function familyOf(format: string): string {
  return format.split('/', 1)[0] ?? format;
}
