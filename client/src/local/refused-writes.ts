import { isoOf } from '../text.js';
import type { LocalTransaction } from './database.js';
import type { RefusedRecord } from './schema.js';

/** What the user wrote and nobody else has is kept, in the very transaction that takes it away elsewhere. */

export interface RefusedContent {
  conversationId: string;
  messageId: string | null;
  content: unknown;
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
