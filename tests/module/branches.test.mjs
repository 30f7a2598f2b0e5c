/** Branches on the device: begun, switched to, deleted and forked, online and offline, with another device beside. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message } from './harness.mjs';

const said = (id, more = {}) => ({ id, type: id.startsWith('q') ? 'user' : 'assistant', content: id, ...more });

const idsOf = ({ messages }) => messages.map(({ id }) => id);

/** A browser whose conversation c has these messages, at the server too. */
async function begin(ids = ['q1', 'a1', 'q2', 'a2']) {
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.saveConversation({ id: 'c', messages: ids.map((id) => said(id)) });
  await tab.store.flush();
  return { browser, tab, store: tab.store, server: new Server(browser), clock: browser.clock };
}

/** Another device of the same user. */
async function another({ browser, clock }) {
  const other = new Browser({ clock });
  for (const [key, value] of browser.values) other.values.set(key, value);
  const tab = await other.open();
  await tab.store.sync();
  await tab.store.getConversation('c');
  await clock.settle();
  return { browser: other, tab, store: tab.store };
}

/** Like `begin`, and another device has written another reply to the first question, which is shown here too. */
async function beginAndRegenerateElsewhere(ids) {
  const user = await begin(ids);
  const other = await another(user);
  await other.store.addMessage('c', said('b1'), { parentId: 'q1' });
  await other.store.flush();
  await user.store.sync();
  await user.store.getConversation('c');
  await user.clock.settle();
  await assertShown(user.store, ['q1', 'b1']);
  return user;
}

async function serverPath(server) {
  return (await server.messages('c')).map(({ id }) => id);
}

async function serverTree(server) {
  const { body } = await server.call('GET', '/conversations/c/messages?branches=all&limit=100');
  return body.data.map(({ id, parentId }) => `${parentId ?? ''}>${id}`).sort();
}

async function assertShown(store, expected) {
  assert.deepEqual(idsOf(await store.getConversation('c')), expected);
}

test('a reply is regenerated, and the old one stays as its version', async () => {
  const { store, server } = await begin(['q1', 'a1']);
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  const opened = await store.getConversation('c');
  assert.deepEqual(idsOf(opened), ['q1', 'b1']);
  assert.deepEqual([opened.messageCount, opened.headId], [2, 'b1']);
  assert.deepEqual(
    opened.messages.map(({ siblingIds }) => siblingIds),
    [undefined, ['a1', 'b1']],
  );
  await store.flush();
  assert.deepEqual(await serverPath(server), ['q1', 'b1']);
  assert.deepEqual(await serverTree(server), ['>q1', 'q1>a1', 'q1>b1']);
  const after = await store.getConversation('c');
  assert.deepEqual(
    after.messages.map(({ siblingIds }) => siblingIds),
    [undefined, ['a1', 'b1']],
  );
  assert.equal(after.messageCount, 2);
});

test('branches are begun and switched offline, survive the tab, and are sent in order', async () => {
  const { browser, tab, store, server } = await begin();
  await tab.goOffline();
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.addMessage('c', said('q3'));
  await assertShown(store, ['q1', 'b1', 'q3']);
  await store.switchBranch('c', 'a1');
  await assertShown(store, ['q1', 'a1', 'q2', 'a2']);
  await store.addMessage('c', said('q4'));
  await store.switchBranch('c', 'b1');
  await assertShown(store, ['q1', 'b1', 'q3']);
  assert.equal((await store.getConversation('c')).messageCount, 3);
  await tab.crash();
  const next = await browser.open();
  await assertShown(next.store, ['q1', 'b1', 'q3']);
  await next.goOnline();
  await next.store.flush();
  assert.deepEqual(await serverPath(server), ['q1', 'b1', 'q3']);
  assert.deepEqual(await serverTree(server), ['>q1', 'a1>q2', 'a2>q4', 'b1>q3', 'q1>a1', 'q1>b1', 'q2>a2']);
  await assertShown(next.store, ['q1', 'b1', 'q3']);
  assert.equal(next.store.status.pending, 0);
});

test('a branch and back again costs no request where nothing was written', async () => {
  const { browser, tab, store } = await begin();
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.flush();
  await store.getConversation('c');
  await browser.clock.settle();
  await tab.goOffline();
  await store.switchBranch('c', 'a1');
  await store.switchBranch('c', 'b1');
  await assertShown(store, ['q1', 'b1']);
  await tab.goOnline();
  browser.network.requests.length = 0;
  await store.flush();
  assert.ok(browser.network.requests.every(({ method }) => method === 'GET'));
});

