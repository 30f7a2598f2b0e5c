/** Converts between the AI SDK's `UIMessage` and messages of the service, and checks their ids. */

import type { UIMessage } from 'ai';
import { StoreError } from '../errors.js';

/** What the parts of a saved message are written in. */
export const FORMAT = 'ai-sdk/v7';

export type MessageStatus = 'complete' | 'streaming' | 'aborted' | 'error';

/** A message as the service returns it. */
export interface StoredMessage {
  id: string;
  type: 'user' | 'assistant' | 'system' | 'tool';
  timestamp: string;
  content?: unknown;
  parts?: unknown[];
  format?: string;
  metadata?: unknown;
  status?: MessageStatus;
  siblingIds?: string[];
  /** In a page of all branches: what it follows, null for the first. */
  parentId?: string | null;
  /** Of this adapter: the stream that writes it, or wrote it. */
  streamId?: string;
  /** Of this adapter: why it ended with `status: 'error'`, as the client was told. */
  errorText?: string;
  /** Of this adapter: metadata that is not an object, which the service does not take as `metadata`. */
  anyMetadata?: unknown;
}

/** The fields that a message is saved with, beside its id and its parent. */
export interface MessageFields {
  type: string;
  format: string;
  parts: unknown[];
  status: MessageStatus;
  metadata?: unknown;
  anyMetadata?: unknown;
}

/** The message as the AI SDK knows it: its parts as they were sent. */
export function toUIMessage<M extends UIMessage>(stored: StoredMessage): M {
  const metadata = stored.anyMetadata ?? stored.metadata;
  const message = {
    id: stored.id,
    role: stored.type === 'tool' ? 'assistant' : stored.type,
    ...(metadata !== undefined && metadata !== null && { metadata }),
    parts: partsOf(stored),
  };
  return message as M;
}

/** Of a message that another client wrote in another format, the text is shown. */
function partsOf({ format, parts, content }: StoredMessage): unknown[] {
  if (parts !== undefined && format?.startsWith('ai-sdk/')) return parts;
  const text = Array.isArray(content) ? content.map(textOfBlock).filter(Boolean).join('\n\n') : content;
  return [{ type: 'text', text: typeof text === 'string' ? text : '' }];
}

function textOfBlock(block: unknown): string {
  const text = (block as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : '';
}

/** The fields to save a message with. Its text is derived by the service. */
export function fieldsOf(message: UIMessage, status: MessageStatus): MessageFields {
  const { metadata } = message;
  const isObject = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  return {
    type: message.role,
    format: FORMAT,
    parts: message.parts,
    status,
    ...(isObject && { metadata }),
    ...(metadata !== undefined && metadata !== null && !isObject && { anyMetadata: metadata }),
  };
}

/** As `fieldsOf`, for a message that is there: what it has no longer is removed. */
export function patchOf(message: UIMessage, status: MessageStatus): Record<string, unknown> {
  return { metadata: null, anyMetadata: null, ...fieldsOf(message, status) };
}

const ID = /^[A-Za-z0-9_-]{1,128}$/;

/** @throws StoreError `invalid_id`, before anything is sent. */
export function checkId(id: unknown, what: string): asserts id is string {
  if (typeof id === 'string' && ID.test(id)) return;
  throw new StoreError(
    'invalid_id',
    `${what} has the id ${JSON.stringify(id)}: ids have 1 to 128 characters of A-Za-z0-9_-. ` +
      "Those of the AI SDK's generateId and createIdGenerator fit.",
  );
}

/** @throws StoreError `invalid_id`, `duplicate_id` or `invalid_message`, before anything is sent. */
export function checkMessages(messages: readonly UIMessage[]): void {
  const seen = new Set<string>();
  for (const [index, message] of messages.entries()) {
    checkId(message.id, `messages[${index}]`);
    if (seen.has(message.id)) throw new StoreError('duplicate_id', `messages[${index}]: ${message.id} is there twice.`);
    seen.add(message.id);
    if (!Array.isArray(message.parts)) throw new StoreError('invalid_message', `messages[${index}] has no parts.`);
    if (!['system', 'user', 'assistant'].includes(message.role)) {
      throw new StoreError('invalid_message', `messages[${index}] has the role ${JSON.stringify(message.role)}.`);
    }
  }
}
