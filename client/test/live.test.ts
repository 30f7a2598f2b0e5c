/** Live queries: what a component subscribes to. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HybridConversationStore } from '../src/index.js';
import { localStore, until } from './helpers.js';

const user = (id: string, content = id) => ({ id, type: 'user', content }) as const;

async function begin() {
  const store = localStore();
  await store.saveConversation({ id: 'c', title: 'C', messages: [user('m1'), user('m2')] });
  return store;
}

function contents(store: HybridConversationStore, id = 'c') {
  return store
    .liveConversation(id)
    .getSnapshot()
    .data?.messages.map(({ content }) => content);
}

test('a conversation is read when somebody listens, and again with each of one’s own writes', async () => {
  const store = await begin();
  const live = store.liveConversation('c');
  assert.deepEqual(live.getSnapshot(), { data: undefined, isLoading: true, error: null });
  let told = 0;
  const stop = live.subscribe(() => {
    told += 1;
  });
  await until(() => contents(store)?.length === 2);
  const saved = store.addMessage('c', user('m3'));
  await until(() => contents(store)?.length === 3);
  await saved;
  assert.equal(live.getSnapshot().data?.pending, true);
  stop();
  const before = told;
  await store.addMessage('c', user('m4'));
  await store.getConversation('c');
  assert.equal(told, before);
  await store.close();
});

test('what is the same stays the very same object', async () => {
  const store = await begin();
  const live = store.liveConversation('c');
  const list = store.liveList();
  const stops = [live.subscribe(() => {}), list.subscribe(() => {})];
  await until(() => contents(store) && list.getSnapshot().data);
  const before = live.getSnapshot();
  await live.refresh();
  assert.equal(live.getSnapshot(), before);
  await store.saveConversation({ id: 'd', title: 'D', messages: [user('x')] });
  await until(() => list.getSnapshot().data?.length === 2);
  assert.equal(live.getSnapshot(), before);
  await store.updateMessage('c', 'm2', { content: 'edited' });
  await until(() => contents(store)?.[1] === 'edited');
  const after = live.getSnapshot().data?.messages;
  assert.equal(after?.[0], before.data?.messages[0]);
  assert.notEqual(after?.[1], before.data?.messages[1]);
  for (const stop of stops) stop();
  await store.close();
});

test('one that is not there is null, and a deletion shows', async () => {
  const store = await begin();
  const live = store.liveConversation('c');
  const missing = store.liveConversation('nope');
  const stops = [live.subscribe(() => {}), missing.subscribe(() => {})];
  await until(() => contents(store) && !missing.getSnapshot().isLoading);
  assert.equal(missing.getSnapshot().data, null);
  await store.deleteConversation('c');
  await until(() => live.getSnapshot().data === null);
  for (const stop of stops) stop();
  await store.close();
});

test('one that was deleted elsewhere, and goes on under another id, is read on', async (t) => {
  const store = localStore();
  t.after(() => store.close());
  await store.saveConversation({ id: 'c', messages: [{ id: 'm1', type: 'user', content: '1' }] });
  const live = store.liveConversation('c');
  t.after(live.subscribe(() => {}));
  await store.deleteConversation('c');
  await store.saveConversation({ id: 'c', messages: [{ id: 'm2', type: 'user', content: '2' }] });
  await until(() => live.getSnapshot().data?.messages.length === 1);
  await store.addMessage('c', { id: 'm3', type: 'assistant', content: '3' });
  await until(() => live.getSnapshot().data?.messages.length === 2);
});

test('older messages that were shown stay when new ones come', async () => {
  const store = localStore({ pageSize: 2 });
  await store.saveConversation({ id: 'c', messages: ['a', 'b', 'c', 'd', 'e'].map((id) => user(id)) });
  const live = store.liveConversation('c');
  const stop = live.subscribe(() => {});
  await until(() => contents(store)?.length === 2);
  await live.loadOlder();
  assert.deepEqual(contents(store), ['b', 'c', 'd', 'e']);
  await store.addMessage('c', user('f'));
  await until(() => contents(store)?.at(-1) === 'f');
  assert.deepEqual(contents(store)?.slice(-5), ['b', 'c', 'd', 'e', 'f']);
  stop();
  await store.close();
});

test('a list has what is asked for', async () => {
  const store = await begin();
  await store.saveConversation({ id: 'old', title: 'Old', archived: true, messages: [user('x')] });
  const list = store.liveList({ archived: false });
  assert.equal(list, store.liveList({ archived: false }));
  const stop = list.subscribe(() => {});
  await until(() => list.getSnapshot().data);
  assert.deepEqual(
    list.getSnapshot().data?.map(({ id }) => id),
    ['c'],
  );
  await store.updateConversation('c', { archived: true });
  await until(() => list.getSnapshot().data?.length === 0);
  stop();
  await store.close();
});

test('a store that is closed and opened again, as StrictMode does, goes on where it was', async () => {
  const store = await begin();
  const live = store.liveConversation('c');
  const stop = live.subscribe(() => {});
  await until(() => contents(store));
  const closed = store.close();
  await assert.rejects(store.getConversation('c'), { code: 'closed' });
  store.open();
  await closed;
  await store.addMessage('c', user('m3'));
  await until(() => contents(store)?.length === 3);
  stop();
  await store.close();
});

test('on a server nothing is known', () => {
  const live = localStore().liveConversation('c');
  assert.equal(live.getServerSnapshot(), live.getServerSnapshot());
  assert.equal(live.getServerSnapshot().isLoading, true);
});
