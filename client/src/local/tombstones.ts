/** Removes the tombstones of deleted conversations when they have expired. */

import type { LocalDatabase, LocalTransaction } from './database.js';

/** How long a tombstone is kept, as at the server, ms. */
const TTL = 90 * 86_400_000;

/** Forgets deletions of long ago. Where there are none, nothing is written. */
export async function dropExpiredTombstones(database: LocalDatabase, now: number) {
  const expired = await database.run('readonly', (tx) => expiredTombstones(tx, now));
  if (expired.length === 0) return;
  await database.run('readwrite', async (tx) => {
    for (const { id } of await expiredTombstones(tx, now)) await tx.delete('conversations', id);
  });
}

async function expiredTombstones(tx: LocalTransaction, now: number) {
  const records = await tx.list('conversations', null, null);
  return records.filter(({ deleted, deletedAt = 0 }) => deleted === 'done' && deletedAt < now - TTL);
}
