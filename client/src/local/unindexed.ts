/** Marks conversations as unindexed, in the transaction that writes to them. */

import type { Key, LocalTransaction } from './database.js';
import type { StoreName } from './schema.js';

/**
 * A transaction that notes which conversations it writes to, for the next one that indexes. What the index knows of them goes in
 * the same transaction: of a text that is deleted, no words stay.
 */
export function noting(tx: LocalTransaction): LocalTransaction {
  const noted = new Set<Key>();
  const note = async (store: StoreName, conversation: Key | undefined) => {
    const isSearched = store === 'messages' || store === 'conversations';
    if (!isSearched || conversation === undefined || noted.has(conversation)) return;
    noted.add(conversation);
    await Promise.all([
      tx.put('unindexed', { conversation: String(conversation), mark: Math.random() }),
      tx.delete('segments', conversation),
    ]);
  };
  return {
    get: (store, key) => tx.get(store, key),
    keys: (store) => tx.keys(store),
    list: (store, index, range, options) => tx.list(store, index, range, options),
    async put(store, value) {
      const { conversation, id } = value as { conversation?: string; id?: string };
      return (await Promise.all([tx.put(store, value), note(store, conversation ?? id)]))[0];
    },
    async delete(store, key) {
      await Promise.all([tx.delete(store, key), note(store, firstOf(key))]);
    },
    async deleteRange(store, range) {
      await Promise.all([tx.deleteRange(store, range), note(store, firstOf(range.lower))]);
    },
  };
}

/** The conversation of a key: messages are by conversation and id. */
function firstOf(key: Key): Key | undefined {
  return Array.isArray(key) ? key[0] : key;
}