test('lost responses begin no branch twice', async () => {
  const { browser, store, server, clock } = await begin(['q1', 'a1']);
  let losses = 0;
  browser.network.fault = ({ method, path }) => {
    if (method === 'GET' || !path.startsWith('/conversations') || losses === 3) return undefined;
    losses += 1;
    return 'lost';
  };
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.switchBranch('c', 'a1');
  await clock.advance(120_000);
  await store.flush();
  assert.equal(losses, 3);
  assert.deepEqual(await serverPath(server), ['q1', 'a1']);
  assert.deepEqual(await serverTree(server), ['>q1', 'q1>a1', 'q1>b1']);
  await assertShown(store, ['q1', 'a1']);
});

test('a branch begun here and a message appended elsewhere are both there', async () => {
  const user = await begin();
  const { tab, store, server } = user;
  const other = await another(user);
  await tab.goOffline();
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await other.store.addMessage('c', said('q3'));
  await other.store.flush();
  await tab.goOnline();
  await store.sync();
  await store.getConversation('c');
  await user.clock.settle();
  await assertShown(store, ['q1', 'b1']);
  await store.flush();
  assert.deepEqual(await serverTree(server), ['>q1', 'a1>q2', 'a2>q3', 'q1>a1', 'q1>b1', 'q2>a2']);
  await store.switchBranch('c', 'a1');
  await store.flush();
  await other.store.sync();
  await other.store.getConversation('c');
  await user.clock.settle();
  for (const device of [store, other.store]) {
    await device.getConversation('c');
    await user.clock.settle();
    await assertShown(device, await serverPath(server));
  }
});

test('a branch of another device is fetched, or refused offline', async () => {
  const user = await begin();
  const { store, server } = user;
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.flush();
  const other = await another(user);
  await assertShown(other.store, ['q1', 'b1']);
  const { siblingIds } = (await other.store.getConversation('c')).messages[1];
  assert.deepEqual(siblingIds, ['a1', 'b1']);
  await other.tab.goOffline();
  await assert.rejects(other.store.switchBranch('c', 'a1'), { name: 'StoreError', code: 'offline' });
  await other.tab.goOnline();
  await other.store.switchBranch('c', 'a1');
  await assertShown(other.store, ['q1', 'a1', 'q2', 'a2']);
  await assert.rejects(other.store.switchBranch('c', 'nowhere'), { code: 'message_not_found' });
  await other.store.flush();
  assert.deepEqual(await serverPath(server), ['q1', 'a1', 'q2', 'a2']);
});

test('when another device switches, its branch is shown, and the previous one stays available offline', async () => {
  const { tab, store } = await beginAndRegenerateElsewhere();
  await tab.goOffline();
  await store.switchBranch('c', 'a1');
  await assertShown(store, ['q1', 'a1', 'q2', 'a2']);
});

test('switching back to a question shows the newest version of its reply, wherever that was written', async () => {
  const { tab, store } = await beginAndRegenerateElsewhere(['q1', 'a1']);
  await tab.goOffline();
  await store.addMessage('c', said('q2'), { parentId: null });
  await store.switchBranch('c', 'q1');
  await assertShown(store, ['q1', 'b1']);
});

test('a reply that is stored but not confirmed yet is no newer version', async () => {
  const { tab, store, server, clock } = await begin(['q1']);
  const write = async (id, parentId) => {
    await server.call('POST', '/conversations/c/messages', { messages: [said(id, { parentId })] });
    await store.addMessage('c', said(id), { parentId });
  };
  await write('a1', 'q1');
  await write('b1', 'q1');
  await store.sync();
  await store.getConversation('c');
  await clock.settle();
  await assertShown(store, ['q1', 'b1']);
  await tab.goOffline();
  await store.addMessage('c', said('q2'), { parentId: null });
  await store.switchBranch('c', 'q1');
  await assertShown(store, ['q1', 'b1']);
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(await serverPath(server), ['q1', 'b1']);
  assert.deepEqual(await serverTree(server), ['>q1', '>q2', 'q1>a1', 'q1>b1']);
  await assertShown(store, ['q1', 'b1']);
});

test('an unknown parent changes nothing', async () => {
  const { store } = await begin();
  await assert.rejects(store.addMessage('c', said('x'), { parentId: 'nowhere' }), { code: 'message_not_found' });
  await assert.rejects(store.addMessage('c', said('x'), { parentId: 'a b' }), { code: 'invalid_id' });
  await assertShown(store, ['q1', 'a1', 'q2', 'a2']);
  assert.equal(store.status.pending, 0);
});

