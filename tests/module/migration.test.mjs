/** Data that an earlier frontend left in localStorage, and how it gets to the server. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Browser, Server, until } from './harness.mjs';

const KEY = 'claude-code-conversations';
const MARK = 'claude-migrated-to-redis';

const sample = readFileSync(new URL('../../public/sample.json', import.meta.url), 'utf8');

function withOldData(text) {
  const browser = new Browser();
  browser.values.set(KEY, text);
  return browser;
}

/** So many conversations, each with so many messages. */
function dump(conversations, messages, text = 'x') {
  return JSON.stringify(
    Array.from({ length: conversations }, (_, c) => ({
      id: `${1751545800000 + c * 1000}`,
      title: `conversation ${c}`,
      messages: Array.from({ length: messages }, (_, m) => ({
        id: `${1751545800000 + c * 1000 + m}`,
        type: m % 2 ? 'assistant' : 'user',
        content: `${text} ${m}`,
        timestamp: new Date(1751545800000 + c * 1000 + m).toISOString(),
      })),
      createdAt: new Date(1751545800000 + c * 1000).toISOString(),
      updatedAt: new Date(1751545800000 + c * 1000 + messages).toISOString(),
      totalTokens: 7,
    })),
  );
}

async function finished(tab) {
  await until(async () => (await tab.store.migrate()).state !== 'waiting', 'the end of the migration');
  return tab.store.migrate();
}

test('the old data is there at once, then at the server, as it was', async () => {
  const browser = withOldData(sample);
  const tab = await browser.open();
  assert.equal((await tab.store.getAllConversations()).length, 3);
  assert.deepEqual(await finished(tab), { state: 'done', conversations: 3, rejected: [] });
  assert.equal(browser.values.get(MARK), 'true');
  assert.equal(browser.values.get(KEY), sample);
  const server = new Server(browser);
  for (const old of JSON.parse(sample)) {
    const stored = await server.messages(old.id);
    assert.deepEqual(
      stored,
      old.messages.map(({ id, timestamp, ...rest }) => ({ id, timestamp, ...rest })),
    );
    const opened = await tab.store.getConversation(old.id);
    assert.deepEqual([opened.title, opened.messages.length, opened.onServer], [old.title, old.messages.length, true]);
  }
  const list = await tab.store.getAllConversations();
  const order = JSON.parse(sample)
    .sort((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt))
    .map(({ id }) => id);
  assert.deepEqual(
    list.map(({ id }) => id),
    order,
  );
  assert.deepEqual(tab.of('progress').at(-1), { name: 'progress', task: 'migration', done: 3, total: 3 });
  await tab.store.removeOldData();
  assert.equal(browser.values.has(KEY), false);
});

test('an interrupted migration resumes after a reload and does nothing twice', async () => {
  const browser = withOldData(dump(120, 4));
  let imports = 0;
  browser.network.fault = ({ path }) => {
    if (path === '/import') imports += 1;
    return path === '/import' && imports === 2 ? 'lost' : undefined;
  };
  const tab = await browser.open();
  await until(() => imports >= 2);
  await browser.clock.settle();
  assert.equal((await tab.store.migrate()).state, 'waiting');
  assert.equal(browser.values.has(MARK), false);
  await assert.rejects(tab.store.removeOldData(), { code: 'not_migrated' });
  await tab.crash();

  const again = await browser.open();
  assert.equal((await again.store.getAllConversations()).length, 120);
  assert.deepEqual(await finished(again), { state: 'done', conversations: 120, rejected: [] });
  assert.equal(imports, 4, 'three portions, and one of them twice');
  const { body } = await new Server(browser).call('GET', '/user');
  assert.deepEqual(body.totals.current, { conversations: 120, messages: 480, tokens: 840 });
  assert.equal(browser.values.get(MARK), 'true');
});

test('messages written meanwhile are migrated as well', async () => {
  const browser = withOldData(dump(60, 2));
  browser.network.isOnline = false;
  const tab = await browser.open();
  const [newest] = await tab.store.getAllConversations();
  const opened = await tab.store.getConversation(newest.id);
  const messages = [
    { ...opened.messages[0], content: 'edited' },
    { id: 'new', type: 'user', content: 'new', timestamp: browser.clock.now() },
  ];
  await tab.store.saveConversation({ ...opened, messages });
  await tab.store.deleteConversation('1751545800000');
  await tab.goOnline();
  assert.equal((await finished(tab)).state, 'done');
  await tab.store.flush();
  const server = new Server(browser);
  assert.deepEqual(
    (await server.messages(newest.id)).map(({ content }) => content),
    ['edited', 'new'],
  );
  assert.equal(await server.messages('1751545800000'), undefined);
  assert.equal((await tab.store.getAllConversations()).length, 59);
});

