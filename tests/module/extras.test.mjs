/** Shares, export and import, search, statistics, and browsers that lack a database or locks. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

const sample = readFileSync(new URL('../../public/sample.json', import.meta.url), 'utf8');

async function begin() {
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.importData(sample);
  return { browser, tab, store: tab.store, server: new Server(browser) };
}

test('a share can be read without a user until it is deleted', async () => {
  const { browser, store } = await begin();
  const share = await store.createShare('1751545800000', { expiresAt: browser.clock.now() + 86_400_000 });
  assert.deepEqual(
    (await store.listShares()).map(({ id }) => id),
    [share.id],
  );
  const visitor = await new Browser().open();
  const read = await visitor.store.readShare(share.id);
  assert.equal(read.messageCount, 2);
  assert.match(read.messages[0].content, /mutex/);
  assert.equal(visitor.store.status.userId, null);
  await store.deleteShare(share.id);
  await assert.rejects(visitor.store.readShare(share.id), { code: 'share_not_found' });
});

test('a share is continued in a fork', async () => {
  const { store } = await begin();
  const share = await store.createShare('1751545800000');
  const reader = new Browser();
  const { store: theirs } = await reader.open();
  const copy = await theirs.forkShare(share.id);
  assert.equal(copy.messageCount, 2);
  const opened = await theirs.getConversation(copy.id);
  assert.equal(opened.title, copy.title);
  assert.match(opened.messages[0].content, /mutex/);
  assert.deepEqual(opened.forkedFrom, { shareId: share.id, title: share.title });
  await theirs.addMessage(copy.id, message(reader.clock, 'user', 'more'));
  await theirs.flush();
  assert.equal((await store.getConversation('1751545800000')).messages.length, 2);
  await store.deleteShare(share.id);
  await assert.rejects(theirs.forkShare(share.id), { code: 'share_not_found' });
});

test('an export is imported into another account unchanged', async () => {
  const { store } = await begin();
  const blob = await store.exportAll();
  const other = new Browser();
  const { store: theirs } = await other.open();
  assert.deepEqual(await theirs.importData(blob), { imported: 3, unchanged: 0, rejected: [] });
  assert.deepEqual(await theirs.importData(blob), { imported: 0, unchanged: 3, rejected: [] });
  // An import is used later than its original, and so expires later.
  const strip = ({ snapshot, expiresAt, ...rest }) => rest;
  assert.deepEqual((await theirs.getAllConversations()).map(strip), (await store.getAllConversations()).map(strip));
  const markdown = await (await store.exportConversation('1751545800000', 'markdown')).text();
  assert.match(markdown, /mutex/);
});

test('without the server an export has the data of the device', async () => {
  const { tab, store } = await begin();
  for (const { id } of await store.getAllConversations()) await store.getConversation(id);
  await tab.goOffline();
  const text = await (await store.exportAll()).text();
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines.at(-1).export.conversations, 3);
  const { store: theirs } = await new Browser().open();
  assert.equal((await theirs.importData(text)).imported, 3);
  await assert.rejects(theirs.importData('neither {'), { code: 'invalid_json' });
});

test('an import larger than a request comes in portions, with one report', async () => {
  const browser = new Browser();
  const tab = await browser.open();
  const conversations = Array.from({ length: 6 }, (_, c) => ({
    id: `c${c}`,
    messages: Array.from({ length: c === 3 ? 14 : 2 }, (_, m) => ({
      id: `m${m}`,
      type: 'user',
      content: `${m}`.repeat(400_000),
      timestamp: m,
    })),
  }));
  const report = await tab.store.importData([...conversations, { id: 'bad id' }]);
  assert.deepEqual(report, { imported: 6, unchanged: 0, rejected: [{ id: null, code: 'invalid_id' }] });
  assert.equal((await new Server(browser).messages('c3')).length, 14);
  const { done, total } = tab.of('progress').at(-1);
  assert.deepEqual([done, total], [7, 7]);
});

test("the statistics are the server's", async () => {
  const { store } = await begin();
  assert.equal((await store.getStatistics()).totals.current.conversations, 3);
});

test('titles and texts are searched on the device', async () => {
  const { store } = await begin();
  for (const { id } of await store.getAllConversations()) await store.getConversation(id);
  const [found] = await store.search('SEMAPHORE permits');
  assert.equal(found.conversationId, '1751545800000');
  const { excerpt, start, length } = found;
  assert.equal(excerpt.slice(start, start + length).toLowerCase(), 'semaphore');
  const [byTitle] = await store.search('undo the last');
  assert.equal(byTitle.messageId, null);
  assert.deepEqual(await store.search('nothing has this'), []);
  assert.deepEqual(await store.search('  '), []);
  assert.equal((await store.search('the', { limit: 1 })).length, 1);
});

test('the current conversation is remembered on the device', async () => {
  const { browser, tab, store } = await begin();
  assert.equal(await store.getCurrentConversationId(), null);
  await store.setCurrentConversationId('1751545800000');
  assert.equal(await store.getCurrentConversationId(), '1751545800000');
  await tab.crash();
  const again = await browser.open();
  assert.equal(await again.store.getCurrentConversationId(), '1751545800000');
});

test('work without the server is reported once an hour, in numbers', async () => {
  const { browser, tab, store } = await begin();
  tab.hide();
  await browser.clock.settle();
  assert.equal(browser.network.log.includes('POST /metrics'), false, 'nothing to report');
  tab.show();
  await tab.goOffline();
  await store.getAllConversations();
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'secret text')] });
  await browser.clock.advance(60_000);
  await tab.goOnline();
  await store.flush();
  tab.hide();
  await until(() => browser.network.log.includes('POST /metrics'));
  const report = JSON.parse(browser.network.requests.find(({ path }) => path === '/metrics').body);
  assert.deepEqual(report.fallback, { reads: 1, writes: 1 });
  assert.equal(report.errors[0].code, 'offline');
  assert.equal(JSON.stringify(report).includes('secret'), false);
  tab.show();
  await tab.goOffline();
  await store.getAllConversations();
  await tab.goOnline();
  tab.hide();
  await browser.clock.advance(600_000);
  assert.equal(browser.network.log.filter((line) => line === 'POST /metrics').length, 1);
});

test('where the browser has no database, there is one in memory', async () => {
  const browser = new Browser();
  const openDatabase = () => Promise.reject(new Error('forbidden'));
  const { store } = await browser.open({ environment: { openDatabase } });
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  assert.equal(store.status.storage, 'memory');
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q']);
});

test('without locks nothing is sent, as tabs could not agree on a leader', async () => {
  const browser = new Browser();
  const { store } = await browser.open({ environment: { locks: null } });
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await browser.clock.advance(120_000);
  assert.equal(store.status.mode, 'local');
  assert.deepEqual(browser.network.log, []);
});

test('a file is imported without the server too, and sent later', async () => {
  const browser = new Browser();
  const tab = await browser.open();
  await tab.goOffline();
  const report = await tab.store.importData(JSON.stringify([...JSON.parse(sample), { id: 'bad id', messages: [] }]));
  assert.deepEqual(report, { imported: 3, unchanged: 0, rejected: [{ id: 'bad id', code: 'invalid_id' }] });
  assert.equal((await tab.store.importData(sample)).unchanged, 3);
  assert.equal((await tab.store.getAllConversations()).length, 3);
  await tab.goOnline();
  await tab.store.flush();
  await until(async () => (await new Server(browser).summaries()).length === 3);
  const off = await new Browser().open({ enabled: false });
  assert.equal((await off.store.importData(sample)).imported, 3);
});
