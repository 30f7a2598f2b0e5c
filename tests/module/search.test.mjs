/** One list of the matches of a device and of the server. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Browser, until } from './harness.mjs';

const sample = readFileSync(new URL('../../public/sample.json', import.meta.url), 'utf8');

/** A second device of a user: it has the list, and of the conversations one. */
async function linked() {
  const { store } = await new Browser().open();
  await store.importData(sample);
  const { code } = await store.createLinkCode();
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.redeemLinkCode(code);
  await tab.store.sync();
  await tab.store.getConversation('1751459400000');
  return { browser, tab, store: tab.store };
}

/** Searches, and lets the delay before the request pass. */
async function follow(browser, store, text) {
  const live = store.liveSearch(text);
  const stop = live.subscribe(() => {});
  await until(() => live.getSnapshot().data, 'results of the device');
  const first = live.getSnapshot().data;
  await browser.clock.advance(300);
  await until(() => live.getSnapshot().data?.isComplete, 'all results');
  return { first, found: live.getSnapshot().data, stop };
}

const marked = ({ excerpt, marks }) =>
  marks.map(([start, length]) => excerpt.slice(start, start + length).toLowerCase());

test('messages only at the server are found, and those of the device once', async (t) => {
  const { browser, store } = await linked();
  const { first, found, stop } = await follow(browser, store, 'sema');
  stop();
  assert.deepEqual([first.results, first.scope], [[], 'device']);
  if (found.scope === 'device') return t.skip('the server has no search');
  assert.deepEqual(found.results.map(({ messageId }) => messageId).sort(), ['1751545800001', '1751545800002']);
  for (const result of found.results) assert.deepEqual(new Set(marked(result)), new Set(['semaphore']));
  const here = await follow(browser, store, 'übersetze');
  here.stop();
  const ids = here.found.results.map(({ conversationId, messageId }) => `${conversationId}/${messageId}`);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(here.found.results[0].conversationId, '1751459400000');
});

test('without a network only the device is searched, and the result says so', async () => {
  const { browser, tab, store } = await linked();
  browser.network.isOnline = false;
  tab.networkChanged();
  const { found, stop } = await follow(browser, store, 'läuft');
  stop();
  assert.deepEqual([found.scope, found.results[0].conversationId], ['device', '1751459400000']);
});
