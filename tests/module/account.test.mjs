/** Accounts of an auth provider. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { Browser, contents, message } from './harness.mjs';
import { begin, jwt, slowLocks, withProvider } from './users.mjs';

test('an account of an auth provider is separate, and claims the anonymous data', withProvider, async () => {
  const { browser, tab } = await begin('anonymous');
  await tab.store.addMessage('c', message(browser.clock, 'assistant', 'unsent'));
  const messages = [message(browser.clock, 'user', 'kept')];
  await tab.store.saveConversation({ id: 'd', messages });
  await tab.store.saveConversation({
    id: 'd',
    messages: [...messages, { ...messages[0], id: '?', content: 'refused' }],
  });
  await tab.crash();
  const subject = randomUUID();
  const environment = { locks: slowLocks(browser) };
  const { store } = await browser.open({ account: subject, getToken: () => jwt(subject), environment });
  assert.deepEqual(await store.getAllConversations(), []);
  assert.deepEqual(await store.claimAnonymous(), { conversations: 2 });
  assert.deepEqual(contents(await store.getConversation('c')), ['anonymous', 'unsent']);
  assert.deepEqual(
    (await store.refusedWrites()).map(({ content }) => content.content),
    ['refused'],
  );
  assert.equal(browser.values.has('claude-session'), false);
  await store.addMessage('c', message(browser.clock, 'user', 'signed in'));
  await store.flush();
  const again = await new Browser().open({ account: subject, getToken: () => jwt(subject) });
  await again.store.sync();
  assert.deepEqual(contents(await again.store.getConversation('c')), ['anonymous', 'unsent', 'signed in']);
  const anonymous = await browser.open();
  assert.deepEqual(await anonymous.store.getAllConversations(), []);
});

test('data that an anonymous user wrote without a server is claimed too', withProvider, async () => {
  const browser = new Browser();
  const tab = await browser.open({ enabled: false });
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'only here')] });
  await tab.crash();
  const subject = randomUUID();
  const { store } = await browser.open({ account: subject, getToken: () => jwt(subject) });
  await store.claimAnonymous();
  await store.flush();
  const again = await new Browser().open({ account: subject, getToken: () => jwt(subject) });
  await again.store.sync();
  assert.deepEqual(contents(await again.store.getConversation('c')), ['only here']);
});

test('what a device has that was signed out is claimed from the device', withProvider, async () => {
  const { browser, tab } = await begin('anonymous');
  const other = await new Browser().open();
  await other.store.redeemLinkCode((await tab.store.createLinkCode()).code);
  await other.store.signOutEverywhere();
  await assert.rejects(tab.store.sync(), { code: 'signed_out' });
  await tab.crash();
  const subject = randomUUID();
  const { store } = await browser.open({ account: subject, getToken: () => jwt(subject) });
  assert.deepEqual(await store.claimAnonymous(), { conversations: 1 });
  await store.flush();
  await store.sync();
  assert.deepEqual(contents(await store.getConversation('c')), ['anonymous']);
  const again = await new Browser().open({ account: subject, getToken: () => jwt(subject) });
  await again.store.sync();
  assert.deepEqual(contents(await again.store.getConversation('c')), ['anonymous']);
});

test('data of one account is never sent to another', withProvider, async () => {
  const browser = new Browser();
  const [one, other] = [randomUUID(), randomUUID()];
  let subject = one;
  const tab = await browser.open({ account: 'same', getToken: () => jwt(subject) });
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'of one')] });
  await tab.store.flush();
  subject = other;
  await tab.store.addMessage('c', message(browser.clock, 'user', 'still of one'));
  await assert.rejects(tab.store.flush(), { code: 'account_mismatch' });
  assert.equal(tab.store.status.problem, 'account_mismatch');
  const outsider = await new Browser().open({ account: other, getToken: () => jwt(other) });
  await outsider.store.sync();
  assert.deepEqual(await outsider.store.getAllConversations(), []);
});

test('without a signed-in user everything stays on the device', async () => {
  const browser = new Browser();
  const { store } = await browser.open({ account: 'a', getToken: () => null });
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await assert.rejects(store.flush(), { code: 'signed_out' });
  assert.deepEqual(contents(await store.getConversation('c')), ['q']);
  assert.deepEqual(browser.network.log, []);
  await assert.rejects(browser.open({ getToken: () => null }), TypeError);
});
