/** Recovery codes: an anonymous user comes back on a browser that has lost the account. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

async function begin(text = 'q') {
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', text)] });
  await tab.store.flush();
  return { browser, tab, store: tab.store, server: new Server(browser) };
}

test('the code restores the account on a cleared browser, as often as needed', async () => {
  const first = await begin('not lost');
  assert.equal((await first.store.getStatistics()).recoveryCodeCreatedAt, null);
  const { code, createdAt } = await first.store.createRecoveryCode();
  assert.match(code, /^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/);
  assert.equal((await first.store.getStatistics()).recoveryCodeCreatedAt, createdAt);
  for (const typed of [code, code.toLowerCase().replaceAll('-', ' ')]) {
    const { store } = await new Browser().open();
    const { userId, kept } = await store.recover(typed);
    assert.deepEqual([userId, kept], [first.browser.values.get('claude-user-id'), 0]);
    await until(async () => (await store.getAllConversations()).length === 1);
    assert.deepEqual(contents(await store.getConversation('c')), ['not lost']);
  }
});

test('data written before the code was entered moves along, including unsent data', async () => {
  const first = await begin('of before');
  const { code } = await first.store.createRecoveryCode();
  const { browser, store } = await begin('written meanwhile');
  await store.addMessage('c', message(browser.clock, 'assistant', 'unsent'));
  await store.saveConversation({ id: 'd', messages: [message(browser.clock, 'user', 'never sent')] });
  const { kept } = await store.recover(code);
  assert.equal(kept, 2);
  await store.flush();
  // Both users had a conversation of this id.
  const messages = contents(await first.server.messages('c'));
  assert.deepEqual(messages.toSorted(), ['of before', 'unsent', 'written meanwhile'].toSorted());
  assert.deepEqual(contents(await first.server.messages('d')), ['never sent']);
});

test('without keepLocal the local data is removed', async () => {
  const first = await begin('of before');
  const { code } = await first.store.createRecoveryCode();
  const { store } = await begin('somebody else’s');
  await store.saveConversation({ id: 'e', messages: [{ id: 'm', type: 'user', content: 'not mine' }] });
  await store.recover(code, { keepLocal: false });
  await until(async () => (await store.getAllConversations()).map(({ id }) => id).join() === 'c');
  await store.flush();
  assert.equal(await first.server.messages('e'), undefined);
});

test('a session ended from another device is restored with its pending writes', async () => {
  const first = await begin();
  const { code } = await first.store.createRecoveryCode();
  const link = await first.store.createLinkCode();
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.redeemLinkCode(link.code);
  await tab.store.sync();
  await first.store.signOutEverywhere();
  await tab.store.addMessage('c', message(browser.clock, 'assistant', 'written after the end'));
  await assert.rejects(tab.store.flush(), { code: 'signed_out' });
  await tab.store.recover(code);
  await tab.store.flush();
  const server = new Server(browser);
  assert.deepEqual(contents(await server.messages('c')), ['q', 'written after the end']);
});

test('a code that is mistyped, replaced or revoked changes nothing', async () => {
  const first = await begin();
  const { code: old } = await first.store.createRecoveryCode();
  const { code } = await first.store.createRecoveryCode();
  assert.notEqual(code, old);
  const { browser, store } = await begin('mine');
  const before = browser.values.get('claude-user-id');
  await assert.rejects(store.recover(old), { code: 'wrong_code' });
  await assert.rejects(store.recover(`${code.slice(0, -1)}${code.endsWith('0') ? '1' : '0'}`), {
    code: 'invalid_field',
  });
  await first.store.revokeRecoveryCode();
  assert.equal((await first.store.getStatistics()).recoveryCodeCreatedAt, null);
  await assert.rejects(store.recover(code), { code: 'wrong_code' });
  assert.equal(browser.values.get('claude-user-id'), before);
  assert.deepEqual(contents(await store.getConversation('c')), ['mine']);
});

test('the browser is asked for persistent storage, if it supports that', async () => {
  const browser = new Browser();
  const { store } = await browser.open({ environment: { persist: async () => true } });
  assert.equal(await store.persist(), true);
  const { store: other } = await new Browser().open();
  assert.equal(await other.persist(), false, 'there is nothing to ask in Node');
});
