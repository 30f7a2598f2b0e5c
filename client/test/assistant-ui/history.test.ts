/** The messages of a thread: what comes back, branches, and what is lost on the way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageRepository } from '@assistant-ui/core/internal';
import { fromThreadMessageLike } from '@assistant-ui/react';
import { readUIMessageStream, type UIMessage } from 'ai';
import { answerBy, ask, message, newUser, TestClock, Writing } from '../ai-sdk/harness.js';
import { chain, FORMAT, openDevice, storedOf } from './harness.js';

/** An answer of the AI SDK with reasoning, a tool's call and result, and text. */
async function answerWithTool(question: UIMessage): Promise<UIMessage> {
  const [calling, answering] = [new Writing(), new Writing()];
  calling.reason('The weather, then.').call('weather', { city: 'Lisbon' }).end('tool-calls');
  answering.begin().text('Warm, and a little windy 😀.').end('stop', '1');
  let last: UIMessage | undefined;
  const stream = answerBy([calling, answering], [question]);
  for await (const state of readUIMessageStream({ stream })) last = state;
  assert.ok(last);
  return { ...last, metadata: { model: 'mock', seconds: 1.5 } };
}

/** As a runtime of assistant-ui holds the thread: message ids by branch. */
function repositoryOf({
  headId,
  messages,
}: {
  headId: string | null;
  messages: { message: UIMessage; parentId: string | null }[];
}) {
  const repository = new MessageRepository();
  const toThreadMessage = ({ id, role, parts }: UIMessage) =>
    fromThreadMessageLike(
      { role, content: parts.flatMap((part) => (part.type === 'text' ? [{ type: 'text', text: part.text }] : [])) },
      id,
      { type: 'complete', reason: 'stop' },
    );
  repository.import({
    headId,
    messages: messages.map((item) => ({ ...item, message: toThreadMessage(item.message) })),
  });
  return repository;
}

const shown = (repository: MessageRepository) => repository.getMessages().map(({ id }) => id);

test('a conversation with tool calls comes back byte for byte, and other clients can read it', async () => {
  const token = await newUser();
  const { history, remoteId } = openDevice(token).openThread();
  const question = message('user', 'How is the weather in Lisbon today, my friend?');
  const items = chain([question, await answerWithTool(question)]);
  for (const item of items) await history.append(item);

  const second = openDevice(token).openThread(await remoteId());
  const loaded = await second.history.load();
  assert.equal(JSON.stringify(loaded.messages), JSON.stringify(items));
  assert.equal(loaded.headId, items[1]?.message.id);

  const [, answer] = await storedOf(token, await remoteId());
  assert.equal(answer?.format, 'ai-sdk/v6');
  assert.equal(answer?.type, 'assistant');
  assert.match(String(answer?.content), /^\[tool: weather\]\n\n\[result: .*\]\n\nWarm, and a little windy 😀\.$/s);
  assert.deepEqual(answer?.metadata, { model: 'mock', seconds: 1.5 });
  const { title } = await ask<{ title: string }>(token, `/conversations/${await remoteId()}?limit=1`);
  assert.equal(title, 'How is the weather in Lisbon');
});

test('an edit and a regenerated answer begin branches, and a switch is there after a reload', async () => {
  const token = await newUser();
  const { history, own, remoteId } = openDevice(token).openThread();
  for (const item of chain([message('user', 'q', 'q1'), message('assistant', 'a', 'a1')])) await history.append(item);
  await history.append({ parentId: 'q1', message: message('assistant', 'again', 'a2') });
  for (const item of chain([message('user', 'edited', 'q2'), message('assistant', 'b', 'b1')]))
    await history.append(item);

  const device = openDevice(token);
  const reload = async () => repositoryOf(await device.openThread(await remoteId()).history.load());
  const repository = await reload();
  assert.deepEqual(shown(repository), ['q2', 'b1'], 'the newest branch is shown');
  assert.deepEqual(repository.getBranches('q2'), ['q1', 'q2']);
  assert.deepEqual(repository.getBranches('a1'), ['a1', 'a2']);

  repository.switchToBranch('a1');
  assert.ok(repository.headId);
  await own.switchToBranch(repository.headId);
  assert.deepEqual(shown(await reload()), ['q1', 'a1']);
  await history.append({ parentId: 'a1', message: message('user', 'on', 'q3') });
  assert.deepEqual(shown(await reload()), ['q1', 'a1', 'q3']);
});

