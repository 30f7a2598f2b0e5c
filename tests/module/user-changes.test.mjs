/** What is under way when the device gets another user, or loses its own: it goes on as the user of whom it was asked, or not at all. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TestClock } from './basics.mjs';
import { Browser, Server, contents, message, tick, until } from './harness.mjs';
import { keepBack } from './users.mjs';

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
