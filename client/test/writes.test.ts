/** What a write costs, and what becomes of one that fails. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createMemoryDatabase, type LocalDatabase } from '../src/index.js';
// Loaded beside the store; here it is to be there already.
import '../src/sync/engine.js';
import { environment, localStore } from './helpers.js';

/** Locks that nobody else wants. */
const locks = {
  request: async (_name: string, ...rest: unknown[]) => (rest.at(-1) as () => unknown)(),
} as unknown as LockManager;

function counting(database: LocalDatabase) {
  const counted = { writes: 0, reads: 0 };
  const run: LocalDatabase['run'] = (mode, work) => {
    counted[mode === 'readwrite' ? 'writes' : 'reads'] += 1;
    return database.run(mode, work);
  };
  return { counted, database: { kind: database.kind, run, close: () => {}, destroy: () => database.destroy() } };
}

const settle = async () => {
  for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setTimeout(resolve));
};

test('a message is written in one transaction, and what is to be sent is looked at once for several', async (t) => {
  const { counted, database } = counting(createMemoryDatabase());
  const timers = new Set<() => void>();
  const clock = {
    now: () => 1_000_000,
    setTimeout: (callback: () => void) => timers.add(callback) && callback,
    clearTimeout: (timer: unknown) => timers.delete(timer as () => void),
  };
  const store = localStore({ enabled: true, environment: { ...environment(database), locks, clock } });
  t.after(() => store.close());
  await store.saveConversation({ id: 'c', messages: [{ id: 'm1', type: 'user', content: 'one' }] });
  await settle();
  timers.clear();
  Object.assign(counted, { writes: 0, reads: 0 });
  await store.addMessage('c', { id: 'm2', type: 'user', content: 'two' });
  await store.addMessage('c', { id: 'm3', type: 'user', content: 'three' });
  await settle();
  assert.deepEqual(counted, { writes: 2, reads: 0 });
});

test('a write that nobody waits for is told where it fails, and is no unhandled rejection', async () => {
  const store = localStore();
  const failed: unknown[] = [];
  store.on('failed', ({ conversationId, error }) => failed.push([conversationId, error.code]));
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  void store.addMessage('nope', { id: 'm', type: 'user', content: 'x' });
  await settle();
  process.off('unhandledRejection', note);
  assert.deepEqual(failed, [['nope', 'conversation_not_found']]);
  assert.deepEqual(unhandled, []);
  await store.close();
});

test('a conversation that was changed since a point in time is not deleted on that condition', async (t) => {
  let now = 1_000_000;
  const clock = { now: () => now, setTimeout: () => null, clearTimeout: () => {} };
  const store = localStore({ environment: { ...environment(), clock } });
  t.after(() => store.close());
  const messages = [{ id: 'm1', type: 'user' as const, content: 'one' }];
  for (const id of ['quiet', 'written', 'renamed', 'kept']) await store.saveConversation({ id, messages });
  const since = new Date(now);
  now += 1;
  await store.addMessage('written', { id: 'm2', type: 'user', content: 'two' });
  await store.updateConversation('renamed', { title: 'New' });
  for (const id of ['quiet', 'written', 'renamed', 'nowhere']) {
    await store.deleteConversation(id, { ifUnchangedSince: since });
  }
  await store.deleteConversation('kept', { ifUnchangedSince: 'no time' });
  const ids = async () => (await store.getAllConversations()).map(({ id }) => id).sort();
  assert.deepEqual(await ids(), ['kept', 'renamed', 'written']);
  assert.equal((await store.getConversation('written'))?.messageCount, 2);
  await store.deleteConversation('written', { ifUnchangedSince: new Date(now).toISOString() });
  await store.deleteConversation('renamed', {});
  assert.deepEqual(await ids(), ['kept']);
});

for (const [what, passed] of [
  ['in the same millisecond', 0],
  ['on a clock that is behind', -60_000],
] as const) {
  test(`a conversation that was changed ${what} is not deleted on that condition`, async (t) => {
    let now = 1_000_000;
    const clock = { now: () => now, setTimeout: () => null, clearTimeout: () => {} };
    const store = localStore({ environment: { ...environment(), clock } });
    t.after(() => store.close());
    const messages = [{ id: 'm1', type: 'user' as const, content: 'one' }];
    for (const id of ['quiet', 'written', 'renamed', 'saved']) await store.saveConversation({ id, messages });
    const times = new Map((await store.getAllConversations()).map(({ id, updatedAt }) => [id, updatedAt]));
    assert.equal(times.get('quiet'), new Date(now).toISOString());
    now += passed;
    await store.addMessage('written', { id: 'm2', type: 'user', content: 'two' });
    await store.updateConversation('renamed', { title: 'New' });
    await store.saveConversation({ id: 'saved', messages: [...messages, { id: 'm2', type: 'user', content: 'two' }] });
    for (const [id, ifUnchangedSince] of times) await store.deleteConversation(id, { ifUnchangedSince });
    const left = (await store.getAllConversations()).map(({ id }) => id).sort();
    assert.deepEqual(left, ['renamed', 'saved', 'written']);
  });
}

test('of two clicks the last one counts, whichever answer is slower', async () => {
  const store = localStore();
  await store.saveConversation({ id: 'c', messages: [{ id: 'm1', type: 'user', content: 'one' }] });
  const controller = new AbortController();
  const first = store.getConversation('c', { signal: controller.signal });
  controller.abort();
  await assert.rejects(first, { name: 'AbortError' });
  await store.close();
});
