import { isoOf } from './text.js';

/** What the user wrote and nobody else has any more is kept, in the very transaction that takes it away elsewhere. */

/** Keeps writes that were refused, `{ conversationId, messageId, content }`. Returns the records of them. */
export async function keepRefused(tx, writes, code, now) {
  const kept = [];
  for (const write of writes) {
    const record = await tx.get('conversations', write.conversationId);
    const entry = { ...write, conversationTitle: record?.fields.title ?? '', code, at: isoOf(now) };
    kept.push({ ...entry, key: await tx.put('refused', entry) });
  }
  return kept;
}

/** Keeps the losers of conflicts. Each such conflict gets `refused`, the record of its loser. */
export async function keepLosers(tx, conflicts, now) {
  for (const conflict of conflicts) {
    const { conversationId, messageId = null, lost } = conflict;
    if (lost === undefined || lost === null) continue;
    [conflict.refused] = await keepRefused(tx, [{ conversationId, messageId, content: lost }], 'edited_elsewhere', now);
  }
}
