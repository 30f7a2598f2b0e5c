/** Sessions of anonymous users: signed out, refused, lost, renewed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message } from './harness.mjs';
import { begin, slowLocks } from './users.mjs';

test('a signed-out device keeps its data, and can start over', async () => {
  const first = await begin('q');
  const phone = new Browser();
  for (const [key, value] of first.browser.values) phone.values.set(key, value);
  const tab = await phone.open();
  await tab.store.sync();
  await tab.store.getConversation('c');
  await phone.clock.advance(1_000);
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  await first.store.signOutEverywhere();
  await tab.store.addMessage('c', message(phone.clock, 'user', 'unsent'));
  await assert.rejects(tab.store.flush(), { code: 'signed_out' });
  assert.equal(tab.store.status.mode, 'signed-out');
  assert.deepEqual(contents(await tab.store.getConversation('c')), ['q', 'unsent']);
  await tab.store.startNewSession();
  await tab.store.flush();
  assert.equal(tab.store.status.mode, 'synced');
  assert.notEqual(phone.values.get('claude-user-id'), first.browser.values.get('claude-user-id'));
  assert.deepEqual(contents(await new Server(phone).messages('c')), ['q', 'unsent']);
  await first.store.addMessage('c', message(phone.clock, 'user', 'goes on'));
  await first.store.flush();
  assert.deepEqual(contents(await new Server(first.browser).messages('c')), ['q', 'goes on']);
});

test('a refused token is kept for a day; then a new user gets the local data', async () => {
  const { browser, tab, store } = await begin('q');
  const session = JSON.parse(browser.values.get('claude-session'));
  const broken = { ...session, token: `${session.token.slice(0, -4)}AAAA` };
  browser.values.set('claude-session', JSON.stringify(broken));
  await store.addMessage('c', message(browser.clock, 'assistant', 'a'));
  await assert.rejects(store.flush(), { code: 'invalid_token' });
  assert.equal(store.status.mode, 'signed-out');
  await browser.clock.advance(3_600_000);
  browser.values.set(
    'claude-session',
    JSON.stringify({ ...JSON.parse(browser.values.get('claude-session')), token: session.token }),
  );
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q', 'a'], 'the operator has corrected it');
  assert.equal('refusedSince' in JSON.parse(browser.values.get('claude-session')), false);

  browser.values.set('claude-session', JSON.stringify(broken));
  await store.addMessage('c', message(browser.clock, 'user', 'b'));
  tab.hide();
  await browser.clock.advance(25 * 3_600_000);
  await store.flush();
  assert.notEqual(JSON.parse(browser.values.get('claude-session')).userId, session.userId);
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q', 'a', 'b']);
});

test('if the session is lost but not the data, the data goes to a new user', async () => {
  const { browser, tab } = await begin('q');
  await tab.crash();
  browser.values.clear();
  const { store } = await browser.open();
  await store.addMessage('c', message(browser.clock, 'assistant', 'a'));
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q', 'a']);
});

test('a token is renewed after half of its TTL', async () => {
  const { browser, tab, store } = await begin();
  tab.hide();
  const { token } = JSON.parse(browser.values.get('claude-session'));
  await browser.clock.advance(91 * 86_400_000);
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  await store.sync();
  const renewed = JSON.parse(browser.values.get('claude-session'));
  assert.notEqual(renewed.token, token);
  assert.equal(renewed.userId, browser.values.get('claude-user-id'));
  assert.equal((await store.getStatistics()).userId, renewed.userId);
});

test('without room in localStorage the page keeps one session', async () => {
  const browser = new Browser();
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError');
    },
    removeItem: () => {},
  };
  const { store } = await browser.open({ environment: { localStorage: full } });
  for (const id of ['c', 'd']) {
    await store.saveConversation({ id, messages: [message(browser.clock, 'user', id)] });
    await store.flush();
  }
  assert.equal(store.status.mode, 'synced');
  assert.equal(browser.network.log.filter((line) => line === 'POST /session').length, 1);
});

test('a tab that does not lead yet sends as soon as it leads', async () => {
  const browser = new Browser();
  const { store } = await browser.open({ environment: { locks: slowLocks(browser) } });
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q']);
});
