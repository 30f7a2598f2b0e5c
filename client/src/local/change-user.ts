/** Hands the local data over to another user, or deletes all of it. */

import type { EventBus } from '../event-bus.js';
import type { LocalTransaction } from './database.js';
import { beginEpoch, readOwnership } from './ownership.js';
import { asFreshTree, readTree } from './branches.js';
import { everyMessage, listConversations, newConversation, touchOutbox } from './records.js';
import { STORES, type ConversationRecord, type StoreName } from './schema.js';

/**
 * What is on this device goes to another user: as far as that user is concerned, nothing of it is at the server yet. What
 * was only there stays with the former user. Returns the ids of those conversations.
 */
export async function handOver(tx: LocalTransaction, user: string | undefined, now: number): Promise<string[]> {
  const gone: string[] = [];
  await beginEpoch(tx, await readOwnership(tx), user);
  for (const entry of await tx.list('outbox', null, null)) await tx.delete('outbox', entry.conversation);
  await tx.delete('state', 'cursor');
  await tx.delete('state', 'clock');
  for (const record of await tx.list('conversations', null, null)) {
    const { count, head } = record.deleted ? NOTHING : await handOverMessages(tx, record);
    if (count === 0) {
      await tx.deleteRange('messages', everyMessage(record.id));
      await tx.delete('conversations', record.id);
      if (!record.deleted) gone.push(record.id);
      continue;
    }
    const { fields, createdAt, updatedAt, tokens, nextPlace } = record;
    const rest = { fields, createdAt, updatedAt, tokens, count, nextPlace, head };
    const fresh = { ...newConversation(record.id, now), ...rest };
    await tx.put('conversations', fresh);
    await touchOutbox(tx, record.id, now, false, true);
    const entry = await tx.get('outbox', record.id);
    // The new user may have a conversation of this id.
    if (entry) await tx.put('outbox', { ...entry, isAdopted: true });
  }
  return gone;
}

const NOTHING = { count: 0, head: undefined };

async function handOverMessages(tx: LocalTransaction, record: ConversationRecord) {
  const { path, beside } = await readTree(tx, record);
  await tx.deleteRange('messages', everyMessage(record.id));
  const fresh = asFreshTree(path, [...beside.values()]);
  for (const message of fresh) await tx.put('messages', message);
  return { count: path.length, head: beside.size > 0 ? path.at(-1)?.id : undefined };
}

/** Deletes everything; what is still on its way here comes too late. Returns the ids of the conversations. */
export async function wipe(tx: LocalTransaction): Promise<string[]> {
  const ownership = await readOwnership(tx);
  const gone = (await listConversations(tx)).map(({ id }) => id);
  for (const [name, { keyPath }] of Object.entries(STORES)) {
    const store = name as StoreName;
    for (const record of await tx.list(store, null, null)) {
      const value = record as unknown as Record<string, IDBValidKey>;
      const key = Array.isArray(keyPath) ? keyPath.map((part) => value[part]) : value[keyPath];
      await tx.delete(store, key as IDBValidKey);
    }
  }
  await beginEpoch(tx, ownership, undefined);
  return gone;
}

/** Frontends, in every tab, show them no longer. */
export function tellGone(bus: EventBus, ids: readonly string[]) {
  const change = { changed: true, deleted: true };
  for (const id of ids) bus.emit('records-changed', { id, change, source: 'tab' });
}
