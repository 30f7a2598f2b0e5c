/** Validates and copies the conversations that frontends save. */

import { codeOf, StoreError } from '../errors.js';
import { isId, millisecondsOf } from '../text.js';
import type { ConversationInput } from '../types.js';
import { fieldsOf, parentOf, parseMessage, same, saysTheSame, type Fields, type RawMessage } from './fields.js';
import type { ParsedMessage } from './records.js';
import type { RefusedInput } from './refused-writes.js';
import type { MessageBody } from './schema.js';

/** Messages that a caller was given, by id. */
type Given = ReadonlyMap<string, MessageBody>;

/** A conversation to be saved, checked and copied. */
export interface ParsedConversation {
  id: string;
  /** Epoch ms; NaN where it says none. */
  createdAt: number;
  updatedAt: number;
  tokens: unknown;
  fields: Fields;
  /** Undefined where it says nothing of messages. */
  messages: ParsedMessage[] | undefined;
  /** Messages that cannot be stored. */
  refused: RefusedInput[];
}

/**
 * Checks a conversation to be saved and copies what counts of it: the caller may go on changing the object. A message that
 * says what `given`, what the caller was given, says of it has the very body from there.
 */
export function parseConversation(input: ConversationInput, given: Given, now: number): ParsedConversation {
  if (!isId(input?.id)) {
    throw new StoreError('invalid_id', 'A conversation needs an id of 1 to 128 characters of A-Z a-z 0-9 _ -');
  }
  const times = { createdAt: millisecondsOf(input.createdAt), updatedAt: millisecondsOf(input.updatedAt) };
  const created = Number.isFinite(times.createdAt) ? times.createdAt : now;
  const { messages, refused } = parseMessages(input, given, created, now);
  // Where nothing of it can be stored, the caller hears why.
  if (refused[0] && messages.length === 0) throw refused[0].error;
  const fields = fieldsOf(input);
  return { id: input.id, ...times, tokens: input.totalTokens, fields, messages: input.messages && messages, refused };
}

/** One message that cannot be stored does not keep the others from it. */
function parseMessages(input: ConversationInput, given: Given, created: number, now: number) {
  const inputs: readonly RawMessage[] = input.messages ?? [];
  const { id: conversationId } = input;
  const messages: ParsedMessage[] = [];
  const refused: (RefusedInput & { error: unknown })[] = [];
  const ids = new Map<string, ParsedMessage>();
  let previous = created;
  for (const input of inputs) {
    try {
      const parsed = asGiven(input, given) ?? parseMessage(input, Math.max(previous, now));
      previous = parsed.at;
      if (same(ids.get(parsed.id)?.body, parsed.body)) continue;
      const id = freeId(parsed.id, ids);
      const message = { ...parsed, id };
      ids.set(id, message);
      messages.push(message);
    } catch (error) {
      const messageId = typeof input?.id === 'string' ? input.id : null;
      refused.push({ conversationId, messageId, content: input, code: codeOf(error), error });
    }
  }
  return { messages, refused };
}

/** The message with the body that it was given, where it says the same. */
function asGiven(message: RawMessage, given: Given): ParsedMessage | null {
  const body = given.get(message?.id as string);
  if (!body || !saysTheSame(message, body)) return null;
  return { id: message.id as string, at: Date.parse(body.timestamp), body, parent: parentOf(message) };
}

/** The id, or where another message of the save has it already, one made of it: the same one in every save. */
export function freeId(id: string, taken: { has(id: string): boolean }): string {
  let free = id;
  for (let number = 2; taken.has(free); number += 1) free = `${id.slice(0, 120)}-${number}`;
  return free;
}
