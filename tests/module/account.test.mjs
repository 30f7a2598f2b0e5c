/** Whose data it is: linked devices, erasure, sign-out and renewal of sessions, accounts of an auth provider. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { Browser, Server, contents, message, tick, until } from './harness.mjs';
import { exchangeSession, jwt, keepBack, withProvider } from './users.mjs';

async function begin(text = 'q') {
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', text)] });
  await tab.store.flush();
  return { browser, tab, store: tab.store, server: new Server(browser) };
}

test('a device that redeems a code becomes the same user, and what it had goes along', async () => {
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

test('messages that only the server had go along too', async () => {
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

test('without keepLocal nothing of the user before stays on the device, or goes along', async () => {
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

test('the other tabs of a device that was linked go on as the new user', async () => {
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

/** Two tabs, of which the first leads, with a conversation `d` that the server has. */
async function twoTabs() {
  const browser = new Browser();
  const [leader, other] = [await browser.open(), await browser.open()];
  await leader.store.saveConversation({ id: 'd', messages: [message(browser.clock, 'user', 'mine')] });
  await leader.store.flush();
  return { browser, leader, other };
}

const isAppend = ({ method, path }) => method === 'POST' && path.endsWith('/messages');
const isOpening = ({ method, path }) => method === 'GET' && path.startsWith('/conversations/d');

async function withAppendOnItsWay() {
  const tabs = await twoTabs();
  const { held, release } = keepBack(tabs.browser.network, isAppend);
  await tabs.leader.store.addMessage('d', message(tabs.browser.clock, 'user', 'on its way'));
  const flushed = tabs.leader.store.flush().catch(() => {});
  await held;
  return {
    ...tabs,
    release: () => {
      release();
      return flushed;
    },
  };
}

test('an answer to the user before says nothing of what the new user has', async () => {
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

test('nor does a page of messages that the user before had', async () => {
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

test("what is here is never sent with another user's token", async () => {
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

test('a page that comes after an erasure brings nothing back', async () => {
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

test('a change of users waits for what is on its way, and everything goes along', async () => {
  const first = await begin('of the first');
  const { code } = await first.store.createLinkCode();
  const { leader, other, release } = await withAppendOnItsWay();
  const redeemed = other.store.redeemLinkCode(code);
  await release();
  await redeemed;
  await leader.store.flush();
  assert.deepEqual(contents(await first.server.messages('d')), ['mine', 'on its way']);
});

test('an erasure waits for what is on its way: nothing comes to the server after it', async () => {
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

test('data go to whose session it is, however a tab was closed while users were exchanged', async () => {
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

test('what another device erases is gone here too, but for what it has not got', async () => {
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

test('a device that was signed out keeps what it has, and can begin anew', async () => {
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

test('a token that is refused is kept for a day; then there is a new user, who gets what is here', async () => {
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

test('where the session is lost but not the data, the data goes to the new user', async () => {
  const { browser, tab } = await begin('q');
  await tab.crash();
  browser.values.clear();
  const { store } = await browser.open();
  await store.addMessage('c', message(browser.clock, 'assistant', 'a'));
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q', 'a']);
});

test('a token is renewed when half of its life is over', async () => {
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

test('erased, nothing is left at the server or here, in any tab', async () => {
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

test('with an auth provider the account is its own, and takes the anonymous data along', withProvider, async () => {
  const { browser, tab } = await begin('anonymous');
  await tab.store.addMessage('c', message(browser.clock, 'assistant', 'unsent'));
  await tab.crash();
  const subject = randomUUID();
  const environment = { locks: slowLocks(browser) };
  const { store } = await browser.open({ account: subject, getToken: () => jwt(subject), environment });
  assert.deepEqual(await store.getAllConversations(), []);
  assert.deepEqual(await store.claimAnonymous(), { conversations: 1 });
  assert.deepEqual(contents(await store.getConversation('c')), ['anonymous', 'unsent']);
  assert.equal(browser.values.has('claude-session'), false);
  await store.addMessage('c', message(browser.clock, 'user', 'signed in'));
  await store.flush();
  const again = await new Browser().open({ account: subject, getToken: () => jwt(subject) });
  await again.store.sync();
  assert.deepEqual(contents(await again.store.getConversation('c')), ['anonymous', 'unsent', 'signed in']);
  const anonymous = await browser.open();
  assert.deepEqual(await anonymous.store.getAllConversations(), []);
});

test('what an anonymous user wrote without a server goes to the account too', withProvider, async () => {
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
  const stranger = await new Browser().open({ account: other, getToken: () => jwt(other) });
  await stranger.store.sync();
  assert.deepEqual(await stranger.store.getAllConversations(), []);
});

test('while nobody is signed in, everything stays here', async () => {
  const browser = new Browser();
  const { store } = await browser.open({ account: 'a', getToken: () => null });
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await assert.rejects(store.flush(), { code: 'signed_out' });
  assert.deepEqual(contents(await store.getConversation('c')), ['q']);
  assert.deepEqual(browser.network.log, []);
  await assert.rejects(browser.open({ getToken: () => null }), TypeError);
});

test("where localStorage has no room the session is the page's own, and one", async () => {
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

test('both devices had a message of one id: neither text is lost', async () => {
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

/** Locks that are granted after a while, as those of a real browser are. */
function slowLocks(browser) {
  return {
    request: async (...request) => {
      for (let i = 0; i < 20; i += 1) await tick();
      return browser.locks.request(...request);
    },
  };
}

test('a tab that does not lead yet sends as soon as it does', async () => {
  const browser = new Browser();
  const { store } = await browser.open({ environment: { locks: slowLocks(browser) } });
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q']);
});

test('an erasure waits for a file on its way, too', async () => {
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
