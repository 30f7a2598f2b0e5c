/** What is under way when the device gets another user, or loses its own: it goes on as the user of whom it was asked, or not at all. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { TestClock } from './basics.mjs';
import { Browser, Server, contents, message, tick, until } from './harness.mjs';
import { exchangeSession, jwt, keepBack, withProvider } from './users.mjs';

const DAY = 86_400_000;

/** A device whose user has a conversation `id`; two tabs, of which the first leads. */
async function device(id) {
  const browser = new Browser();
  const [one, other] = [await browser.open(), await browser.open()];
  await one.store.saveConversation({ id, messages: [message(browser.clock, 'user', `of ${id}`)] });
  await one.store.flush();
  return { browser, one, other, store: one.store, server: new Server(browser) };
}

async function aWhile() {
  for (let i = 0; i < 50; i += 1) await tick();
}

const sessionOf = (browser) => JSON.parse(browser.values.get('claude-session') ?? 'null');
const hasAction = (action) => (request) => request.path === '/session' && request.body?.includes(`"${action}"`);

test('a sign-out that ends after the device was linked leaves it the new user', async () => {
  const [first, second] = [await device('c'), await device('d')];
  const { code } = await first.store.createLinkCode();
  const { held, release } = keepBack(second.browser.network, hasAction('signOutEverywhere'), 'before');
  const signedOut = second.store.signOutEverywhere();
  await held;
  const { userId } = await second.other.store.redeemLinkCode(code);
  const { token } = sessionOf(second.browser);
  release();
  await signedOut;
  assert.deepEqual([sessionOf(second.browser).userId, sessionOf(second.browser).token], [userId, token]);
  await second.store.addMessage('c', message(second.browser.clock, 'user', 'goes on'));
  await second.store.flush();
  assert.deepEqual(contents(await first.server.messages('c')), ['of c', 'goes on']);
});

test('a session that is renewed while its user is erased is not there again afterwards', async () => {
  const { browser, store } = await device('c');
  const clock = new TestClock(browser.clock.now() + 100 * DAY);
  const later = await browser.open({ environment: { clock } });
  const { held, release } = keepBack(browser.network, ({ path }) => path === '/session');
  const asked = later.store.sync().catch(() => {});
  await held;
  const erased = store.eraseEverything();
  await until(() => browser.network.requests.some(({ method, status }) => method === 'DELETE' && status === 200));
  browser.network.fault = () => 'refused';
  await aWhile();
  release();
  await Promise.all([erased, asked]);
  assert.equal(sessionOf(browser), null);
});

test('an erasure that waits while the device is linked leaves the new user what it has', async () => {
  const [first, second] = [await device('c'), await device('d')];
  const { code } = await first.store.createLinkCode();
  const { held, release } = keepBack(second.browser.network, hasAction('redeem'));
  const redeemed = second.other.store.redeemLinkCode(code);
  await held;
  const erased = assert.rejects(second.store.eraseEverything(), { code: 'user_changed' });
  await aWhile();
  release();
  await Promise.all([redeemed, erased]);
  assert.deepEqual(contents(await first.server.messages('c')), ['of c']);
  assert.deepEqual(contents(await second.store.getConversation('d')), ['of d']);
});

test('so does one that was asked for before the device had any user', async () => {
  const first = await device('c');
  const { code } = await first.store.createLinkCode();
  const browser = new Browser();
  const [one, other] = [await browser.open(), await browser.open()];
  const { held, release } = keepBack(browser.network, hasAction('redeem'));
  const redeemed = other.store.redeemLinkCode(code);
  await held;
  const erased = assert.rejects(one.store.eraseEverything(), { code: 'user_changed' });
  await aWhile();
  release();
  await Promise.all([redeemed, erased]);
  assert.deepEqual(contents(await first.server.messages('c')), ['of c']);
});

test('a change of users that waits for another one does not take place', async () => {
  const [first, second, third] = [await device('c'), await device('d'), await device('e')];
  const [one, two] = [await first.store.createLinkCode(), await third.store.createLinkCode()];
  const { held, release } = keepBack(second.browser.network, hasAction('redeem'));
  const redeemed = second.other.store.redeemLinkCode(one.code);
  await held;
  const late = assert.rejects(second.store.redeemLinkCode(two.code, { keepLocal: false }), { code: 'user_changed' });
  await aWhile();
  release();
  await Promise.all([redeemed, late]);
  await second.store.flush();
  assert.deepEqual(contents(await first.server.messages('d')), ['of d']);
});

test('what goes with the user before is told to be gone, in every tab', async () => {
  const [first, second] = [await device('c'), await device('d')];
  const { code } = await first.store.createLinkCode();
  const live = second.store.liveConversation('d');
  const stop = live.subscribe(() => {});
  await until(() => live.getSnapshot().data?.id === 'd');
  await second.store.redeemLinkCode(code, { keepLocal: false });
  await until(() => live.getSnapshot().data === null);
  stop();
  for (const tab of [second.one, second.other]) {
    await until(() => tab.of('change').some(({ deleted }) => deleted.includes('d')));
  }
});