test('a parent that is deleted elsewhere leaves the message at the end', async () => {
  const user = await begin();
  const { tab, store, server } = user;
  const other = await another(user);
  await tab.goOffline();
  await store.addMessage('c', said('b1'), { parentId: 'q2' });
  await other.store.deleteMessage('c', 'q2', { andAfter: true });
  await other.store.flush();
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(await serverPath(server), ['q1', 'a1', 'b1']);
  await assertShown(store, ['q1', 'a1', 'b1']);
});

test('editing the first question starts a new branch', async () => {
  const { store, server } = await begin();
  await store.addMessage('c', said('q9'), { parentId: null });
  await store.addMessage('c', said('a9'));
  const opened = await store.getConversation('c');
  assert.deepEqual(idsOf(opened), ['q9', 'a9']);
  assert.deepEqual(opened.messages[0].siblingIds, ['q1', 'q9']);
  await store.flush();
  assert.deepEqual(await serverPath(server), ['q9', 'a9']);
});

test('deleting a message moves its children to its parent', async () => {
  const { tab, store, server } = await begin();
  await tab.goOffline();
  await store.addMessage('c', said('b2'), { parentId: 'q2' });
  await store.deleteMessage('c', 'q2');
  const opened = await store.getConversation('c');
  assert.deepEqual(idsOf(opened), ['q1', 'a1', 'b2']);
  assert.deepEqual(opened.messages[2].siblingIds, ['a2', 'b2']);
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(await serverTree(server), ['>q1', 'a1>a2', 'a1>b2', 'q1>a1']);
  await assertShown(store, ['q1', 'a1', 'b2']);
});

test('a message is deleted with all that follows it, in branches not on the device too', async () => {
  const user = await begin();
  const { store, server } = user;
  await store.addMessage('c', said('b2'), { parentId: 'q2' });
  await store.flush();
  const other = await another(user);
  await other.store.deleteMessage('c', 'q2', { andAfter: true });
  await other.store.flush();
  assert.deepEqual(await serverTree(server), ['>q1', 'q1>a1']);
  await store.sync();
  await store.getConversation('c');
  await user.clock.settle();
  await assertShown(store, ['q1', 'a1']);
});

test('a branch that is deleted before it is sent gives the old one back', async () => {
  const { tab, store, server } = await begin(['q1', 'a1']);
  await tab.goOffline();
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.deleteMessage('c', 'b1');
  const opened = await store.getConversation('c');
  assert.deepEqual(idsOf(opened), ['q1', 'a1']);
  assert.equal(opened.messages[1].siblingIds, undefined);
  assert.equal(opened.messageCount, 2);
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(await serverTree(server), ['>q1', 'q1>a1']);
});

test('a whole save that cuts and regrows the array works as ever', async () => {
  const { browser, store, server } = await begin();
  const opened = await store.getConversation('c');
  const [first, second] = opened.messages;
  await store.saveConversation({ ...opened, messages: [first, second] });
  await store.saveConversation({ ...opened, messages: [first, second, message(browser.clock, 'user', 'other')] });
  await store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['q1', 'a1', 'other']);
  const again = await store.getConversation('c');
  assert.deepEqual(contents(again), ['q1', 'a1', 'other']);
  assert.ok(again.messages.every(({ siblingIds }) => siblingIds === undefined));
});

test('a conversation not sent yet has branches, and is created with them', async () => {
  const browser = new Browser();
  const tab = await browser.open();
  const { store } = tab;
  await tab.goOffline();
  await store.saveConversation({ id: 'c', messages: [said('q1'), said('a1')] });
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.switchBranch('c', 'a1');
  await store.addMessage('c', said('q2'));
  await assertShown(store, ['q1', 'a1', 'q2']);
  await tab.goOnline();
  await store.flush();
  const server = new Server(browser);
  assert.deepEqual(await serverPath(server), ['q1', 'a1', 'q2']);
  assert.deepEqual(await serverTree(server), ['>q1', 'a1>q2', 'q1>a1', 'q1>b1']);
  await assertShown(store, ['q1', 'a1', 'q2']);
});

test('an export without the server has all branches, and an import restores them', async () => {
  const { tab, store } = await begin();
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.switchBranch('c', 'a1');
  await tab.goOffline();
  const text = await (await store.exportAll()).text();
  const other = new Browser();
  const { store: theirs } = await other.open({ enabled: false });
  await theirs.importData(text);
  await assertShown(theirs, ['q1', 'a1', 'q2', 'a2']);
  const { messages } = await theirs.getConversation('c');
  assert.deepEqual(messages[1].siblingIds, ['a1', 'b1']);
  const online = new Browser();
  const { store: sent } = await online.open();
  await sent.importData(text);
  await sent.getConversation('c');
  const server = new Server(online);
  assert.deepEqual(await serverPath(server), ['q1', 'a1', 'q2', 'a2']);
  assert.deepEqual(await serverTree(server), ['>q1', 'a1>q2', 'q1>a1', 'q1>b1', 'q2>a2']);
});

