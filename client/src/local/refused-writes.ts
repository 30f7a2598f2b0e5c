/** Keeps refused writes and the losing sides of conflicts, in the transaction that removes them elsewhere. */

import { isoOf } from '../text.js';
import type { LocalTransaction } from './database.js';
import type { RefusedRecord } from './schema.js';

export interface RefusedContent {
  conversationId: string;
  messageId: string | null;
  content: unknown;
}

/** What a frontend wanted to write, and cannot be stored. */
export interface RefusedInput extends RefusedContent {
  code: string;
}

/** A refused write in the database. */
export type StoredRefusal = RefusedRecord & { key: number };

/** Two sides changed the same thing; see `ConflictEvent`. `refused` is the record of the losing side. */
export interface Conflict {
  conversationId: string;
  kind:
    | 'message-edited'
    | 'edited-message-deleted'
    | 'deleted-message-edited'
    | 'conversation-edited'
    | 'conversation-deleted'
    | 'deleted-conversation-edited'
    | 'messages-added';
  messageId?: string;
  field?: string;
  kept?: unknown;
  lost?: unknown;
  movedTo?: string;
  refused?: StoredRefusal;
}

/** Stores writes that were refused. Returns their records. */
export async function keepRefused(
  tx: LocalTransaction,
  writes: readonly RefusedContent[],
  code: string,
  now: number,
): Promise<StoredRefusal[]> {
  const stored: StoredRefusal[] = [];
  for (const write of writes) {
    const record = await tx.get('conversations', write.conversationId);
    const title = record?.fields.title;
    const entry = { ...write, conversationTitle: typeof title === 'string' ? title : '', code, at: isoOf(now) };
    stored.push({ ...entry, key: (await tx.put('refused', entry)) as number });
  }
  return stored;
}

/** Stores the losing sides of conflicts, and notes the records in them. */
export async function keepLosers(tx: LocalTransaction, conflicts: readonly Conflict[], now: number) {
  for (const conflict of conflicts) {
    const { conversationId, messageId = null, lost } = conflict;
    if (lost === undefined || lost === null) continue;
    const [refused] = await keepRefused(tx, [{ conversationId, messageId, content: lost }], 'edited_elsewhere', now);
    if (refused) conflict.refused = refused;
  }
}

/**
 * Stores what cannot be stored as it is. A frontend goes on saving it: the record of it follows, and only those are returned
 * that were not there.
 */
export async function keepRefusedInputs(
  tx: LocalTransaction,
  inputs: readonly RefusedInput[],
  now: number,
): Promise<StoredRefusal[]> {
  if (inputs.length === 0) return [];
  const known = await tx.list('refused', null, null);
  const added: StoredRefusal[] = [];
  for (const { code, conversationId, messageId, ...input } of inputs) {
    const content = toJson(input.content);
    const isSame = (record: RefusedRecord) =>
      record.conversationId === conversationId && record.messageId === messageId && record.code === code;
    const before = known.find(isSame);
    if (before) await tx.put('refused', { ...before, content });
    else added.push(...(await keepRefused(tx, [{ conversationId, messageId, content }], code, now)));
  }
  return added;
}

/** What a database can hold of it. */
function toJson(content: unknown): unknown {
  return JSON.parse(JSON.stringify(content ?? null));
}