test('ids that the service does not take are known again, as parents and as the head, too', async () => {
  const token = await newUser();
  const { history, own, remoteId } = openDevice(token).openThread();
  const long = `ä.${'x'.repeat(200)}`;
  const items = chain([message('user', 'q', 'run.1/q'), message('assistant', 'a', long), message('user', 'n', '')]);
  for (const item of items) await history.append(item);
  await history.append({ parentId: long, message: message('user', 'other', 'other') });
  await own.switchToBranch('');
  await history.update({ parentId: 'run.1/q', message: message('assistant', 'changed', long) }, long);

  const { headId, messages } = await openDevice(token)
    .openThread(await remoteId())
    .history.load();
  assert.deepEqual(
    messages.map(({ message: { id }, parentId }) => [id, parentId]),
    [
      ['run.1/q', null],
      [long, 'run.1/q'],
      ['', long],
      ['other', long],
    ],
  );
  assert.equal(headId, '');
  await history.delete(messages.slice(1, 2));
  const after = await history.load();
  assert.deepEqual(
    after.messages.map(({ parentId }) => parentId),
    [null, 'run.1/q', 'run.1/q'],
  );
});

test('an update is an upsert, and neither moves the head nor the message', async () => {
  const token = await newUser();
  const { history } = openDevice(token).openThread();
  const [question, answer] = chain([message('user', 'q', 'q'), message('assistant', 'waits for approval', 'a')]);
  assert.ok(question && answer);
  await history.append(question);
  await history.update(answer, 'a');
  assert.equal((await history.load()).headId, 'a', 'whose append had failed');
  await history.append({ parentId: 'a', message: message('user', 'next', 'n') });
  const changed = { parentId: 'q', message: message('assistant', 'approved', 'a') };
  await history.update(changed, 'a');
  await history.update(changed, 'a');
  const { headId, messages } = await history.load();
  assert.equal(headId, 'n');
  assert.deepEqual(messages[1], changed);
  assert.equal(messages.length, 3);
});

test('what follows a deleted message follows what that followed, and deleting twice is no error', async () => {
  const token = await newUser();
  const { history, remoteId } = openDevice(token).openThread();
  const items = chain([message('user', 'q', 'q'), message('assistant', 'a', 'a'), message('user', 'n', 'n')]);
  await history.delete(items);
  for (const item of items) await history.append(item);
  await history.delete(items.slice(1, 2));
  await history.delete(items.slice(1, 2));
  await history.delete(chain([message('user', 'never', 'never')]));
  const { messages } = await openDevice(token)
    .openThread(await remoteId())
    .history.load();
  assert.deepEqual(
    messages.map(({ message: { id }, parentId }) => [id, parentId]),
    [
      ['q', null],
      ['n', 'q'],
    ],
  );
});

test('a lost answer is asked for again under the same key, a few times, with time between', async () => {
  const token = await newUser();
  const clock = new TestClock();
  const { network, openThread } = openDevice(token, { clock });
  const { history, remoteId } = openThread();
  await remoteId();
  let lost = 0;
  network.loses = (method) => method === 'POST' && ++lost <= 3;
  const [question, answer] = chain([message('user', 'q', 'q'), message('assistant', 'a', 'a')]);
  assert.ok(question && answer);
  const appended = history.append(question);
  for (const ms of [250, 500, 1_000]) await clock.advance(ms);
  await appended;
  const keys = network.keys.get(`POST /conversations/${await remoteId()}/messages`) ?? [];
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);

  network.loses = (method) => method === 'POST';
  const failed = assert.rejects(history.append(answer), { code: 'offline' });
  for (const ms of [250, 500, 1_000]) await clock.advance(ms);
  await failed;
  network.loses = () => false;
  const longer = { ...answer, message: message('assistant', 'a, and what came since', 'a') };
  await history.append(longer);
  assert.deepEqual((await history.load()).messages, [question, longer], 'nothing twice, and the newest state');
});

test('writes of a thread go one after another, and one that is refused does not stop the next', async () => {
  const token = await newUser();
  const { network, openThread } = openDevice(token);
  const { history, remoteId } = openThread();
  await remoteId();
  const items = chain(Array.from({ length: 5 }, (_, index) => message('user', `m${index}`, `m${index}`)));
  const tooLarge = { ...items[0], parentId: null, message: message('user', 'x'.repeat(3_200_000), 'large') };
  const refused = assert.rejects(history.append(tooLarge), { status: 413 });
  const loaded = Promise.all(items.map((item) => history.append(item))).then(() => history.load());
  await refused;
  assert.deepEqual((await loaded).messages, items);
  network.reset();
  network.mostAtOnce = 0;
  await Promise.all(items.map((item) => history.update(item, item.message.id)));
  assert.equal(network.mostAtOnce, 1);
});