test('a change of users moves all branches along', async () => {
  const { tab, store } = await begin(['q1', 'a1']);
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.switchBranch('c', 'a1');
  await store.flush();
  const guest = new Browser();
  const { store: theirs } = await guest.open();
  await theirs.saveConversation({ id: 'mine', messages: [said('q')] });
  await theirs.flush();
  const { code } = await theirs.createLinkCode();
  await store.redeemLinkCode(code);
  await store.flush();
  const server = new Server(tab.browser ?? guest);
  assert.deepEqual(await serverPath(server), ['q1', 'a1']);
  assert.deepEqual(await serverTree(server), ['>q1', 'q1>a1', 'q1>b1']);
});

test('a fork is made on the device, offline, and sent with where it comes from', async () => {
  const { browser, tab, store, server } = await begin();
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await store.updateConversation('c', { title: 'Mine', pinned: true, tags: ['t'] });
  await store.flush();
  await store.getConversation('c');
  await browser.clock.settle();
  await tab.goOffline();
  const fork = await store.forkConversation('c', { messageId: 'q2' });
  assert.deepEqual([fork.title, fork.messageCount], ['Mine', 3]);
  assert.deepEqual(fork.forkedFrom, { conversationId: 'c', messageId: 'q2' });
  const opened = await store.getConversation(fork.id);
  assert.deepEqual(idsOf(opened), ['q1', 'a1', 'q2']);
  assert.deepEqual([opened.forkedFrom, opened.tags, opened.pinned], [fork.forkedFrom, ['t'], undefined]);
  await assertShown(store, ['q1', 'b1']);
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(
    (await server.messages(fork.id)).map(({ id }) => id),
    ['q1', 'a1', 'q2'],
  );
  const { body } = await server.call('GET', `/conversations/${fork.id}`);
  assert.deepEqual(body.forkedFrom, fork.forkedFrom);
  await assert.rejects(store.forkConversation('nope'), { name: 'StoreError' });
});

test('a fork of a partly loaded conversation is made by the server in one request', async () => {
  const ids = Array.from({ length: 150 }, (_, index) => `q${index}`);
  const user = await begin(ids);
  const other = await another(user);
  other.browser.network.requests.length = 0;
  const fork = await other.store.forkConversation('c', { messageId: 'q10', title: 'Fork' });
  assert.deepEqual([fork.title, fork.messageCount], ['Fork', 11]);
  assert.deepEqual(fork.forkedFrom, { conversationId: 'c', messageId: 'q10' });
  const writes = other.browser.network.requests.filter(({ method }) => method !== 'GET');
  assert.deepEqual(
    writes.map(({ method, path }) => `${method} ${path}`),
    ['POST /conversations'],
  );
  assert.deepEqual(idsOf(await other.store.getConversation(fork.id)), ids.slice(0, 11));
  await other.tab.goOffline();
  await assert.rejects(other.store.forkConversation('c', { messageId: 'q10' }), { code: 'offline' });
});

test('a branch after a message that is not loaded begins there', async () => {
  const ids = Array.from({ length: 250 }, (_, index) => `q${index}`);
  const user = await begin(ids);
  const { server } = user;
  const other = await another(user);
  await other.store.addMessage('c', said('b'), { parentId: 'q20' });
  let opened = await other.store.getConversation('c');
  assert.deepEqual(idsOf(opened), [...ids.slice(0, 21), 'b']);
  await other.store.flush();
  assert.equal((await serverPath(server)).at(-1), 'b');
  await other.store.switchBranch('c', 'q21');
  opened = await other.store.getConversation('c');
  while (opened.hasOlder) opened = await other.store.loadOlder(opened);
  assert.deepEqual(idsOf(opened), ids);
  assert.deepEqual(opened.messages[21].siblingIds, ['q21', 'b']);
  await other.store.flush();
  assert.deepEqual(await serverPath(server), ids);
});

test('a live conversation shows the branch that is switched to, its versions and its head', async () => {
  const { store } = await begin(['q1', 'a1']);
  const live = store.liveConversation('c');
  const stop = live.subscribe(() => {});
  await live.refresh();
  await store.addMessage('c', said('b1'), { parentId: 'q1' });
  await live.refresh();
  const { data } = live.getSnapshot();
  assert.deepEqual([idsOf(data), data.headId, data.messages[1].siblingIds], [['q1', 'b1'], 'b1', ['a1', 'b1']]);
  await store.switchBranch('c', 'a1');
  await live.refresh();
  assert.deepEqual(idsOf(live.getSnapshot().data), ['q1', 'a1']);
  stop();
});
