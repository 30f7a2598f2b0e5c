/** Two devices change the same conversation: what is kept of both. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

/** Two devices of one user, sharing a clock, that both hold a conversation of two messages. */
async function two() {
  const laptop = new Browser();
  const phone = new Browser({ clock: laptop.clock });
  const a = await laptop.open();
  const messages = [message(laptop.clock, 'user', 'q'), message(laptop.clock, 'assistant', 'a')];
  await a.store.saveConversation({ ...a.store.createNewConversation(), id: 'c', messages });
  await a.store.flush();
  for (const [key, value] of laptop.values) phone.values.set(key, value);
  const b = await phone.open();
  await b.store.sync();
  await b.store.getConversation('c');
  return { laptop, phone, a, b, messages, clock: laptop.clock, server: new Server(laptop) };
}

/** Both go offline, one writes, then the other; they come back in that order. */
async function apart({ a, b, clock }, byA, byB) {
  await a.goOffline();
  await b.goOffline();
  await byA(a.store);
  await clock.advance(5_000);
  await byB(b.store);
  await clock.advance(5_000);
  await a.goOnline();
  await a.store.flush();
  await b.goOnline();
  await b.store.flush();
  await a.store.sync();
  await a.store.getConversation('c');
  await clock.settle();
}

test('messages of both sides stay', async () => {
  const both = await two();
  const { a, b, clock, server } = both;
  const [one, other] = [message(clock, 'user', 'by a'), message(clock, 'user', 'by b')];
  const save = async (store, added) => {
    const conversation = await store.getConversation('c');
    await store.saveConversation({ ...conversation, messages: [...conversation.messages, added] });
  };
  await apart(
    both,
    (store) => save(store, one),
    (store) => save(store, other),
  );
  const expected = ['q', 'a', 'by a', 'by b'];
  assert.deepEqual(contents(await server.messages('c')), expected);
  for (const { store } of [a, b]) assert.deepEqual(contents(await store.getConversation('c')), expected);
});

test('a stale tab does not erase newer turns', async () => {
  const both = await two();
  const { b, clock, server } = both;
  const stale = await b.store.getConversation('c');
  await apart(
    both,
    (store) => store.addMessage('c', message(clock, 'user', 'newer')),
    (store) =>
      store.saveConversation({
        ...stale,
        messages: [...stale.messages.slice(0, 1), message(clock, 'assistant', 'again')],
      }),
  );
  assert.deepEqual(contents(await server.messages('c')), ['q', 'newer', 'again']);
  assert.deepEqual(contents(await b.store.getConversation('c')), ['q', 'newer', 'again']);
  assert.ok(b.of('conflict').some(({ kind }) => kind === 'messages-added'));
});

test('of two edits of one message the newer one stays, and the older one is kept', async () => {
  const both = await two();
  const { a, b, messages, server } = both;
  const [{ id }] = messages;
  await apart(
    both,
    (store) => store.updateMessage('c', id, { content: 'older edit' }),
    (store) => store.updateMessage('c', id, { content: 'newer edit' }),
  );
  assert.deepEqual(contents(await server.messages('c')), ['newer edit', 'a']);
  assert.deepEqual(contents(await a.store.getConversation('c')), ['newer edit', 'a']);
  const [conflict] = b.of('conflict');
  assert.deepEqual(
    [conflict.kind, conflict.kept.content, conflict.lost.content],
    ['message-edited', 'newer edit', 'older edit'],
  );
  const [kept] = await b.store.refusedWrites();
  assert.deepEqual([kept.code, kept.content.content], ['edited_elsewhere', 'older edit']);
});

test('a newer edit that shortens a text wins over an older one that lengthens it', async () => {
  const both = await two();
  const [{ id }] = both.messages;
  await apart(
    both,
    (store) => store.updateMessage('c', id, { content: 'a text and more' }),
    (store) => store.updateMessage('c', id, { content: 'a text' }),
  );
  assert.deepEqual(contents(await both.server.messages('c')), ['a text', 'a']);
  assert.equal((await both.b.store.refusedWrites())[0].content.content, 'a text and more');
});

test('the newer edit stays although it arrived first', async () => {
  const both = await two();
  const { a, b, clock, messages, server } = both;
  const [{ id }] = messages;
  await b.goOffline();
  await b.store.updateMessage('c', id, { content: 'older edit' });
  await clock.advance(5_000);
  await a.store.updateMessage('c', id, { content: 'newer edit' });
  await a.store.flush();
  await b.goOnline();
  await b.store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['newer edit', 'a']);
  assert.deepEqual(contents(await b.store.getConversation('c')), ['newer edit', 'a']);
  const [kept] = await b.store.refusedWrites();
  assert.equal(kept.content.content, 'older edit');
});

test('a deletion wins over an unedited message, an edited one stays', async () => {
  const both = await two();
  const { b, messages, server } = both;
  await apart(
    both,
    async (store) => {
      await store.deleteMessage('c', messages[0].id);
      await store.deleteMessage('c', messages[1].id);
    },
    (store) => store.updateMessage('c', messages[1].id, { content: 'edited' }),
  );
  assert.deepEqual(contents(await server.messages('c')), ['edited']);
  assert.deepEqual(
    b.of('conflict').map(({ kind }) => kind),
    ['edited-message-deleted'],
  );
});

