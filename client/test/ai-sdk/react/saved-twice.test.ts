/** A device and an application's route that save the same messages: each is there once, and nobody is in the other's way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUIMessageStream, type UIMessage } from 'ai';
import type { ConflictEvent, ConversationStore } from '../../../src/index.js';
import { message, newUser, openStore, treeOf, until } from '../harness.js';
import { answer, openChat, openDevice, read } from './harness.js';

const question = message('user', 'Is it?', 'q');

/** All that the device and the server have, once everything is sent. */
async function settled(device: ConversationStore, token: string) {
  await device.flush();
  await device.sync();
  await until(async () => (await device.getConversation('c'))?.pending === false);
  const here = (await device.getConversation('c'))?.messages ?? [];
  const there = await treeOf(token, 'c');
  const plain = ({ id, status, parts }: { id: string; status?: string; parts?: unknown }) => ({ id, status, parts });
  assert.deepEqual(here.map(plain), there.map(plain));
  assert.deepEqual(await device.refusedWrites(), []);
  return there;
}

function conflictsOf(device: ConversationStore): ConflictEvent[] {
  const conflicts: ConflictEvent[] = [];
  device.on('conflict', (conflict) => {
    if (conflict.kind !== 'messages-added') conflicts.push(conflict);
  });
  return conflicts;
}

test('a route that saves the chat at its end saves what the device saves', async (t) => {
  const token = await newUser();
  const { store } = openStore(token);
  const device = openDevice(token);
  t.after(() => device.close());
  const conflicts = conflictsOf(device);
  const { send } = openChat(device, 'c', ({ messages }) =>
    createUIMessageStream<UIMessage>({
      originalMessages: messages,
      execute: ({ writer }) => writer.merge(answer('It is.', 'a')),
      onFinish: ({ messages: all }) => void store.saveChat({ chatId: 'c', messages: all }),
    }),
  );
  await read(await send([question]));
  await until(async () => (await treeOf(token, 'c').catch(() => [])).length === 2);
  const there = await settled(device, token);
  assert.deepEqual(
    there.map(({ id, status }) => [id, status]),
    [
      ['q', 'complete'],
      ['a', 'complete'],
    ],
  );
  assert.deepEqual(conflicts, []);
});

test('an answer that the route saves while it is written is the one that the device saves', async (t) => {
  const token = await newUser();
  const { store } = openStore(token);
  const device = openDevice(token);
  t.after(() => device.close());
  const conflicts = conflictsOf(device);
  const route = async ({ messages, body }: Parameters<Parameters<typeof openChat>[2]>[0]) => {
    const { headId } = await store.saveChat({ chatId: 'c', messages });
    assert.equal(await store.setActiveStream('c', body.streamId), true);
    const options = { chatId: 'c', streamId: body.streamId, messages, parentId: headId };
    return store.createResumableStream({ ...options, stream: answer('It is.', 'a') }).stream;
  };
  const { send } = openChat(device, 'c', route, { resume: true });
  await read(await send([question]));
  const there = await settled(device, token);
  assert.deepEqual(
    there.map(({ id }) => id),
    ['q', 'a'],
  );
  assert.deepEqual(conflicts, []);
});

test('what the route has only the beginning of, the device has whole', async (t) => {
  const token = await newUser();
  const { store } = openStore(token);
  await store.saveChat({ chatId: 'c', messages: [question] });
  const beginning = createUIMessageStream({
    execute: ({ writer }) => {
      writer.write({ type: 'start', messageId: 'a' });
      writer.write({ type: 'text-start', id: '1' });
      writer.write({ type: 'text-delta', id: '1', delta: 'It' });
      writer.write({ type: 'abort' });
    },
  });
  await store.setActiveStream('c', 's');
  await store.createResumableStream({ chatId: 'c', streamId: 's', messages: [question], stream: beginning }).saved;
  const device = openDevice(token);
  t.after(() => device.close());
  const conflicts = conflictsOf(device);
  const { send } = openChat(device, 'c', () => answer('It is.', 'a'));
  await read(await send([question]));
  const there = await settled(device, token);
  assert.deepEqual(
    there.map(({ id, status, content }) => [id, status, content]),
    [
      ['q', 'complete', 'Is it?'],
      ['a', 'complete', 'It is.'],
    ],
  );
  assert.deepEqual(conflicts, []);
});
