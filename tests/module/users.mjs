/** Browsers with a conversation, requests held back, and tokens of an auth provider, for tests of changing users. */

import { createHmac } from 'node:crypto';

import { API, Browser, Server, message, tick } from './harness.mjs';

export async function begin(text = 'q') {
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', text)] });
  await tab.store.flush();
  return { browser, tab, store: tab.store, server: new Server(browser) };
}

/** Two tabs, of which the first leads, with a conversation `d` that the server has. */
export async function twoTabs() {
  const browser = new Browser();
  const [leader, other] = [await browser.open(), await browser.open()];
  await leader.store.saveConversation({ id: 'd', messages: [message(browser.clock, 'user', 'mine')] });
  await leader.store.flush();
  return { browser, leader, other };
}

/**
 * Holds back the response to the next matching request, or `before` it is sent the request itself. Returns `held`, which
 * resolves when it is held, and `release`.
 */
export function keepBack(network, isMeant, when = 'after') {
  let release;
  const held = new Promise((resolve) => {
    network[when] = async (request) => {
      if (!isMeant(request)) return;
      network[when] = async () => {};
      resolve();
      await new Promise((go) => {
        release = go;
      });
    };
  });
  return { held, release: () => release() };
}

const isAppend = ({ method, path }) => method === 'POST' && path.endsWith('/messages');

export const isOpening = ({ method, path }) => method === 'GET' && path.startsWith('/conversations/d');

export async function withAppendOnItsWay() {
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

/** Locks that are granted after a while, like those of a real browser. */
export function slowLocks(browser) {
  return {
    request: async (...request) => {
      for (let i = 0; i < 20; i += 1) await tick();
      return browser.locks.request(...request);
    },
  };
}

/** Gives this browser another session by other means than the store's: no tab is told or waited for. */
export async function exchangeSession(browser, { code }) {
  const response = await fetch(`${API}/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ action: 'redeem', code }),
  });
  browser.values.set('claude-session', JSON.stringify({ ...(await response.json()), issuedAt: browser.clock.now() }));
}

/** A token of the auth provider that the service trusts. */
export function jwt(subject) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: subject, exp: Math.floor(Date.now() / 1000) + 3_600 };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', process.env.AUTH_JWT_SECRET).update(signed).digest('base64url')}`;
}

export const withProvider = { skip: process.env.AUTH_JWT_SECRET ? false : 'AUTH_JWT_SECRET is not set' };