test('a message deleted here and edited there stays', async () => {
  const both = await two();
  const { b, messages, server } = both;
  await apart(
    both,
    (store) => store.updateMessage('c', messages[1].id, { content: 'edited' }),
    (store) => store.deleteMessage('c', messages[0].id, { andAfter: true }),
  );
  assert.deepEqual(contents(await server.messages('c')), ['edited']);
  assert.deepEqual(contents(await b.store.getConversation('c')), ['edited']);
  assert.ok(b.of('conflict').some(({ kind }) => kind === 'deleted-message-edited'));
});

test('a conversation deleted there and written to here continues under another id', async () => {
  const both = await two();
  const { b, clock, server } = both;
  await apart(
    both,
    (store) => store.deleteConversation('c'),
    (store) => store.addMessage('c', message(clock, 'user', 'unsent')),
  );
  const [conflict] = b.of('conflict');
  assert.equal(conflict.kind, 'conversation-deleted');
  assert.equal(await server.messages('c'), undefined);
  assert.deepEqual(contents(await server.messages(conflict.movedTo)), ['q', 'a', 'unsent']);
  // A frontend that still shows the old one continues with it.
  const opened = await b.store.getConversation('c');
  await b.store.saveConversation({
    ...opened,
    id: 'c',
    messages: [...opened.messages, message(clock, 'assistant', 'on')],
  });
  await b.store.flush();
  assert.deepEqual(contents(await server.messages(conflict.movedTo)), ['q', 'a', 'unsent', 'on']);
});

test('a conversation deleted there and unchanged here is gone', async () => {
  const both = await two();
  const { b } = both;
  await apart(
    both,
    (store) => store.deleteConversation('c'),
    async () => {},
  );
  await b.store.sync();
  assert.deepEqual(await b.store.getAllConversations(), []);
  assert.ok(b.of('change').some(({ deleted }) => deleted.includes('c')));
});

test('a conversation deleted here and written to there stays', async () => {
  const both = await two();
  const { b, clock, server } = both;
  await apart(
    both,
    (store) => store.addMessage('c', message(clock, 'user', 'important')),
    (store) => store.deleteConversation('c'),
  );
  assert.deepEqual(contents(await server.messages('c')), ['q', 'a', 'important']);
  assert.deepEqual(contents(await b.store.getConversation('c')), ['q', 'a', 'important']);
  assert.deepEqual(
    b.of('conflict').map(({ kind }) => kind),
    ['deleted-conversation-edited'],
  );
});

test('of two titles the newer stays; other fields of both do', async () => {
  const both = await two();
  const { a, b, server } = both;
  await apart(
    both,
    (store) => store.updateConversation('c', { title: 'older', pinned: true }),
    (store) => store.updateConversation('c', { title: 'newer', tags: ['x'] }),
  );
  const [summary] = await server.summaries();
  assert.deepEqual([summary.title, summary.pinned, summary.tags], ['newer', true, ['x']]);
  const here = await a.store.getConversation('c');
  assert.deepEqual([here.title, here.pinned, here.tags], ['newer', true, ['x']]);
  assert.deepEqual(
    b.of('conflict').map(({ kind, field }) => [kind, field]),
    [['conversation-edited', 'title']],
  );
});

test('a frontend that saves its old copy does not undo what changed elsewhere', async () => {
  const both = await two();
  const { a, b, clock, messages, server } = both;
  const old = await b.store.getConversation('c');
  await a.store.updateMessage('c', messages[0].id, { content: 'edited by a' });
  await a.store.updateConversation('c', { title: 'renamed by a' });
  await a.store.flush();
  await b.store.sync();
  await b.store.getConversation('c');
  await clock.settle();
  const more = [...old.messages, message(clock, 'user', 'by b')];
  await b.store.saveConversation({ ...old, messages: more });
  const { id, title } = old;
  await b.store.saveConversation({ id, title, messages: more });
  await b.store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['edited by a', 'a', 'by b']);
  assert.equal((await server.summaries())[0].title, 'renamed by a');
});

test('the same conversation begun on two devices becomes one', async () => {
  const both = await two();
  const { b, clock, server } = both;
  const shared = { id: '1751545800001', type: 'user', content: 'shared', timestamp: 1751545800001 };
  const mine = (text, at) => ({ id: `m-${text}`, type: 'assistant', content: text, timestamp: at });
  await apart(
    both,
    (store) => store.saveConversation({ id: '1751545800000', messages: [shared, mine('a', clock.now())] }),
    (store) => store.saveConversation({ id: '1751545800000', messages: [shared, mine('b', clock.now())] }),
  );
  assert.deepEqual(contents(await server.messages('1751545800000')), ['shared', 'a', 'b']);
  assert.deepEqual(contents(await b.store.getConversation('1751545800000')), ['shared', 'a', 'b']);
});

test('a list older than a conversation does not remove it', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  let isAnswered = false;
  browser.network.after = async ({ path }) => {
    if (!path.startsWith('/sync')) return;
    isAnswered = true;
    await held;
  };
  const synced = store.sync();
  await until(() => isAnswered);
  await store.saveConversation({ id: 'late', messages: [message(browser.clock, 'user', 'q')] });
  const flushed = store.flush();
  await until(async () => (await store.getConversation('late')).onServer);
  letGo();
  await Promise.all([synced, flushed]);
  assert.equal((await store.getConversation('late')).onServer, true);
  await store.deleteConversation('late');
  await store.flush();
  assert.deepEqual(await new Server(browser).summaries(), []);
});