test('a pinned history stays with its thread when another one is shown', async () => {
  const token = await newUser();
  const device = openDevice(token);
  const [first, second] = [device.openThread(), device.openThread()];
  let current = first.thread;
  const history = device.historyOf(() => current).withFormat(FORMAT);
  history.pin();
  current = second.thread;
  await history.append({ parentId: null, message: message('user', 'q', 'q') });
  assert.equal((await first.history.load()).messages.length, 1);
  assert.equal(second.thread.getState().remoteId, undefined);
});

test('two devices that go on at the same time get a branch each', async () => {
  const token = await newUser();
  const one = openDevice(token).openThread();
  await one.history.append({ parentId: null, message: message('user', 'q', 'q') });
  const two = openDevice(token).openThread(await one.remoteId());
  await two.history.load();
  await one.history.append({ parentId: 'q', message: message('assistant', 'of one', 'a1') });
  await two.history.append({ parentId: 'q', message: message('assistant', 'of two', 'a2') });
  const repository = repositoryOf(await one.history.load());
  assert.deepEqual([...repository.getBranches('a1')].sort(), ['a1', 'a2']);
});

test('a message whose parent another device has deleted follows what that followed', async () => {
  const token = await newUser();
  const one = openDevice(token).openThread();
  const items = chain([message('user', 'q', 'q'), message('assistant', 'a', 'a'), message('user', 'n', 'n')]);
  for (const item of items) await one.history.append(item);
  const two = openDevice(token).openThread(await one.remoteId());
  const three = openDevice(token).openThread(await one.remoteId());
  await three.history.load();
  await two.history.delete(items.slice(1));
  await one.history.append({ parentId: 'n', message: message('assistant', 'of one', 'b1') });
  await three.history.update({ parentId: 'n', message: message('assistant', 'of three', 'b3') }, 'b3');
  const four = openDevice(token).openThread(await one.remoteId());
  await four.history.append({ parentId: 'n', message: message('user', 'knows nothing of it', 'c') });
  const { messages } = await two.history.load();
  assert.deepEqual(
    messages.map(({ message: { id }, parentId }) => [id, parentId]),
    [
      ['q', null],
      ['b1', 'q'],
      ['b3', 'q'],
      ['c', 'b3'],
    ],
  );
  await one.history.append({ parentId: 'q', message: message('assistant', 'is back', 'a') });
  assert.equal(
    (await two.history.load()).messages.at(-1)?.message.id,
    'a',
    'one that was deleted can be appended again',
  );
});

test('a long thread comes in pages, and one that is changed meanwhile is read anew', async () => {
  const token = await newUser();
  const messages = Array.from({ length: 100 }, (_, index) => ({ id: `m${index}`, type: 'user', content: `${index}` }));
  await ask(token, '/conversations', 'POST', { id: 'c' });
  for (const half of ['a', 'b']) {
    const batch = messages.map((each) => ({ ...each, id: half + each.id }));
    await ask(token, '/conversations/c/messages', 'POST', { messages: batch });
  }
  await ask(token, '/conversations/c/messages', 'POST', { messages: [{ id: 'last', type: 'user', content: 'last' }] });
  const { network, openThread } = openDevice(token);
  const { history } = openThread('c');
  assert.equal((await history.load()).messages.length, 201);
  assert.equal(network.count(), 4);

  let isFirst = true;
  network.before = async (_, path) => {
    if (!path.includes('cursor') || !isFirst) return;
    isFirst = false;
    await ask(token, '/conversations/c/messages/am99', 'DELETE');
  };
  const { messages: loaded } = await history.load();
  assert.equal(loaded.length, 200);
  assert.equal(loaded[99]?.message.id, 'bm0');
  assert.equal(loaded[99]?.parentId, 'am98');
});

test('a message is saved as it was when it was appended, and once more where it changed since it was saved ahead', async () => {
  const token = await newUser();
  const { history, remoteId } = openDevice(token).openThread();
  const question = message('user', 'as asked', 'q');
  const ahead = history.appendAhead({ parentId: null, message: question });
  Object.assign(question.parts[0] ?? {}, { text: 'changed by the runtime' });
  await ahead;
  const texts = async () => (await storedOf(token, await remoteId())).map(({ content }) => content);
  assert.deepEqual(await texts(), ['as asked']);
  await history.append({ parentId: null, message: question });
  assert.deepEqual(await texts(), ['changed by the runtime']);
});
