/**
 * Remembers which fields the frontends of this browser write, so that a save can tell removed fields from unknown ones.
 */

import type { LocalTransaction } from './database.js';
import { readState, writeState } from './records.js';
import type { Snapshot } from './snapshots.js';
import type { ParsedConversation } from './parse-save.js';

/**
 * Fields that frontends of this browser have written themselves. A frontend that leaves one of them out of a save has
 * removed it. Any other field is another client's: a frontend that does not know it, and so does not save it, keeps it.
 */
export interface KnownFields {
  message: ReadonlySet<string>;
  conversation: ReadonlySet<string>;
}

/** Set by every frontend that streams, whatever it has written before. */
const ALWAYS = ['streaming'];

/**
 * What is known, with what this save is the first to write; undefined where nothing is new and nothing left out: then nobody
 * asks.
 */
export async function learnFromSave(
  tx: LocalTransaction,
  saved: ParsedConversation,
  given: Snapshot,
): Promise<KnownFields | undefined> {
  const changed = (saved.messages ?? []).filter(({ id, body }) => given.messages.get(id) !== body);
  const ofMessages = changed.flatMap(({ id, body }) => newNames(body, given.messages.get(id)));
  const ofConversation = newNames(saved.fields, given.fields);
  const isLeftOut =
    newNames(given.fields ?? {}, saved.fields).length > 0 ||
    changed.some(({ id, body }) => newNames(given.messages.get(id) ?? {}, body).length > 0);
  if (ofMessages.length === 0 && ofConversation.length === 0 && !isLeftOut) return undefined;
  return learnFields(tx, ofMessages, ofConversation);
}

/** What is known, with these fields of messages and of conversations that a frontend has just written. */
export async function learnFields(
  tx: LocalTransaction,
  ofMessages: readonly string[],
  ofConversations: readonly string[],
): Promise<KnownFields> {
  const stored = (await readState(tx, 'knownFields')) ?? { message: ALWAYS, conversation: [] };
  const message = new Set([...stored.message, ...ofMessages]);
  const conversation = new Set([...stored.conversation, ...ofConversations]);
  const isNew = message.size > stored.message.length || conversation.size > stored.conversation.length;
  if (isNew) await writeState(tx, 'knownFields', { message: [...message], conversation: [...conversation] });
  return { message, conversation };
}

/** Fields that are not just given back. */
function newNames(fields: object, given: object | undefined): string[] {
  return Object.keys(fields).filter((name) => !given || !(name in given));
}