test('so is what only the server had of it, where the device goes to another user', async () => {
  const [first, second] = [await device('c'), await device('d')];
  const { browser, one, server, store } = second;
  await server.call('POST', '/conversations', { id: 'there', messages: [message(browser.clock, 'user', 'elsewhere')] });
  await store.sync();
  assert.equal((await store.getAllConversations()).length, 2);
  await exchangeSession(browser, await first.store.createLinkCode());
  await browser.open();
  await until(() => one.of('change').some(({ deleted }) => deleted.includes('there')));
  assert.deepEqual(
    one.of('change').flatMap(({ deleted }) => deleted),
    ['there'],
  );
});

/** How often each of these tabs was told of another user. */
function countChanges(tabs) {
  const counts = tabs.map(() => 0);
  for (const [index, { store }] of tabs.entries()) store.on('user-changed', () => (counts[index] += 1));
  return counts;
}

test('every tab is told of another user, once, and not of the first one', async () => {
  const first = await device('c');
  const browser = new Browser();
  const tabs = [await browser.open(), await browser.open()];
  const counts = countChanges(tabs);
  const [{ store }, other] = tabs;
  await store.saveConversation({ id: 'd', messages: [message(browser.clock, 'user', 'of d')] });
  await store.flush();
  await aWhile();
  assert.deepEqual(counts, [0, 0]);
  await other.store.redeemLinkCode((await first.store.createLinkCode()).code);
  await until(() => counts.every((count) => count === 1));
  await store.eraseEverything();
  await until(() => counts.every((count) => count === 2));
  await aWhile();
  assert.deepEqual(counts, [2, 2]);
});

test('a tab is told of a user who came without a word before it gets that user’s token', async () => {
  const [first, { browser, one, other }] = [await device('c'), await device('d')];
  const counts = countChanges([one, other]);
  const { token } = sessionOf(browser);
  await exchangeSession(browser, await first.store.createLinkCode());
  await assert.rejects(other.store.authorization(), { code: 'user_changed' });
  assert.equal(counts[1], 1);
  const { Authorization } = await other.store.authorization();
  assert.equal(Authorization, `Bearer ${sessionOf(browser).token}`);
  assert.notEqual(Authorization, `Bearer ${token}`);
  await until(() => counts[0] === 1);
});

test('so is one that was closed meanwhile, when it is opened again', async () => {
  const [first, { one, other }] = [await device('c'), await device('d')];
  const counts = countChanges([other]);
  await other.store.close();
  await one.store.redeemLinkCode((await first.store.createLinkCode()).code);
  other.store.open();
  await until(() => counts[0] === 1);
});

test('a live conversation shows nothing of the former user once the tab was told of the next one', async () => {
  const [first, { browser, one, store }] = [await device('c'), await device('d')];
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'of the former user')] });
  const live = store.liveConversation('c');
  const shown = [];
  const note = () => shown.push(JSON.stringify(live.getSnapshot().data));
  const stop = live.subscribe(note);
  await until(() => live.getSnapshot().data);
  one.store.on('user-changed', () => {
    shown.length = 0;
    note();
  });
  await store.redeemLinkCode((await first.store.createLinkCode()).code, { keepLocal: false });
  await store.sync();
  await until(() => shown.at(-1)?.includes('of c'));
  stop();
  assert.ok(!shown.join().includes('of the former user'), shown.join());
});

/** Starts `work` on a device with a conversation `d`, that gets the user of another one, with `c`, while something is on its way. */
async function changeUserDuring(work) {
  const [first, second] = [await device('c'), await device('d')];
  await first.store.deleteConversation('c');
  await first.store.flush();
  const { browser, store } = second;
  const { held, release } = keepBack(browser.network, ({ path }) => path.endsWith('/messages'));
  await store.addMessage('d', message(browser.clock, 'user', 'on its way'));
  const flushed = store.flush().catch(() => {});
  await held;
  const worked = assert.rejects(work(store), { code: 'user_changed' });
  await aWhile();
  await exchangeSession(browser, await first.store.createLinkCode());
  await browser.open();
  await aWhile();
  release();
  await Promise.all([flushed, worked]);
  return first;
}

test('a trash that is emptied while the device is linked is not the new user’s', async () => {
  const { store } = await changeUserDuring((of) => of.emptyTrash());
  assert.deepEqual(
    (await store.listTrash()).conversations.map(({ id }) => id),
    ['c'],
  );
});

