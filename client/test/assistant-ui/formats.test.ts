/** What is stored of a message in each format, and what comes back of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromThreadMessageLike, type MessageFormatAdapter, type ThreadMessage } from '@assistant-ui/react';
import type { Content } from '../../src/assistant-ui/stored-message.js';
import { ask, message, newUser } from '../ai-sdk/harness.js';
import { chain, FORMAT, openDevice, storedOf } from './harness.js';

test('whatever a format encodes comes back, its keys in their order', async () => {
  const token = await newUser();
  const parts = [{ type: 'text', text: 'x', n: [1e21, 0.1, null, '\ud800'] }];
  const contents = [
    { z: 1, parts, role: 'user', metadata: { b: 1, a: { parts: null } }, a: '\u0000' },
    { role: 'assistant', metadata: 'text', parts: 'none' },
    { role: 'assistant', metadata: null, parts: [], content: 'Some text' },
    { type: 'human', content: 'Hello from LangChain', id: 7 },
    {
      content: [
        { type: 'text', text: 'one' },
        { type: 'image', image: 'data:,' },
      ],
      role: 'user',
    },
    { role: 'assistant', parts: Array.from({ length: 1_001 }, () => ({ type: 'text', text: '.' })) },
    { role: 'assistant', parts: [1, { type: 2 }] },
    { fields: { content: 'parts' }, assistantUi: {}, content: { parts: [] } },
    {},
  ];
  const format: MessageFormatAdapter<{ id: string; content: Content }, Content> = {
    format: 'test/v1',
    encode: ({ message }) => message.content,
    decode: (stored) => ({
      parentId: stored.parent_id,
      message: { id: stored.id, content: stored.content },
    }),
    getId: ({ id }) => id,
  };
  const { own, remoteId } = openDevice(token).openThread();
  const history = own.withFormat(format);
  const items = chain(contents.map((content, index) => ({ id: `m${index}`, content })));
  for (const item of items) await history.append(item);
  const loaded = await history.load();
  assert.equal(JSON.stringify(loaded.messages), JSON.stringify(items));
  const stored = await storedOf(token, await remoteId());
  const texts = stored.map(({ content }) => content);
  assert.deepEqual(texts.slice(2, 5), ['Some text', 'Hello from LangChain', 'one\n\n[image]']);
  assert.equal(stored[3]?.type, 'user');
});

test('what other clients wrote is shown, and stays as it is', async () => {
  const token = await newUser();
  const parts = [{ type: 'tool-weather', toolCallId: '1', state: 'output-available', input: {}, output: 1 }];
  const messages = [
    { id: 'text', type: 'user', content: 'Plain text' },
    { id: 'v7', type: 'assistant', format: 'ai-sdk/v7', parts, metadata: { a: 1 } },
    { id: 'blocks', type: 'user', content: [{ type: 'text', text: 'In a block' }] },
    { id: 'tool', type: 'tool', content: '27' },
  ];
  await ask(token, '/conversations', 'POST', { id: 'c', messages });
  const before = await storedOf(token, 'c');
  const { history, own } = openDevice(token).openThread('c');
  const loaded = (await history.load()).messages;
  assert.deepEqual(
    loaded.map(({ message: { role, parts: shownParts } }) => [role, shownParts]),
    [
      ['user', [{ type: 'text', text: 'Plain text' }]],
      ['assistant', parts],
      ['user', [{ type: 'text', text: 'In a block' }]],
      ['assistant', [{ type: 'text', text: '27' }]],
    ],
  );
  const [first] = (await own.load()).messages;
  assert.deepEqual([first?.message.role, first?.message.content], ['user', [{ type: 'text', text: 'Plain text' }]]);
  assert.deepEqual(await storedOf(token, 'c'), before);

  const unknown = { ...FORMAT, format: 'unheard/of' };
  await own.withFormat(unknown).append({ parentId: 'v7', message: message('user', 'x', 'x') });
  const { headId, messages: seen } = await own.withFormat(unknown).load();
  assert.deepEqual(
    seen.map(({ message: { id }, parentId }) => [id, parentId]),
    [['x', null]],
  );
  assert.equal(headId, 'x');
});

test('messages of a local runtime come back with their dates, tool calls and attachments', async () => {
  const token = await newUser();
  const { own, remoteId } = openDevice(token).openThread();
  const createdAt = new Date('2026-02-03T04:05:06.789Z');
  const nested: ThreadMessage = fromThreadMessageLike({ role: 'assistant', content: 'inner', createdAt }, 'inner', {
    type: 'complete',
    reason: 'stop',
  });
  const attachment = { id: 'f', type: 'file', name: 'a.txt', contentType: 'text/plain', status: { type: 'complete' } };
  const question = fromThreadMessageLike(
    {
      role: 'user',
      createdAt,
      content: [{ type: 'text', text: 'What is in it?' }],
      attachments: [{ ...attachment, content: [{ type: 'text', text: 'hello' }] } as never],
    },
    'q',
    { type: 'complete', reason: 'unknown' },
  );
  const call = {
    type: 'tool-call',
    toolCallId: '1',
    toolName: 'read',
    args: { a: 1 },
    argsText: '{"a":1}',
    result: [1],
  };
  const answer = fromThreadMessageLike(
    {
      role: 'assistant',
      createdAt,
      content: [{ ...call, messages: [nested] } as never, { type: 'text', text: 'Hello.' }],
    },
    'a',
    { type: 'incomplete', reason: 'cancelled' },
  );
  const file = new File(['hello'], 'a.txt');
  const withFile = { ...question, attachments: [{ ...attachment, file, content: [{ type: 'text', text: 'hello' }] }] };
  await own.append({ parentId: null, message: withFile as ThreadMessage, runConfig: { custom: { model: 'm' } } });
  await own.append({ parentId: 'q', message: answer });
  const device = openDevice(token).openThread(await remoteId());
  const { headId, messages } = await device.own.load();
  assert.equal(headId, 'a');
  const withoutFile = { ...JSON.parse(JSON.stringify(question)), createdAt };
  assert.deepEqual(messages, [
    { parentId: null, message: withoutFile, runConfig: { custom: { model: 'm' } } },
    { parentId: 'q', message: answer },
  ]);
  await device.own.update({
    parentId: 'q',
    message: { ...answer, status: { type: 'complete', reason: 'stop' } } as ThreadMessage,
  });
  assert.equal((await own.load()).messages[1]?.message.status?.type, 'complete');
  assert.equal((await storedOf(token, await remoteId()))[1]?.content, '[tool: read]\n\n[result: [1]]\n\nHello.');
  await own.delete(messages);
  assert.deepEqual((await own.load()).messages, []);
});
