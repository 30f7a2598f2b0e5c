/** Deleted conversations that can be restored, and those that will expire. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

const DAY = 86_400_000;

async function begin(ids = ['c']) {
  const browser = new Browser();
  const tab = await browser.open();
  for (const id of ids) {
    await tab.store.saveConversation({ id, title: `t ${id}`, messages: [message(browser.clock, 'user', `of ${id}`)] });
  }
  await tab.store.flush();
  return { browser, tab, store: tab.store, server: new Server(browser) };
}

const idsOf = (list) => list.map(({ id }) => id);
const listed = async (store) => idsOf(await store.getAllConversations()).sort();

/** Another device of the same user. */
async function link(store) {
  const { code } = await store.createLinkCode();
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.redeemLinkCode(code);
  await tab.store.sync();
  return { browser, tab, store: tab.store };
}

test('a deleted conversation is in the trash, and restored unchanged', async () => {
  const { browser, tab, store, server } = await begin(['c', 'd']);
  await store.addMessage('c', message(browser.clock, 'assistant', 'an answer'));
  await store.flush();
  await store.deleteConversation('c');
  const { conversations, nextCursor } = await store.listTrash();
  assert.deepEqual(idsOf(conversations), ['c']);
  const [{ title, messageCount, deletedAt, expiresAt }] = conversations;
  assert.deepEqual([title, messageCount, nextCursor], ['t c', 2, null]);
  assert.equal(Date.parse(expiresAt) - Date.parse(deletedAt), 30 * DAY);

  tab.events.length = 0;
  await store.restoreConversation('c');
  assert.deepEqual(await listed(store), ['c', 'd']);
  assert.ok(tab.of('change').some(({ changed, source }) => changed.includes('c') && source === 'tab'));
  await tab.goOffline();
  assert.deepEqual(contents(await store.getConversation('c')), ['of c', 'an answer'], 'its messages are here');
  await tab.goOnline();
  assert.deepEqual((await store.listTrash()).conversations, []);
  await store.addMessage('c', message(browser.clock, 'user', 'more'));
  await store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['of c', 'an answer', 'more']);
});

test('other tabs and devices see restorations', async () => {
  const { browser, store } = await begin();
  const second = await browser.open();
  const other = await link(store);
  assert.deepEqual(await listed(other.store), ['c']);
  await store.deleteConversation('c');
  await store.flush();
  await other.store.sync();
  assert.deepEqual(await listed(other.store), []);
  await store.restoreConversation('c');
  await until(async () => (await listed(second.store)).length === 1);
  await other.store.sync();
  assert.deepEqual(await listed(other.store), ['c']);
  assert.deepEqual(contents(await other.store.getConversation('c')), ['of c']);
  // Deleted once more it is gone there as well.
  await other.store.deleteConversation('c');
  await other.store.flush();
  await store.sync();
  assert.deepEqual(await listed(store), []);
});

test('a device with a stream sees a restoration', async () => {
  const { browser, store } = await begin();
  const other = await link(store);
  await until(() => other.store.status.live === 'stream');
  // What a stream tells may be asked for after a pause.
  const hears = (expected) =>
    until(async () => {
      await other.browser.clock.advance(2_000);
      return (await listed(other.store)).join() === expected;
    });
  await store.deleteConversation('c');
  await store.flush();
  await hears('');
  await store.restoreConversation('c');
  await hears('c');
  await browser.clock.settle();
});

/** Keeps every list of changes back, first on its way to the server, then on its way back. */
function keepSyncsBack({ network }) {
  const letGo = {};
  const keep = async (where, { path, headers }) => {
    if (path.startsWith('/sync') && !headers.Accept) await new Promise((go) => (letGo[where] = go));
  };
  network.before = (request) => keep('request', request);
  network.after = (request) => keep('response', request);
  return letGo;
}

test('an overtaken response restores nothing', async () => {
  const { browser, store } = await begin();
  const other = await link(store);
  await until(() => store.status.live === 'stream');
  const letGo = keepSyncsBack(browser);
  const synced = store.sync();
  await until(() => letGo.request);
  // This device hears of it by its stream, and asks with a cursor from before.
  await other.store.addMessage('c', message(other.browser.clock, 'assistant', 'of the other'));
  await other.store.flush();
  await until(async () => (await store.getConversation('c')).messages.length === 2);
  letGo.request();
  await until(() => letGo.response);
  browser.network.before = async () => {};
  browser.network.after = async () => {};
  await store.deleteConversation('c');
  await store.flush();
  letGo.response();
  await synced;
  assert.deepEqual(await listed(store), []);
});

test('an unsent deletion is undone without the server', async () => {
  const { tab, store, server } = await begin();
  await tab.goOffline();
  await store.deleteConversation('c');
  assert.deepEqual(await listed(store), []);
  await store.restoreConversation('c');
  assert.deepEqual(await listed(store), ['c']);
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['of c']);
});

