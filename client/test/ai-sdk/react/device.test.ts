/** Questions and answers on their way between a page and its server: what the device keeps of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryDatabase } from '../../../src/index.js';
import { until } from '../../helpers.js';
import { message } from '../harness.js';
import { answer, controlled, openChat, openLocalDevice, read } from './harness.js';

const text = (id: string, delta: string) => ({ type: 'text-delta', id, delta }) as const;

type Device = ReturnType<typeof openLocalDevice>;

async function stored(store: Device, id = 'c') {
  return (await store.getConversation(id))?.messages ?? [];
}

test('a question is on the device before it is sent, and the answer when it has ended', async () => {
  const store = openLocalDevice();
  let atSending: unknown[] = [];
  const { send } = openChat(store, 'c', async () => {
    atSending = (await stored(store)).map(({ id, status }) => [id, status]);
    return answer('It is.', 'a');
  });
  const question = { ...message('user', 'Is it?', 'q'), metadata: { from: 'a page' } };
  await read(await send([question]));
  assert.deepEqual(atSending, [['q', 'complete']]);
  const [first, second] = await stored(store);
  assert.deepEqual(
    [first?.type, first?.parts, first?.metadata, first?.format],
    ['user', question.parts, question.metadata, 'ai-sdk/v7'],
  );
  assert.deepEqual([second?.id, second?.type, second?.status], ['a', 'assistant', 'complete']);
  assert.deepEqual(
    [second?.parts, second?.metadata],
    [[{ type: 'text', text: 'It is.', state: 'done' }], { model: 'm' }],
  );
  assert.equal((await store.getConversation('c'))?.title, 'Is it?');
});

for (const [how, remove] of [
  ['deleted', (store: Device) => store.deleteConversation('c')],
  ['erased', (store: Device) => store.eraseEverything()],
] as const) {
  test(`what is asked in a chat that another tab has ${how} is kept, with its answer`, async () => {
    const database = createMemoryDatabase();
    const [store, other] = [openLocalDevice(database), openLocalDevice(database)];
    const { send } = openChat(store, 'c', ({ messages }) => answer('It is.', `${messages.at(-1)?.id}-answer`));
    const first = message('user', 'Is it?', 'q');
    await read(await send([first]));
    await remove(other);
    await read(await send([first, message('user', 'Is it really?', 'again')]));
    const [left, ...more] = await store.getAllConversations();
    assert.deepEqual(more, []);
    const kept = (await stored(store, left?.id)).map(({ id }) => id);
    assert.deepEqual(kept, ['again', 'again-answer']);
  });

  test(`what is asked again in a chat that another tab has ${how} is kept, with its new answer`, async () => {
    const database = createMemoryDatabase();
    const [store, other] = [openLocalDevice(database), openLocalDevice(database)];
    let answers = 0;
    const { send, requests } = openChat(store, 'c', () => answer('It is.', `a${++answers}`));
    const first = message('user', 'Is it?', 'q');
    await read(await send([first]));
    await remove(other);
    await read(await send([first], 'regenerate-message'));
    const [left, ...more] = await store.getAllConversations();
    assert.deepEqual(more, []);
    const kept = (await stored(store, left?.id)).map(({ id, content }) => [id, content]);
    // Under its old id it was deleted.
    const again = requests.at(-1)?.messages.at(-1)?.id;
    assert.notEqual(again, 'q');
    assert.deepEqual(kept, [
      [again, 'Is it?'],
      ['a2', 'It is.'],
    ]);
  });

  test(`an answer brings nothing back that another tab has ${how} meanwhile`, async () => {
    const database = createMemoryDatabase();
    const [store, other] = [openLocalDevice(database), openLocalDevice(database)];
    const { stream, write, close } = controlled();
    const { send } = openChat(store, 'c', () => stream);
    const reading = read(await send([message('user', 'Is it?', 'q')]));
    await remove(other);
    write({ type: 'start', messageId: 'a' }, { type: 'text-start', id: '1' }, text('1', 'It is.'), { type: 'finish' });
    close();
    await reading;
    assert.deepEqual(await store.getAllConversations(), []);
  });
}

test('an answer without an id has the same one on the page and on the device', async () => {
  const store = openLocalDevice();
  const { send } = openChat(store, 'c', () => answer('It is.'));
  const [start] = await read(await send([message('user', 'Is it?', 'q')]));
  const id = (await stored(store)).at(-1)?.id;
  assert.deepEqual(start, { type: 'start', messageId: id });
});

test('an answer is on the device while it is written, for other tabs and after a crash', async () => {
  const store = openLocalDevice();
  const { stream, write, close } = controlled();
  const { send } = openChat(store, 'c', () => stream);
  const reading = read(await send([message('user', 'Is it?', 'q')]));
  write({ type: 'start', messageId: 'a' }, { type: 'text-start', id: '1' }, text('1', 'Half of '));
  let last: unknown;
  await until(async () => {
    last = (await stored(store)).at(-1);
    return (last as { content?: string }).content === 'Half of ';
  });
  assert.equal((last as { status?: string }).status, 'streaming');
  write(text('1', 'it.'), { type: 'text-end', id: '1' }, { type: 'finish' });
  close();
  await reading;
  const [, whole] = await stored(store);
  assert.deepEqual([whole?.content, whole?.status], ['Half of it.', 'complete']);
});

test('what there is of an answer stays that is stopped, or fails', async () => {
  for (const [status, end] of [
    ['error', 'fail'],
    ['error', 'chunk'],
    ['aborted', 'cancel'],
    ['aborted', 'abort'],
  ] as const) {
    const store = openLocalDevice();
    const { stream, write, fail } = controlled();
    const { send } = openChat(store, 'c', () => stream);
    const reader = (await send([message('user', 'Is it?', 'q')])).getReader();
    write({ type: 'start', messageId: 'a' }, { type: 'text-start', id: '1' }, text('1', 'Half'));
    for (let chunk = 0; chunk < 3; chunk++) await reader.read();
    if (end === 'fail') fail(new TypeError('network'));
    if (end === 'chunk') write({ type: 'error', errorText: 'overloaded' });
    if (end === 'abort') write({ type: 'abort' });
    if (end === 'cancel') await reader.cancel();
    else await reader.read().catch(() => undefined);
    const [, half] = await stored(store);
    assert.deepEqual([half?.content, half?.status], ['Half', status], end);
  }
});

test('where the route saves, only a whole answer is written here', async () => {
  const store = openLocalDevice();
  const { stream, write } = controlled();
  const { send } = openChat(store, 'c', () => stream, { resume: true });
  const reader = (await send([message('user', 'Is it?', 'q')])).getReader();
  write({ type: 'start', messageId: 'a' }, { type: 'text-start', id: '1' }, text('1', 'Half'));
  for (let chunk = 0; chunk < 3; chunk++) await reader.read();
  await reader.cancel();
  assert.deepEqual(
    (await stored(store)).map(({ id }) => id),
    ['q'],
  );
  const whole = openChat(store, 'c', () => answer('It is.', 'b'), { resume: true });
  await read(await whole.send([message('user', 'Is it?', 'q')], 'regenerate-message'));
  assert.deepEqual(
    (await stored(store)).map(({ id }) => id),
    ['q', 'b'],
  );
});

test('a result of a tool goes on in the same message', async () => {
  const store = openLocalDevice();
  const tool = { type: 'tool-ask', toolCallId: 't', state: 'output-available', input: {}, output: 'yes' } as const;
  const called = { id: 'a', role: 'assistant' as const, parts: [tool] };
  const { send } = openChat(store, 'c', () => answer('Then it is.', 'a'));
  await read(await send([message('user', 'Is it?', 'q'), called]));
  const last = (await stored(store)).at(-1);
  assert.deepEqual([last?.id, last?.parts?.map(({ type }) => type)], ['a', ['tool-ask', 'text']]);
});

test('the route is told which stream it is, and what the question follows', async () => {
  const store = openLocalDevice();
  const { send, requests, transport } = openChat(store, 'c', () => answer('It is.'));
  const messages = [message('user', 'q', 'q1'), message('assistant', 'a', 'a1'), message('user', 'q', 'q2')];
  await read(await send(messages));
  assert.equal(requests[0]?.body.parentId, 'a1');
  assert.equal(requests[0]?.body.streamId, transport.streamId);
});

test('a page shows what the device has once that has what the page shows', async () => {
  const store = openLocalDevice();
  const { stream, write, close } = controlled();
  const { send, transport } = openChat(store, 'c', () => stream);
  const reading = read(await send([message('user', 'Is it?', 'q')]));
  const isSettled = async () => transport.isSettledIn((await store.getConversation('c')) as never, [], []);
  assert.equal(await isSettled(), true);
  write({ type: 'start', messageId: 'a' }, { type: 'text-start', id: '1' }, text('1', 'Half'));
  await until(async () => (await stored(store)).length === 2);
  assert.equal(await isSettled(), false);
  write({ type: 'text-end', id: '1' }, { type: 'finish' });
  close();
  await reading;
  assert.equal(await isSettled(), true);
});

test('an answer that was stopped is not taken back by what the server had of it so far', () => {
  const { transport } = openChat(openLocalDevice(), 'c', () => answer('It is.'), { resume: true });
  const upTo = (text: string) => [message('user', 'Is it?', 'q'), message('assistant', text, 'a')];
  const isSettled = (text: string) => transport.isSettledIn({ messages: [] } as never, upTo(text), upTo('It is, as'));
  assert.equal(isSettled('It is'), true, 'somebody has made it shorter');
  transport.noteStop('s');
  assert.equal(isSettled('It is'), false);
  assert.equal(isSettled('It is, as'), true);
  assert.equal(isSettled('It is'), true, 'somebody has made it shorter since');
});

test('a stream is followed that is active, not one that has ended, and not without end', async () => {
  const store = openLocalDevice();
  let reconnects = 0;
  const { transport, send } = openChat(store, 'c', () => answer('It is.'), {
    resume: true,
    reconnect: async () => {
      reconnects++;
      throw new TypeError('network');
    },
  });
  await read(await send([message('user', 'Is it?', 'q')]));
  assert.equal(transport.mayFollow(transport.streamId as string), false, 'it has ended here');
  while (transport.mayFollow('s')) {
    assert.equal(await transport.reconnectToStream({ chatId: 'c' }), null, 'for want of a network');
  }
  assert.equal(reconnects, 5);
  const failing = async () => Promise.reject(new Error('The route has failed.'));
  const failed = openChat(store, 'c', () => answer('It is.'), { resume: true, reconnect: failing });
  await assert.rejects(failed.transport.reconnectToStream({ chatId: 'c' }));
  const gone = openChat(store, 'c', () => answer('It is.'), { resume: true });
  assert.equal(gone.transport.mayFollow('s'), true);
  assert.equal(await gone.transport.reconnectToStream({ chatId: 'c' }), null);
  assert.equal(gone.transport.mayFollow('s'), false, 'there is nothing to follow');
});