test('old data larger than a request goes in portions, a conversation larger than one in parts', async () => {
  const old = JSON.parse(dump(3, 6, 'x'.repeat(300_000)));
  old[1].messages = JSON.parse(dump(1, 16, 'y'.repeat(400_000)))[0].messages;
  const browser = withOldData(JSON.stringify(old));
  const tab = await browser.open();
  assert.equal((await finished(tab)).state, 'done');
  const server = new Server(browser);
  for (const { id, messages } of old) {
    assert.deepEqual(
      (await server.messages(id)).map((message) => message.id),
      messages.map((message) => message.id),
    );
  }
  assert.ok(browser.network.requests.every(({ body }) => (body?.length ?? 0) < 4_500_000));
});

test('data the server cannot accept unchanged is adapted, or stays here and is reported', async () => {
  const old = [
    { id: 5, messages: [{ type: 'user', content: 'no id' }, { id: 'a b', type: 'robot', content: 'odd' }, { id: 7 }] },
    {
      id: 'c',
      title: 'c',
      messages: [
        { id: 'm', type: 'user', content: 'x'.repeat(1_100_000) },
        { id: 'n', type: 'user', content: 'n' },
      ],
    },
    { id: 'a/b', messages: [] },
    null,
    'text',
  ];
  const browser = withOldData(JSON.stringify(old));
  const tab = await browser.open();
  const report = await finished(tab);
  assert.equal(report.state, 'rejected');
  assert.deepEqual(report.rejected, [
    { id: 'a/b', code: 'invalid_id' },
    { id: '', code: 'invalid_field' },
    { id: '', code: 'invalid_field' },
    { id: 'c', code: 'message_too_large' },
  ]);
  await tab.store.flush();
  const server = new Server(browser);
  assert.deepEqual(
    (await server.messages('5')).map(({ id, type, content }) => [id, type, content]),
    [
      ['5-0', 'user', 'no id'],
      ['5-1', 'system', 'odd'],
      ['7', 'system', ''],
    ],
  );
  assert.deepEqual(
    (await server.messages('c')).map(({ id }) => id),
    ['n'],
  );
  assert.equal((await tab.store.refusedWrites())[0].content.content.length, 1_100_000);
  assert.equal(browser.values.has(MARK), false);
  assert.equal(browser.values.has(KEY), true);
});

test('invalid JSON is left alone, and reported', async () => {
  const browser = withOldData('{broken');
  const tab = await browser.open();
  const report = await tab.store.migrate();
  assert.deepEqual([report.state, report.rejected[0].code], ['rejected', 'invalid_json']);
  assert.equal(browser.values.get(KEY), '{broken');
});

test('the migration can be undone, and repeated with additions of the old frontend', async () => {
  const browser = withOldData(sample);
  let tab = await browser.open();
  await finished(tab);
  await tab.store.addMessage('1751545800000', {
    id: 'later',
    type: 'user',
    content: 'later',
    timestamp: browser.clock.now(),
  });
  assert.deepEqual(await tab.store.undoMigration(), { conversations: 3 });
  const old = JSON.parse(browser.values.get(KEY));
  assert.equal(old.find(({ id }) => id === '1751545800000').messages.at(-1).content, 'later');
  assert.equal(browser.values.has(MARK), false);
  await tab.crash();

  tab = await browser.open();
  assert.equal((await tab.store.getAllConversations()).length, 3);
  assert.equal(browser.values.has(MARK), false, 'undone is undone');
  await tab.crash();

  old[0].messages.push({
    id: 'by-the-old-one',
    type: 'user',
    content: 'old',
    timestamp: new Date(browser.clock.now()).toISOString(),
  });
  browser.values.set(KEY, JSON.stringify(old));
  tab = await browser.open();
  assert.equal((await finished(tab)).state, 'done');
  assert.equal((await new Server(browser).messages(old[0].id)).at(-1).content, 'old');
});

test('with storage off the old data is used locally, and migrated once it is on', async () => {
  const browser = withOldData(sample);
  let tab = await browser.open({ enabled: false });
  assert.equal((await tab.store.getAllConversations()).length, 3);
  assert.equal((await tab.store.migrate()).state, 'waiting');
  await tab.crash();
  tab = await browser.open();
  assert.equal((await finished(tab)).state, 'done');
});

test('an account does not get the old data automatically', async () => {
  const browser = withOldData(sample);
  const tab = await browser.open({ account: 'a', getToken: () => null });
  assert.deepEqual(await tab.store.getAllConversations(), []);
});

test('a title given during the import is saved as well', async () => {
  const browser = withOldData(dump(2, 2));
  let release;
  browser.network.before = async ({ path }) => {
    if (path === '/import' && !release)
      await new Promise((resolve) => {
        release = resolve;
      });
  };
  const tab = await browser.open();
  await until(() => release);
  const id = '1751545800000';
  await tab.store.updateConversation(id, { title: 'given meanwhile' });
  release();
  assert.equal((await finished(tab)).state, 'done');
  await tab.store.flush();
  const there = await new Server(browser).call('GET', `/conversations/${id}`);
  assert.equal(there.body.title, 'given meanwhile');
});

