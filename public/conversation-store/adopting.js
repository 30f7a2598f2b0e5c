import { everyMessage, marked, newConversation, touchOutbox } from './records.js';
import { STORES } from './schema.js';
import { readTenure, succeed } from './tenure.js';

/** A change of users on this device. */

/**
 * What is here goes to another user: nothing of it is at the server yet, as far as that user is concerned. What was only
 * there, and not here, stays with the user before.
 */
export async function adopt(tx, user, now) {
  await succeed(tx, await readTenure(tx), user);
  for (const entry of await tx.list('outbox', null, null)) await tx.delete('outbox', entry.conversation);
  await tx.delete('state', 'cursor');
  await tx.delete('state', 'clock');
  for (const record of await tx.list('conversations', null, null)) {
    const count = record.deleted ? 0 : await adoptMessages(tx, record.id);
    if (count === 0) {
      await tx.deleteRange('messages', everyMessage(record.id));
      await tx.delete('conversations', record.id);
      continue;
    }
    const { fields, createdAt, updatedAt, tokens, nextSeq } = record;
    const adopted = { ...newConversation(record.id, now), fields, createdAt, updatedAt, tokens, count, nextSeq };
    await tx.put('conversations', adopted);
    await touchOutbox(tx, record.id, now, false, true);
    // The user it goes to may have a conversation of this id.
    await tx.put('outbox', { ...(await tx.get('outbox', record.id)), isAdopted: true });
  }
}

async function adoptMessages(tx, id) {
  let count = 0;
  for (const message of await tx.list('messages', null, everyMessage(id))) {
    if (message.removed) {
      await tx.delete('messages', [id, message.id]);
    } else {
      await tx.put('messages', marked({ ...message, fresh: true, base: {} }));
      count += 1;
    }
  }
  return count;
}

/** Nothing is left, and what is still on its way here comes too late. */
export async function wipe(tx) {
  const tenure = await readTenure(tx);
  for (const [store, { keyPath }] of Object.entries(STORES)) {
    for (const value of await tx.list(store, null, null)) {
      const key = Array.isArray(keyPath) ? keyPath.map((name) => value[name]) : value[keyPath];
      await tx.delete(store, key);
    }
  }
  await succeed(tx, tenure, undefined);
}
