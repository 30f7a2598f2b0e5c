/** Saving and loading: what is sent, what comes back, and what happens where another writer is faster. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type UIMessage, validateUIMessages } from 'ai';
import { ask, message, newUser, openStore, treeOf } from './harness.js';

const ids = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);

const call = { toolCallId: 'call-1', callProviderMetadata: { anthropic: { signature: 'c2ln', nothing: null } } };
const WITH_TOOLS: UIMessage[] = [
  {
    id: 'msg-question',
    role: 'user',
    metadata: { createdAt: 1751545800000, tags: ['weather'] },
    parts: [
      { type: 'text', text: 'What is the weather?\n\nIn "Lisbon" \\ \u0000 \u001e.' },
      { type: 'file', mediaType: 'image/png', filename: 'map.png', url: 'data:image/png;base64,iVBORw0KGgo=' },
    ],
  },
  {
    id: 'msg-answer',
    role: 'assistant',
    parts: [
      { type: 'step-start' },
      { type: 'reasoning', id: 'r1', text: 'Hm. '.repeat(300), state: 'done' },
      {
        type: 'tool-weather',
        ...call,
        state: 'output-available',
        input: { city: 'Lisbon' },
        output: { wind: [1, null, '😀'] },
      },
      {
        type: 'dynamic-tool',
        toolName: 'x',
        ...call,
        state: 'output-error',
        input: { a: 1.5 },
        errorText: 'no such city',
      },
      { type: 'source-url', sourceId: 's1', url: 'https://example.com' },
      { type: 'data-weather', id: 'd1', data: { deep: [{ a: [] }] } },
      { type: 'text', text: 'It is **27 °C**.', state: 'done' },
    ],
  },
];

test('calls of tools come back as they were sent, and are validated as they were', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  const chatId = await store.createChat();
  await store.saveChat({ chatId, messages: WITH_TOOLS });
  const loaded = await openStore(token).store.loadChat(chatId);
  assert.deepEqual(loaded, WITH_TOOLS);
  assert.equal(JSON.stringify(loaded.map(({ parts }) => parts)), JSON.stringify(WITH_TOOLS.map(({ parts }) => parts)));
  await validateUIMessages({ messages: loaded });
  const [question, answer] = await treeOf(token, chatId);
  assert.equal(question?.status, 'complete');
  assert.ok(answer?.content?.endsWith('It is **27 °C**.'), answer?.content);
});

test('metadata that is no object is kept too', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  const messages = [
    { ...message('user', 'a', 'q'), metadata: ['list', 1] },
    { ...message('assistant', 'b', 'a'), metadata: 'text' },
  ];
  await store.saveChat({ chatId: 'c', messages });
  assert.deepEqual(await openStore(token).store.loadChat('c'), messages);
});

test('only what is new or changed is sent', async () => {
  const token = await newUser();
  const { store, network } = openStore(token);
  const chatId = await store.createChat();
  const messages = Array.from({ length: 150 }, (_, at) =>
    message(at % 2 ? 'assistant' : 'user', `text ${at}`, `n${at}`),
  );
  await store.saveChat({ chatId, messages });
  assert.equal(network.count('POST'), 1 + 2, 'a request for each 100 messages');
  assert.deepEqual(await openStore(token).store.loadChat(chatId), messages);

  network.reset();
  await store.saveChat({ chatId, messages: structuredClone(messages) });
  assert.equal(network.count(), 0, 'nothing is new');

  const more = [...messages, message('user', 'more', 'n150')];
  await store.saveChat({ chatId, messages: more });
  assert.deepEqual(network.sent, [`POST /conversations/${chatId}/messages`]);

  network.reset();
  const changed = more.with(149, message('assistant', 'put right', 'n149'));
  await store.saveChat({ chatId, messages: changed });
  assert.deepEqual(network.sent, [`PATCH /conversations/${chatId}/messages/n149`]);
  assert.deepEqual(await openStore(token).store.loadChat(chatId), changed);
});

test('a branch that is switched while pages are read does not mix two paths', async () => {
  const token = await newUser();
  const { store, network } = openStore(token);
  const line = (name: string) => Array.from({ length: 120 }, (_, at) => message('user', 'x', `${name}${at}`));
  await store.saveChat({ chatId: 'c', messages: line('a') });
  await store.saveChat({ chatId: 'c', messages: line('b') });
  let isSwitched = false;
  network.before = async (_method, path) => {
    if (!path.includes('cursor') || isSwitched) return;
    isSwitched = true;
    await ask(token, '/conversations/c', 'PATCH', { headId: 'a119' });
  };
  assert.deepEqual(ids(await store.loadChat('c')), ids(line('a')));
});

test('another process reads what is there, and sends what is missing', async () => {
  const token = await newUser();
  const messages = [message('user', 'q', 'q'), message('assistant', 'a', 'a')];
  await openStore(token).store.saveChat({ chatId: 'c', messages });
  const { store, network } = openStore(token);
  await store.saveChat({ chatId: 'c', messages: [...messages, message('user', 'q2', 'q2')] });
  assert.deepEqual(network.sent, ['GET /conversations/c?limit=100', 'POST /conversations/c/messages']);

  // After loading, as a route does it, there is nothing to read.
  const route = openStore(token);
  const loaded = await route.store.loadChat('c');
  route.network.reset();
  await route.store.saveChat({ chatId: 'c', messages: [...loaded, message('assistant', 'a2', 'a2')] });
  assert.equal(route.network.count(), 1);
  assert.deepEqual(ids(await route.store.loadChat('c')), ['q', 'a', 'q2', 'a2']);
});

test('validators that reorder members make nothing new', async () => {
  const token = await newUser();
  const { store, network } = openStore(token);
  const part = {
    type: 'tool-x',
    toolCallId: 't',
    state: 'output-available',
    input: { a: 1, b: { c: 1, d: 2 } },
    output: 1,
  };
  const first = { id: 'a', role: 'assistant', parts: [part] } as UIMessage;
  await store.saveChat({ chatId: 'c', messages: [first] });
  network.reset();
  const { type, ...rest } = { ...part, input: { b: { d: 2, c: 1 }, a: 1 } };
  await store.saveChat({
    chatId: 'c',
    messages: [{ parts: [{ ...rest, type }], role: 'assistant', id: 'a' } as UIMessage],
  });
  assert.equal(network.count(), 0);
});

test('a regenerated answer becomes a sibling, and one can switch back', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  const question = message('user', 'q', 'q');
  await store.saveChat({
    chatId: 'c',
    messages: [question, message('assistant', 'a1', 'a1'), message('user', 'q2', 'q2')],
  });
  const { headId } = await store.saveChat({ chatId: 'c', messages: [question, message('assistant', 'a2', 'a2')] });
  assert.equal(headId, 'a2');
  const opened = await store.openChat('c');
  assert.deepEqual(ids(opened.messages), ['q', 'a2']);
  assert.deepEqual(opened.siblingIds, { a2: ['a1', 'a2'] });
  await store.selectVersion('c', 'a1');
  assert.deepEqual(ids(await store.loadChat('c')), ['q', 'a1', 'q2']);
  assert.deepEqual(ids(await store.loadChat('c', { upTo: 'a2' })), ['q', 'a2'], 'a line beside the active path');
  assert.deepEqual(ids(await store.loadChat('c', { upTo: 'a1' })), ['q', 'a1']);
  assert.deepEqual(await store.loadChat('c', { upTo: null }), []);
  await assert.rejects(store.loadChat('c', { upTo: 'nowhere' }), { code: 'message_not_found' });
});

test('an edited question begins a branch, whether it has a new id or its old one', async () => {
  const token = await newUser();
  const { store, network } = openStore(token);
  const [q, a] = [message('user', 'q', 'q'), message('assistant', 'a', 'a')];
  await store.saveChat({
    chatId: 'c',
    messages: [q, a, message('user', 'q2', 'q2'), message('assistant', 'a2', 'a2')],
  });
  // As a page does that gives it a new id.
  await store.saveChat({ chatId: 'c', messages: [q, a, message('user', 'better', 'q3')] });
  assert.deepEqual((await store.openChat('c')).siblingIds, { q3: ['q2', 'q3'] });
  // As useChat does with a messageId. The question that was answered is not replaced.
  const edited = [message('user', 'q, put better', 'q')];
  const { headId } = await store.saveChat({ chatId: 'c', messages: edited });
  assert.notEqual(headId, 'q');
  assert.deepEqual((await store.openChat('c')).siblingIds, { [headId as string]: ['q', headId] });
  // Saved again, also by another process, it is the same one.
  assert.deepEqual(await store.saveChat({ chatId: 'c', messages: edited }), { headId });
  network.reset();
  assert.deepEqual(await store.saveChat({ chatId: 'c', messages: edited }), { headId });
  assert.equal(network.count(), 0);
  const answered = [...edited, message('assistant', 'a4', 'a4')];
  await openStore(token).store.saveChat({ chatId: 'c', messages: answered });
  const tree = await treeOf(token, 'c');
  assert.equal(tree.length, 7);
  assert.equal(tree.find(({ id }) => id === 'a4')?.parentId, headId);
  assert.equal(tree.find(({ id }) => id === 'q')?.parts?.[0]?.text, 'q');
});

test('a question that nobody has answered is changed where it stands', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  await store.saveChat({ chatId: 'c', messages: [message('user', 'q', 'q')] });
  await store.saveChat({ chatId: 'c', messages: [message('user', 'better', 'q')] });
  assert.deepEqual(
    (await treeOf(token, 'c')).map(({ parts }) => parts?.[0]?.text),
    ['better'],
  );
});

test('what another client put into a message stays when its parts change', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  await store.saveChat({ chatId: 'c', messages: [{ ...message('assistant', 'a', 'a'), metadata: { x: 1 } }] });
  await ask(token, '/conversations/c/messages/a', 'PATCH', { rating: 5, model: 'a-model' });
  await store.saveChat({ chatId: 'c', messages: [message('assistant', 'b', 'a')] });
  const [stored] = (await treeOf(token, 'c')) as unknown as Record<string, unknown>[];
  assert.deepEqual([stored?.rating, stored?.model, stored?.content, stored?.metadata], [5, 'a-model', 'b', undefined]);
});

test('messages of other clients are shown by their text, and are left alone', async () => {
  const token = await newUser();
  await ask(token, '/conversations', 'POST', {
    id: 'c',
    messages: [
      { id: 'q', type: 'user', content: 'plain' },
      {
        id: 'a',
        type: 'assistant',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
      { id: 't', type: 'tool', format: 'x', parts: [{ type: 'text', text: 'three' }] },
    ],
  });
  const { store, network } = openStore(token);
  const loaded = await store.loadChat('c');
  await validateUIMessages({ messages: loaded });
  assert.deepEqual(
    loaded.map(({ role, parts }) => [role, parts]),
    [
      ['user', [{ type: 'text', text: 'plain' }]],
      ['assistant', [{ type: 'text', text: 'one\n\ntwo' }]],
      ['assistant', [{ type: 'text', text: 'three' }]],
    ],
  );
  network.reset();
  await store.saveChat({ chatId: 'c', messages: loaded });
  assert.equal(network.count(), 0);
});

test('responses that are lost double nothing', async () => {
  const token = await newUser();
  const { store, network } = openStore(token);
  const lost = new Set<string>();
  // The first response to each request.
  network.loses = (method, path) => {
    const request = `${method} ${path}`;
    return !lost.has(request) && lost.add(request).size > 0;
  };
  const chatId = await store.createChat();
  const messages = [message('user', 'q'), message('assistant', 'a')];
  await store.saveChat({ chatId, messages });
  await store.saveChat({
    chatId,
    messages: [...messages.with(1, { ...message('assistant', 'b'), id: messages[1]?.id as string })],
  });
  assert.equal(await store.setActiveStream(chatId, 's'), true);
  assert.equal(await store.clearActiveStream(chatId, 's'), true);
  assert.deepEqual(
    (await treeOf(token, chatId)).map(({ parts }) => parts?.[0]?.text),
    ['q', 'b'],
  );
  assert.equal((await store.listChats()).chats.length, 1);
  assert.equal(network.keys.size, 4);
  for (const [request, keys] of network.keys) {
    assert.ok(keys.length >= 2, `${request} was sent again`);
    assert.equal(keys[0], keys[1], `${request} under its key`);
    assert.equal(new Set(keys).size, keys.length - 1, `${request}: another one under another key`);
  }
});

test('two writers append behind the same message: both stay, as branches', async () => {
  const token = await newUser();
  const [one, other] = [openStore(token).store, openStore(token).store];
  const base = [message('user', 'q', 'q'), message('assistant', 'a', 'a')];
  await one.saveChat({ chatId: 'c', messages: base });
  await other.loadChat('c');
  const save = (store: typeof one, id: string) =>
    store.saveChat({ chatId: 'c', messages: [...base, message('user', id, id)] });
  await Promise.all([save(one, 'x'), save(other, 'y'), save(one, 'x')]);
  const tree = await treeOf(token, 'c');
  assert.deepEqual(tree.map(({ id }) => id).sort(), ['a', 'q', 'x', 'y']);
  assert.deepEqual(
    tree.filter(({ id }) => id === 'x' || id === 'y').map(({ parentId }) => parentId),
    ['a', 'a'],
  );
});

test('what another device has deleted stays deleted, and what follows is saved', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  const messages = [message('user', 'q', 'q'), message('assistant', 'a', 'a'), message('user', 'q2', 'q2')];
  await store.saveChat({ chatId: 'c', messages });
  await ask(token, '/conversations/c/messages/q2', 'DELETE');
  await store.saveChat({ chatId: 'c', messages: [...messages, message('assistant', 'a2', 'a2')] });
  assert.deepEqual(
    (await treeOf(token, 'c')).map(({ id, parentId }) => `${id}<${parentId}`),
    ['q<null', 'a<q', 'a2<a'],
  );
  // A process that knew nothing of it is told by the service.
  const again = [...messages, message('assistant', 'a2', 'a2'), message('user', 'q3', 'q3')];
  await openStore(token).store.saveChat({ chatId: 'c', messages: again });
  assert.deepEqual(ids(await store.loadChat('c')), ['q', 'a', 'a2', 'q3']);
});

test('a message that was changed and then deleted stays deleted too', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  const messages = [message('user', 'q', 'q'), message('assistant', 'a', 'a')];
  await store.saveChat({ chatId: 'c', messages });
  const changed = [...messages.slice(0, 1), message('assistant', 'changed', 'a')];
  await store.saveChat({ chatId: 'c', messages: changed });
  await ask(token, '/conversations/c/messages/a', 'DELETE');
  await store.saveChat({ chatId: 'c', messages: [...changed, message('user', 'q2', 'q2')] });
  assert.deepEqual(
    (await treeOf(token, 'c')).map(({ id, parentId }) => `${id}<${parentId}`),
    ['q<null', 'q2<q'],
  );
});

test('a message that is refused does not take those before it along', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  await store.createChat({ id: 'c' });
  const tooLarge = message('assistant', 'x'.repeat(3_200_000), 'a');
  const messages = [message('user', 'q', 'q'), tooLarge];
  await assert.rejects(store.saveChat({ chatId: 'c', messages }), { code: 'message_too_large' });
  assert.deepEqual(
    (await treeOf(token, 'c')).map(({ id }) => id),
    ['q'],
  );
  await store.saveChat({ chatId: 'c', messages: messages.with(1, message('assistant', 'shorter', 'a')) });
  assert.deepEqual(ids(await store.loadChat('c')), ['q', 'a']);
});

test('what cannot be saved is refused before anything is sent', async () => {
  const { store, network } = openStore('not a token');
  const save = (...messages: unknown[]) => store.saveChat({ chatId: 'c', messages: messages as UIMessage[] });
  await assert.rejects(save(message('user', 'x', 'a.b')), {
    code: 'invalid_id',
    message: /messages\[0\] has the id "a.b"/,
  });
  await assert.rejects(save(message('user', 'x', '')), { code: 'invalid_id' });
  await assert.rejects(save(message('user', 'x', 'a'), message('user', 'y', 'a')), { code: 'duplicate_id' });
  await assert.rejects(save({ id: 'a', role: 'user' }), { code: 'invalid_message' });
  await assert.rejects(save({ id: 'a', role: 'tool', parts: [] }), { code: 'invalid_message' });
  await assert.rejects(store.loadChat('../session'), { code: 'invalid_id' });
  assert.equal(network.count(), 0);
  await assert.rejects(store.createChat(), { code: 'invalid_token', status: 401 });
});

test('one store with a token for each request mixes no users', async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  let current = alice;
  const { store, network } = openStore(() => current);
  const messages = [message('user', 'the same', 'q')];
  await store.saveChat({ chatId: 'c', messages });
  current = bob;
  network.reset();
  await store.saveChat({ chatId: 'c', messages });
  assert.ok(network.count() > 0, 'what is known of one is nothing to the other');
  assert.equal((await treeOf(bob, 'c')).length, 1);
  assert.equal((await treeOf(alice, 'c')).length, 1);
});

test('a chat whose id a page chose begins with its first save; a deleted one does not come back', async () => {
  const token = await newUser();
  const { store, network } = openStore(token);
  const messages = [message('user', 'Hello there', 'q')];
  await store.saveChat({ chatId: 'c', messages });
  assert.deepEqual(network.sent, ['GET /conversations/c?limit=100', 'POST /conversations']);
  const { chats } = await store.listChats();
  assert.deepEqual(
    chats.map(({ id, title }) => [id, title]),
    [['c', 'Hello there']],
  );
  await ask(token, '/conversations/c', 'DELETE');
  await assert.rejects(openStore(token).store.saveChat({ chatId: 'c', messages }), { code: 'conversation_deleted' });
});