test('old data written to after the migration is not removed', async () => {
  const browser = withOldData(dump(2, 2));
  const tab = await browser.open();
  assert.equal((await finished(tab)).state, 'done');
  browser.values.set(KEY, dump(3, 2));
  await assert.rejects(tab.store.removeOldData(), { code: 'not_migrated' });
  assert.ok(browser.values.has(KEY));
  browser.values.set(KEY, dump(2, 2));
  await tab.store.removeOldData();
  assert.equal(browser.values.has(KEY), false);
});

test('an invalid date stops nothing', async () => {
  const [conversation] = JSON.parse(dump(1, 2));
  conversation.createdAt = 1e30;
  conversation.messages[1].timestamp = 1751545800000000000;
  const tab = await withOldData(JSON.stringify([conversation])).open();
  assert.equal((await finished(tab)).state, 'done');
  assert.equal((await tab.store.getConversation(conversation.id)).messages.length, 2);
});

test('non-text contents, tool messages and conversations without an id are migrated completely', async () => {
  const blocks = [{ type: 'text', text: 'look' }];
  const at = '2026-01-01T00:00:00.000Z';
  const conversation = (title, messages) => ({ title, createdAt: at, updatedAt: at, totalTokens: 0, messages });
  const old = [
    conversation('first', [
      { id: 'b', type: 'user', content: blocks, timestamp: at },
      { id: 't', type: 'tool', content: '27 °C', timestamp: at },
      { id: 'n', type: 'assistant', content: null, toolCalls: [{ id: 'c1' }], timestamp: at },
      { id: 'o', type: 'assistant', content: { text: 'an object' }, timestamp: at },
      { id: 'same', role: 'user', content: 'one', timestamp: at },
      { id: 'same', role: 'assistant', content: 'two', timestamp: at },
    ]),
    conversation('second', [{ id: 'x', type: 'user', content: 'x', timestamp: at }]),
  ];
  const browser = withOldData(JSON.stringify(old));
  const tab = await browser.open();
  assert.deepEqual(await finished(tab), { state: 'done', conversations: 2, rejected: [] });
  const list = await tab.store.getAllConversations();
  assert.deepEqual(list.map(({ title }) => title).sort(), ['first', 'second']);
  const server = new Server(browser);
  const { id } = list.find(({ title }) => title === 'first');
  const [b, t, n, o, one, two] = await server.messages(id);
  assert.deepEqual(
    [b.content, t.type, n.toolCalls, o.originalContent],
    [blocks, 'tool', [{ id: 'c1' }], old[0].messages[3].content],
  );
  assert.deepEqual([one.type, one.content, two.type, two.content], ['user', 'one', 'assistant', 'two']);
});

test('a migration that left something out is not complete', async () => {
  const old = [{ id: 'c', title: 'c', messages: [{ id: 'm', type: 'user', content: 'x' }, null, 'text'] }];
  const browser = withOldData(JSON.stringify(old));
  const tab = await browser.open();
  const report = await finished(tab);
  assert.deepEqual([report.state, report.rejected], ['rejected', [{ id: 'c', code: 'invalid_message' }]]);
  await assert.rejects(tab.store.removeOldData(), { code: 'not_migrated' });
});

test('the list is there before the messages are stored, and opening one waits for it', async () => {
  const browser = withOldData(dump(50, 200));
  const runs = [];
  const openDatabase = async (name) => {
    const database = await browser.openDatabase(name);
    const run = (mode, work) => {
      if (mode === 'readwrite') runs.push(mode);
      return database.run(mode, work);
    };
    return { kind: database.kind, run, close: () => {}, destroy: () => database.destroy() };
  };
  const tab = await browser.open({ enabled: false, environment: { openDatabase } });
  const list = await tab.store.getAllConversations();
  assert.deepEqual([list.length, list[0].messageCount], [50, 200]);
  assert.equal((await tab.store.getConversation(list.at(-1).id)).messages.length, 100);
  await tab.store.migrate();
  assert.ok(runs.length < 25, `${runs.length} transactions`);
  assert.ok((await tab.store.getAllConversations()).every(({ messageCount }) => messageCount === 200));
});

test('a migration interrupted between list and messages resumes after a reload', async () => {
  const browser = withOldData(dump(3, 5));
  let isBroken = true;
  const openDatabase = async (name) => {
    const database = await browser.openDatabase(name);
    const run = (mode, work) =>
      database.run(mode, (tx) => {
        const put = tx.put.bind(tx);
        tx.put = (store, value) => {
          if (isBroken && store === 'messages') throw new Error('the browser was closed');
          return put(store, value);
        };
        return work(tx);
      });
    return { kind: database.kind, run, close: () => {}, destroy: () => database.destroy() };
  };
  const first = await browser.open({ environment: { openDatabase } });
  assert.equal((await first.store.getAllConversations()).length, 3);
  await first.crash();
  isBroken = false;
  const second = await browser.open({ environment: { openDatabase } });
  assert.deepEqual(await finished(second), { state: 'done', conversations: 3, rejected: [] });
  const server = new Server(browser);
  for (const { id, messageCount } of await second.store.getAllConversations()) {
    assert.deepEqual([messageCount, (await server.messages(id)).length], [5, 5]);
  }
});
