/** Erasure: pending requests, other tabs, other devices. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, tick, until } from './harness.mjs';
import { begin, isOpening, keepBack, twoTabs, withAppendOnItsWay } from './users.mjs';

test('a page that arrives after an erasure restores nothing', async () => {
  const { browser, leader, other } = await twoTabs();
  await new Server(browser).call('POST', '/conversations', {
    id: 'd2',
    messages: [message(browser.clock, 'user', 'elsewhere')],
  });
  const { held, release } = keepBack(browser.network, isOpening);
  const opened = leader.store.getConversation('d2');
  await held;
  await other.store.eraseEverything();
  release();
  assert.equal(await opened, null);
  assert.deepEqual(await other.store.getAllConversations(), []);
});

test('an erasure waits for pending requests: nothing reaches the server after it', async () => {
  const { browser, leader, other, release } = await withAppendOnItsWay();
  const server = new Server(browser);
  let isErasedThere = false;
  browser.network.before = async ({ method, path }) => {
    isErasedThere ||= method === 'DELETE' && path === '/user';
  };
  const erased = other.store.eraseEverything();
  for (let i = 0; i < 50; i += 1) await tick();
  assert.equal(isErasedThere, false);
  await release();
  await erased;
  assert.deepEqual(await server.summaries(), []);
  assert.deepEqual(await leader.store.getAllConversations(), []);
  await leader.store.saveConversation({ id: 'new', messages: [message(browser.clock, 'user', 'anew')] });
  await leader.store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('new')), ['anew']);
});

test('an erasure on another device applies here too, except for unsent data', async () => {
  const first = await begin('q');
  const second = new Browser();
  const tab = await second.open();
  await tab.store.redeemLinkCode((await first.store.createLinkCode()).code);
  await until(() => tab.store.status.live === 'stream');
  await tab.store.getConversation('c');
  await first.store.saveConversation({ id: 'd', messages: [message(first.browser.clock, 'user', 'x')] });
  await first.store.flush();
  await tab.store.sync();
  await tab.store.getConversation('d');
  second.network.fault = ({ method }) => (method === 'POST' ? 'refused' : undefined);
  await tab.store.addMessage('d', message(second.clock, 'user', 'unsent'));
  await tab.store.saveConversation({ id: 'own', messages: [message(second.clock, 'user', 'only here')] });
  await first.store.eraseEverything();
  await until(async () => (await tab.store.getConversation('c')) === null);
  const left = (await tab.store.getAllConversations()).find(({ id }) => id !== 'own');
  assert.deepEqual(contents(await tab.store.getConversation(left.id)), ['x', 'unsent']);
  const own = await tab.store.getConversation('own');
  assert.deepEqual([own.id, contents(own)], ['own', ['only here']]);
});

test('an erasure leaves nothing at the server or in any tab', async () => {
  const { browser, store, server } = await begin();
  browser.values.set('claude-code-conversations', '[]');
  const other = await browser.open();
  await store.addMessage('c', message(browser.clock, 'user', 'unsent'));
  await store.eraseEverything();
  assert.deepEqual(await store.getAllConversations(), []);
  await until(() => other.of('change').some(({ deleted }) => deleted.includes('c')));
  assert.deepEqual(await other.store.getAllConversations(), []);
  assert.deepEqual(await server.summaries(), []);
  await browser.clock.advance(120_000);
  assert.deepEqual(await server.summaries(), []);
  assert.deepEqual([...browser.values.keys()], []);
  await store.saveConversation({ id: 'new', messages: [message(browser.clock, 'user', 'anew')] });
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('new')), ['anew']);
});

test('an erasure waits for a file import, too', async () => {
  const { browser, leader, other } = await twoTabs();
  const server = new Server(browser);
  const { held, release } = keepBack(browser.network, ({ path }) => path === '/import');
  const imported = leader.store.importData([{ id: 'file', messages: [message(browser.clock, 'user', 'from a file')] }]);
  await held;
  let isErasedThere = false;
  browser.network.before = async ({ method, path }) => {
    isErasedThere ||= method === 'DELETE' && path === '/user';
  };
  const erased = other.store.eraseEverything();
  for (let i = 0; i < 50; i += 1) await tick();
  assert.equal(isErasedThere, false);
  release();
  await Promise.allSettled([imported, erased]);
  assert.deepEqual(await server.summaries(), []);
});
