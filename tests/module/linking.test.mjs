/** Linked devices: data moves along with a change of users. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';
import { begin, exchangeSession, isOpening, keepBack, twoTabs, withAppendOnItsWay } from './users.mjs';

test('redeeming a code makes a device the same user and moves its data along', async () => {
  const first = await begin('of the first');
  const { code } = await first.store.createLinkCode();
  const second = new Browser();
  const tab = await second.open();
  const base = second.clock.now();
  const long = Array.from({ length: 250 }, (_, index) => ({
    id: `m${index}`,
    type: 'user',
    content: `${index}`,
    timestamp: base + index,
  }));
  await tab.store.saveConversation({ id: 'long', messages: long });
  await tab.store.saveConversation({
    id: 'd',
    title: 'mine',
    messages: [message(second.clock, 'user', 'of the second')],
  });
  await tab.store.flush();
  await tab.store.addMessage('d', message(second.clock, 'assistant', 'unsent'));
  assert.equal(await tab.store.countLocalConversations(), 2);
  const before = second.values.get('claude-user-id');

  const { userId, kept } = await tab.store.redeemLinkCode(code);
  assert.deepEqual([userId, kept], [first.browser.values.get('claude-user-id'), 2]);
  assert.notEqual(second.values.get('claude-user-id'), before);
  await tab.store.flush();
  await until(async () => (await tab.store.getAllConversations()).length === 3);
  assert.deepEqual(contents(await first.server.messages('d')), ['of the second', 'unsent']);
  assert.equal((await first.server.messages('long')).length, 250);
  assert.deepEqual(contents(await tab.store.getConversation('c')), ['of the first']);
  await until(async () => (await first.store.getAllConversations()).length === 3);
  await assert.rejects(tab.store.redeemLinkCode('AAAAAAAA'), { code: 'wrong_code' });
  assert.equal((await tab.store.getAllConversations()).length, 3);
});

test('messages that only the server had move along too', async () => {
  const first = await begin();
  const second = await begin('old');
  const base = second.browser.clock.now();
  const messages = Array.from({ length: 100 }, (_, index) => ({
    id: `m${index}`,
    type: 'user',
    content: 'x',
    timestamp: base + index,
  }));
  for (let part = 0; part < 3; part += 1) {
    const fresh = messages.map(({ id, ...rest }) => ({ ...rest, id: `${id}-${part}` }));
    await second.server.call('POST', '/conversations/c/messages', { messages: fresh });
  }
  const { code } = await first.store.createLinkCode();
  const id = 'c';
  assert.equal((await first.server.messages(id)).length, 1);
  await second.store.redeemLinkCode(code);
  await second.store.flush();
  assert.equal((await first.server.messages(id)).length, 302, 'both conversations had one id, and became one');
});

test('without keepLocal nothing of the previous user stays on the device or moves along', async () => {
  const first = await begin('of the first');
  const { code } = await first.store.createLinkCode();
  const second = new Browser();
  const tab = await second.open();
  await tab.store.saveConversation({ id: 'secret', messages: [message(second.clock, 'user', 'secret')] });
  await tab.store.redeemLinkCode(code, { keepLocal: false });
  await until(async () => (await tab.store.getAllConversations()).map(({ id }) => id).join() === 'c');
  await tab.store.flush();
  assert.equal(await first.server.messages('secret'), undefined);
});

test('other tabs of a linked device continue as the new user', async () => {
  const first = await begin('of the first');
  const second = new Browser();
  const [one, other] = [await second.open(), await second.open()];
  const { code } = await first.store.createLinkCode();
  await other.store.redeemLinkCode(code);
  await until(async () => (await one.store.getAllConversations()).length === 1);
  await one.store.addMessage('c', message(second.clock, 'assistant', 'by the other device'));
  await one.store.flush();
  assert.deepEqual(contents(await first.server.messages('c')), ['of the first', 'by the other device']);
});

test("a response to the previous user is not applied to the new user's data", async () => {
  const first = await begin('of the first');
  const { browser, leader, other, release } = await withAppendOnItsWay();
  await exchangeSession(browser, await first.store.createLinkCode());
  await browser.open();
  await release();
  await leader.store.flush();
  assert.deepEqual(contents(await first.server.messages('d')), ['mine', 'on its way']);
  assert.deepEqual(contents(await leader.store.getConversation('d')), ['mine', 'on its way']);
  await other.store.sync();
  assert.equal((await other.store.getAllConversations()).length, 2);
});

test("a page of the previous user's messages is not applied to the new user's data", async () => {
  const first = await begin('of the first');
  const { browser, leader, other } = await twoTabs();
  // Too long for the stream to bring it.
  const long = message(browser.clock, 'user', 'elsewhere'.repeat(1_000));
  await new Server(browser).call('POST', '/conversations/d/messages', { messages: [long] });
  await other.store.sync();
  const { held, release } = keepBack(browser.network, isOpening);
  const opened = other.store.getConversation('d');
  await held;
  await exchangeSession(browser, await first.store.createLinkCode());
  await browser.open();
  release();
  await opened;
  await browser.clock.settle();
  await leader.store.flush();
  assert.deepEqual(contents(await first.server.messages('d')), ['mine']);
});

test("local data is never sent with another user's token", async () => {
  const first = await begin('of the first');
  const { browser, leader, other } = await twoTabs();
  const before = browser.values.get('claude-session');
  await other.store.redeemLinkCode((await first.store.createLinkCode()).code);
  await leader.store.flush();
  const after = browser.values.get('claude-session');
  for (const [session, text] of [
    [before, 'new'],
    [after, 'newer'],
  ]) {
    browser.values.set('claude-session', session);
    await leader.store.addMessage('d', message(browser.clock, 'user', text));
    await leader.store.flush();
  }
  assert.deepEqual(contents(await first.server.messages('d')), ['mine', 'new', 'newer']);
});

test('a change of users waits for pending requests, and everything moves along', async () => {
  const first = await begin('of the first');
  const { code } = await first.store.createLinkCode();
  const { leader, other, release } = await withAppendOnItsWay();
  const redeemed = other.store.redeemLinkCode(code);
  await release();
  await redeemed;
  await leader.store.flush();
  assert.deepEqual(contents(await first.server.messages('d')), ['mine', 'on its way']);
});

test('data goes to the user of the session, even if a tab was closed during a change of users', async () => {
  const first = await begin('of the first');
  const { code } = await first.store.createLinkCode();
  const { browser, tab, store } = await begin('mine');
  const before = browser.values.get('claude-session');
  await store.redeemLinkCode(code);
  await store.flush();
  await tab.crash();
  browser.values.set('claude-session', before);
  const reopened = await browser.open();
  await reopened.store.addMessage('c', message(browser.clock, 'user', 'goes on'));
  await reopened.store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['of the first', 'mine', 'goes on']);
});

test('two devices with a message of one id lose neither text', async () => {
  const first = new Browser();
  const one = await first.open();
  const text = (content) => ({ id: 'c', messages: [{ id: 'm', type: 'user', content, timestamp: 1751545800000 }] });
  await one.store.saveConversation(text('on the first'));
  await one.store.flush();
  const second = new Browser();
  const other = await second.open();
  await other.store.saveConversation(text('on the second'));
  await other.store.flush();
  await other.store.redeemLinkCode((await one.store.createLinkCode()).code);
  await other.store.flush();
  const there = contents(await new Server(first).messages('c'));
  const kept = (await other.store.refusedWrites()).map(({ content }) => content.content);
  assert.deepEqual([...there, ...kept].sort(), ['on the first', 'on the second']);
  assert.equal(other.of('conflict').length, 1);
});
