/** What is done before the list is there, and what is left for later. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createMemoryDatabase, type LocalDatabase } from '../src/index.js';
import { newConversation } from '../src/local/records.js';
import { dropExpiredTombstones } from '../src/local/tombstones.js';
import { localStore } from './helpers.js';

const DAY = 86_400_000;

/** A database that notes its transactions as they begin. */
function noting(database: LocalDatabase) {
  const modes: string[] = [];
  const run: LocalDatabase['run'] = (mode, work) => {
    modes.push(mode);
    return database.run(mode, work);
  };
  return { modes, database: { kind: database.kind, run, close: () => {}, destroy: () => database.destroy() } };
}

test('the list waits for no write', async (t) => {
  const { modes, database } = noting(createMemoryDatabase());
  const store = localStore({ environment: { openDatabase: async () => database } });
  t.after(() => store.close());
  assert.deepEqual(await store.getAllConversations(), []);
  assert.ok(!modes.includes('readwrite'), modes.join());
});

test('a store that is ready knows what waits', async (t) => {
  const database = createMemoryDatabase();
  const options = { environment: { openDatabase: async () => database } };
  const before = localStore(options);
  await before.saveConversation({ id: 'c', messages: [{ id: 'm', type: 'user', content: 'x' }] });
  const store = localStore(options);
  t.after(() => store.close());
  await store.ready;
  assert.equal(store.status.pending, 1);
});

test('deletions of long ago are forgotten, and nothing is written where there are none', async () => {
  const { modes, database } = noting(createMemoryDatabase());
  const deleted = (id: string, deletedAt: number) => ({
    ...newConversation(id, 0),
    deleted: 'done' as const,
    deletedAt,
  });
  await database.run('readwrite', async (tx) => {
    await tx.put('conversations', deleted('old', 0));
    await tx.put('conversations', deleted('new', 2 * DAY));
    await tx.put('conversations', newConversation('kept', 0));
  });
  await dropExpiredTombstones(database, 91 * DAY);
  const left = await database.run('readonly', (tx) => tx.list('conversations', null, null));
  assert.deepEqual(left.map(({ id }) => id).sort(), ['kept', 'new']);
  modes.length = 0;
  await dropExpiredTombstones(database, 91 * DAY);
  assert.deepEqual(modes, ['readonly']);
});
