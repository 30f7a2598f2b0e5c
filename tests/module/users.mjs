/** Browsers with a conversation, and requests held back, for tests of changing users. */

import { Browser, Server, message, tick } from './harness.mjs';

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

/** Holds back the response to the next matching request. Returns `held`, which resolves when it is held, and `release`. */
export function keepBack(network, isMeant) {
  let release;
  const held = new Promise((resolve) => {
    network.after = async (request) => {
      if (!isMeant(request)) return;
      network.after = async () => {};
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