test('without the server the trash is unavailable, and nothing changes', async () => {
  const { tab, store } = await begin();
  await store.deleteConversation('c');
  await store.flush();
  await tab.goOffline();
  for (const ask of [
    () => store.listTrash(),
    () => store.restoreConversation('c'),
    () => store.deletePermanently('c'),
    () => store.emptyTrash(),
    () => store.listExpiring(),
    () => store.setConversationTtl(7),
    () => store.createRecoveryCode(),
    () => store.revokeRecoveryCode(),
    () => store.recover('0000-0000'),
  ]) {
    await assert.rejects(ask(), { code: 'offline' });
    await tab.goOnline();
    await tab.goOffline();
  }
  await tab.goOnline();
  assert.deepEqual(idsOf((await store.listTrash()).conversations), ['c']);
});

test('the trash is paged', async () => {
  const { store } = await begin(['a', 'b', 'c']);
  for (const id of ['a', 'b', 'c']) await store.deleteConversation(id);
  const first = await store.listTrash({ limit: 2 });
  const second = await store.listTrash({ limit: 2, cursor: first.nextCursor });
  assert.deepEqual([first.conversations.length, second.nextCursor], [2, null]);
  assert.deepEqual(idsOf([...first.conversations, ...second.conversations]).sort(), ['a', 'b', 'c']);
});

test('permanently deleted conversations cannot be restored', async () => {
  const { store, server } = await begin(['a', 'b', 'c', 'd']);
  for (const id of ['a', 'b', 'c']) await store.deleteConversation(id);
  await store.deletePermanently('a');
  assert.deepEqual(idsOf((await store.listTrash()).conversations).sort(), ['b', 'c']);
  await assert.rejects(store.restoreConversation('a'), { code: 'conversation_not_found' });
  // A conversation outside the trash can be deleted permanently as well.
  await store.deletePermanently('d');
  assert.deepEqual(await listed(store), []);
  assert.equal(await server.messages('d'), undefined);
  await store.emptyTrash();
  assert.deepEqual((await store.listTrash()).conversations, []);
});

test('what another device has restored since is not deleted for good', async () => {
  const { store, server } = await begin(['c']);
  const other = await link(store);
  await store.deleteConversation('c');
  const [{ deletedAt }] = (await store.listTrash()).conversations;
  await other.store.restoreConversation('c');
  await assert.rejects(store.deletePermanently('c', { deletedAt }), { code: 'conversation_not_found' });
  await store.sync();
  assert.deepEqual(await listed(store), ['c']);
  assert.equal((await server.messages('c')).length, 1);
  await store.deleteConversation('c');
  const [{ deletedAt: again }] = (await store.listTrash()).conversations;
  await store.deletePermanently('c', { deletedAt: again });
  assert.deepEqual((await store.listTrash()).conversations, []);
});

test('a restoration whose response was lost is completed by the next attempt', async () => {
  const { browser, store } = await begin();
  await store.deleteConversation('c');
  await store.flush();
  browser.network.fault = ({ method }) => (method === 'PATCH' ? 'lost' : undefined);
  await assert.rejects(store.restoreConversation('c'), { code: 'offline' });
  browser.network.fault = () => undefined;
  await store.restoreConversation('c');
  assert.deepEqual(await listed(store), ['c']);
});

test('a tombstone of the previous release does not hide a restored conversation', async () => {
  const { browser, store } = await begin();
  const other = await link(store);
  await store.deleteConversation('c');
  await store.flush();
  await browser.database.run('readwrite', async (tx) => {
    await tx.put('conversations', { ...(await tx.get('conversations', 'c')), latest: 0 });
  });
  await other.store.restoreConversation('c');
  await store.sync();
  assert.deepEqual(await listed(store), ['c']);
});

test('conversations that expire soon are listed until they are kept', async () => {
  const { store } = await begin(['a', 'b']);
  assert.deepEqual((await store.listExpiring()).conversations, []);
  const { conversationTtlDays } = await store.setConversationTtl(7);
  assert.equal(conversationTtlDays, 7);
  await store.updateConversation('a', { tags: ['used'] });
  await store.updateConversation('b', { tags: ['used'] });
  const { conversations, count, nextCursor } = await store.listExpiring();
  assert.deepEqual([idsOf(conversations).sort(), count, nextCursor], [['a', 'b'], 2, null]);
  assert.ok(Date.parse(conversations[0].expiresAt) <= Date.now() + 8 * DAY);
  assert.deepEqual((await store.listExpiring({ days: 3 })).conversations, []);
  await store.updateConversation('a', { keep: true });
  assert.deepEqual(idsOf((await store.listExpiring()).conversations), ['b']);
  assert.equal((await store.getConversation('a')).keep, true);
  assert.equal((await store.setConversationTtl(null)).conversationTtlDays, null);
});