test('nor is it in a later step', async () => {
  const [first, second] = [await device('c'), await device('d')];
  await first.store.deleteConversation('c');
  await first.store.flush();
  const { browser } = second;
  let steps = 0;
  const fetch = async (url, options) => {
    const response = await browser.network.fetch(url, options);
    if (!url.endsWith('?trash=true')) return response;
    steps += 1;
    return Response.json({ emptied: steps > 1 });
  };
  const emptying = await browser.open({ environment: { fetch } });
  const { held, release } = keepBack(browser.network, ({ path }) => path.endsWith('?trash=true'));
  const emptied = assert.rejects(emptying.store.emptyTrash(), { code: 'user_changed' });
  await held;
  await second.store.redeemLinkCode((await first.store.createLinkCode()).code);
  release();
  await emptied;
  assert.deepEqual(
    (await first.store.listTrash()).conversations.map(({ id }) => id),
    ['c'],
  );
});

for (const [what, work] of [
  ['deleted for good', (store) => store.deletePermanently('c')],
  ['restored', (store) => store.restoreConversation('c')],
]) {
  test(`what is ${what} while the device is linked is not the new user's`, async () => {
    const { store } = await changeUserDuring(work);
    assert.deepEqual(
      (await store.listTrash()).conversations.map(({ id }) => id),
      ['c'],
    );
  });
}

test('a link to a conversation is not made of one of the new user', async () => {
  const { store } = await changeUserDuring((of) => of.createShare('d'));
  assert.deepEqual(await store.listShares(), []);
});

const large = (clock) =>
  Array.from({ length: 450 }, (_, index) => ({ id: `i${index}`, messages: [message(clock, 'user', `${index}`)] }));
const isImport = ({ path }) => path.startsWith('/import');
const asFile = (conversations) => new File([JSON.stringify(conversations)], 'export.json');
const LIMITS = { bytes: 4_000_000, conversations: 200 };

const imports = {
  'an import': (store, conversations) => store.importData(conversations),
  'an import of a file': (store, conversations) => store.importFile(asFile(conversations), { limits: LIMITS }),
};

for (const [what, importInto] of Object.entries(imports)) {
  test(`${what} ends with the user of whom it was asked`, async () => {
    const { browser, store, other } = await device('d');
    const { held, release } = keepBack(browser.network, isImport);
    const imported = assert.rejects(importInto(store, large(browser.clock)), { code: 'user_changed' });
    await held;
    const erased = other.store.eraseEverything();
    await aWhile();
    release();
    await Promise.all([imported, erased]);
    await browser.clock.settle();
    assert.equal(sessionOf(browser), null);
    assert.deepEqual(await store.getAllConversations(), []);
  });

  test(`${what} is not continued here either, where the server is away by then`, async () => {
    const { browser, store, other } = await device('d');
    const { held, release } = keepBack(browser.network, isImport);
    browser.network.fault = (request) => isImport(request) && browser.network.requests.some(isImport) && 503;
    const imported = assert.rejects(importInto(store, large(browser.clock)));
    await held;
    const erased = other.store.eraseEverything();
    await aWhile();
    release();
    await Promise.all([imported, erased]);
    assert.deepEqual(await store.getAllConversations(), []);
  });

  test(`${what} ends with an erasure of an auth provider's user`, withProvider, async () => {
    const browser = new Browser();
    const subject = randomUUID();
    const account = { account: subject, getToken: () => jwt(subject) };
    const [one, other] = [await browser.open(account), await browser.open(account)];
    const { held, release } = keepBack(browser.network, isImport);
    const imported = assert.rejects(importInto(one.store, large(browser.clock)), { code: 'user_changed' });
    await held;
    const erased = other.store.eraseEverything();
    await aWhile();
    release();
    await Promise.all([imported, erased]);
    await one.store.sync();
    assert.deepEqual(await one.store.getAllConversations(), []);
  });
}

test('an account that takes the anonymous data leaves those of another user alone', withProvider, async () => {
  const [first, second] = [await device('c'), await device('d')];
  const { browser } = second;
  const subject = randomUUID();
  const { store } = await browser.open({ account: subject, getToken: () => jwt(subject) });
  const { held, release } = keepBack(browser.network, hasAction('claim'));
  const claimed = assert.rejects(store.claimAnonymous(), { code: 'user_changed' });
  await held;
  const { code } = await first.store.createLinkCode();
  const { userId } = await second.store.redeemLinkCode(code, { keepLocal: false });
  await second.store.sync();
  release();
  await claimed;
  assert.equal(sessionOf(browser).userId, userId);
  assert.deepEqual(
    (await second.store.getAllConversations()).map(({ id }) => id),
    ['c'],
  );
});

test('what is being sent when the device gets another user is all sent when it says so', async () => {
  const { browser, store } = await device('c');
  for (const id of ['d', 'e'])
    await store.saveConversation({ id, messages: [message(browser.clock, 'user', `of ${id}`)] });
  const { held, release } = keepBack(
    browser.network,
    ({ method, path }) => method === 'POST' && path === '/conversations',
  );
  const flushed = store.flush();
  await held;
  const begun = store.startNewSession();
  await aWhile();
  release();
  await Promise.all([flushed, begun]);
  const ids = (await new Server(browser).summaries()).map(({ id }) => id);
  assert.deepEqual(ids.sort(), ['c', 'd', 'e']);
});
