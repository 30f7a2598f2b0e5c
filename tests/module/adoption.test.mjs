/** Frontends written for localStorage: what they do, and what they may rely on. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, tick, until } from './harness.mjs';

async function begin({ browser = new Browser() } = {}) {
  const tab = await browser.open();
  const { store } = tab;
  const conversation = store.createNewConversation();
  const question = message(browser.clock, 'user', 'q');
  await store.saveConversation({ ...conversation, messages: [question] });
  await store.flush();
  return { browser, tab, store, question, conversation: await store.getConversation(conversation.id) };
}

test('the confirmation of an own write is not reported as a change', async () => {
  const { browser, tab, store, conversation } = await begin();
  const other = await browser.open();
  await store.addMessage(conversation.id, message(browser.clock, 'user', 'more'));
  await until(() => other.of('change').some(({ source }) => source === 'other-tab'));
  for (const { events } of [tab, other]) events.length = 0;
  await store.flush();
  await tick();
  assert.deepEqual([...new Set(tab.of('change').map(({ source }) => source))], ['tab']);
  assert.deepEqual([...new Set(other.of('change').map(({ source }) => source))], ['tab']);
});

test('a listener that reloads on changes loses nothing of a reply being written', async () => {
  const { browser, store, conversation, question } = await begin();
  let current = conversation;
  store.on('change', async ({ changed, deleted, source }) => {
    if (!current || source === 'tab') return;
    if (changed.includes(current.id)) current = await store.getConversation(current.id);
    if (deleted.includes(current.id)) current = null;
  });
  const reply = { ...message(browser.clock, 'assistant', ''), streaming: true };
  current = { ...current, messages: [question, reply] };
  const words = 'one two three four five six seven eight nine ten'.split(' ');
  for (const [index, word] of words.entries()) {
    const last = current.messages.at(-1);
    const grown = { ...last, content: `${last.content}${word} ` };
    current = { ...current, messages: [...current.messages.slice(0, -1), grown] };
    // Saved less often than it grows: the screen is ahead of what is stored.
    if (index % 2 === 0) await store.saveConversation(current);
    await browser.clock.advance(15_000);
  }
  assert.equal(current.messages.at(-1).content, words.map((word) => `${word} `).join(''));
});

test('a read includes everything saved before it arrives', async () => {
  const browser = new Browser();
  let afterRead = null;
  const openDatabase = async (name) => {
    const database = await browser.openDatabase(name);
    const run = async (mode, work) => {
      let hasListed = false;
      const noting = (tx) => {
        const list = tx.list.bind(tx);
        tx.list = (store, ...rest) => {
          hasListed ||= store === 'messages';
          return list(store, ...rest);
        };
        return work(tx);
      };
      const value = await database.run(mode, noting);
      if (mode === 'readonly' && hasListed) afterRead?.();
      return value;
    };
    return { kind: database.kind, run, close: () => {}, destroy: () => database.destroy() };
  };
  const { store } = await browser.open({ environment: { openDatabase } });
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  let saved;
  afterRead = () => {
    afterRead = null;
    saved = store.addMessage('c', message(browser.clock, 'user', 'typed meanwhile'));
  };
  assert.deepEqual(contents((await store.getConversation('c')).messages), ['q', 'typed meanwhile']);
  await saved;
});

test('a message that cannot be stored does not block the others, and is kept', async () => {
  const { browser, tab, store, conversation, question } = await begin();
  const bad = [
    { id: 'with.dot', type: 'user', content: 'with a dot' },
    { id: 'm-number', type: 'user', content: 5 },
    { id: 'm-robot', type: 'robot', content: 'x' },
  ];
  const next = message(browser.clock, 'user', 'next');
  const save = () => store.saveConversation({ ...conversation, messages: [question, ...bad, next] });
  await save();
  await save();
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages(conversation.id)), ['q', 'next']);
  assert.deepEqual(
    tab.of('refused').map(({ code, messageId }) => [code, messageId]),
    [
      ['invalid_id', 'with.dot'],
      ['invalid_message', 'm-number'],
      ['invalid_message', 'm-robot'],
    ],
  );
  const kept = await store.refusedWrites();
  assert.deepEqual(kept.map(({ content }) => content).reverse(), bad);
});

test('blocks, calls of tools and parts are stored as they are', async () => {
  const { browser, store, conversation, question } = await begin();
  const blocks = [
    { type: 'text', text: 'look' },
    { type: 'image', source: { type: 'url', url: 'https://e.org/a.png' } },
  ];
  const parts = [{ type: 'text', text: 'from parts' }];
  const messages = [
    question,
    { ...message(browser.clock, 'user', 'x'), content: blocks },
    { ...message(browser.clock, 'tool', '27 °C'), toolCallId: 'c1' },
    { ...message(browser.clock, 'assistant', 'x'), content: null, toolCalls: [{ id: 'c1' }] },
    { ...message(browser.clock, 'assistant', 'x'), content: undefined, parts, format: 'ai-sdk/v7' },
  ];
  await store.saveConversation({ ...conversation, messages });
  const read = await store.getConversation(conversation.id);
  assert.deepEqual(contents(read.messages), ['q', blocks, '27 °C', '', 'from parts']);
  await store.flush();
  const stored = await new Server(browser).messages(conversation.id);
  assert.deepEqual(contents(stored), ['q', blocks, '27 °C', '', 'from parts']);
  assert.deepEqual([stored[2].type, stored[4].parts], ['tool', parts]);
});

test('two messages with one id are both kept', async () => {
  const { browser, store, conversation } = await begin();
  const twice = [
    { id: 'same', type: 'user', content: 'first' },
    { id: 'same', type: 'assistant', content: 'second' },
  ];
  for (let save = 0; save < 2; save += 1) await store.saveConversation({ ...conversation, messages: twice });
  await store.flush();
  assert.deepEqual(contents(await new Server(browser).messages(conversation.id)), ['first', 'second']);
});

test('fields that the frontend leaves out are removed; those of other clients stay', async () => {
  const { browser, store, conversation } = await begin();
  const reply = { ...message(browser.clock, 'assistant', 'a'), error: 'broken', attachments: ['f'] };
  await store.saveConversation({ ...conversation, folder: 'work', messages: [...conversation.messages, reply] });
  await store.flush();
  const server = new Server(browser);
  const path = `/conversations/${conversation.id}`;
  await server.call('PATCH', `${path}/messages/${reply.id}`, { rating: 5 });
  await server.call('PATCH', path, { colour: 'red' });
  await store.sync();
  const opened = await until(async () => {
    const read = await store.getConversation(conversation.id);
    return read.messages.at(-1).rating && read;
  });
  assert.deepEqual([opened.folder, opened.colour], ['work', 'red']);
  const { folder, colour, ...rest } = opened;
  const messages = opened.messages.map(({ error, attachments, rating, ...known }) => known);
  await store.saveConversation({ ...rest, messages });
  await store.flush();
  const { error, attachments, rating } = (await server.messages(conversation.id)).at(-1);
  assert.deepEqual([error, attachments, rating], [undefined, undefined, 5]);
  const [summary] = await server.summaries();
  assert.deepEqual([summary.folder, summary.colour], [undefined, 'red']);
});

test('an edit that drops later messages reaches the server as a whole after 30 seconds', async () => {
  const { browser, store, conversation, question } = await begin();
  const reply = message(browser.clock, 'assistant', 'a');
  await store.saveConversation({ ...conversation, messages: [question, reply] });
  await store.flush();
  const streaming = { ...message(browser.clock, 'assistant', 'anew'), streaming: true };
  const edited = [{ ...question, content: 'q, edited' }, streaming];
  const opened = await store.getConversation(conversation.id);
  await store.saveConversation({ ...opened, messages: edited });
  await browser.clock.advance(31_000);
  assert.deepEqual(contents(await new Server(browser).messages(conversation.id)), ['q, edited', 'anew']);
});

test('the tokens of a conversation follow its messages, whatever part of it the frontend has counted', async () => {
  const { browser, store, conversation } = await begin();
  const reply = (total) => ({
    ...message(browser.clock, 'assistant', 'a'),
    tokens: { input: 0, output: total, total },
  });
  await store.addMessage(conversation.id, reply(8_000));
  await store.flush();
  const opened = await store.getConversation(conversation.id);
  assert.equal(opened.totalTokens, 8_000);
  await store.saveConversation({ ...opened, totalTokens: 12, messages: [...opened.messages, reply(39)] });
  assert.equal((await store.getConversation(conversation.id)).totalTokens, 8_039);
  await store.flush();
  assert.equal((await store.getConversation(conversation.id)).totalTokens, 8_039);
});
