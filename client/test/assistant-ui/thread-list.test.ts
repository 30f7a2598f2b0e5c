/** The list of threads: pages, what changes a thread, titles, and what is lost on the way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromThreadMessageLike } from '@assistant-ui/react';
import { AssistantMessageStream } from 'assistant-stream';
import { ask, message, newUser } from '../ai-sdk/harness.js';
import { openDevice } from './harness.js';

type Device = ReturnType<typeof openDevice>;

async function titleOf({ adapter }: Device, remoteId: string, question: string) {
  const asked = fromThreadMessageLike({ role: 'user', content: question }, 'q', {
    type: 'complete',
    reason: 'unknown',
  });
  const stream = AssistantMessageStream.fromAssistantStream(await adapter.generateTitle(remoteId, [asked]));
  let title: string | undefined;
  for await (const { parts } of stream) for (const part of parts) if (part.type === 'text') title = part.text;
  return title;
}

test('the list comes in pages, archived threads among the others', async () => {
  const token = await newUser();
  for (let index = 0; index < 45; index++) {
    await ask(token, '/conversations', 'POST', {
      id: `t${index}`,
      title: `Thread ${index}`,
      archived: index % 9 === 0,
    });
  }
  const { adapter, network } = openDevice(token);
  const threads = [];
  for (let after: string | undefined, isFirst = true; isFirst || after; isFirst = false) {
    const page = await adapter.list(after === undefined ? undefined : { after });
    threads.push(...page.threads);
    after = page.nextCursor;
  }
  assert.equal(network.count(), 3);
  assert.equal(new Set(threads.map(({ remoteId }) => remoteId)).size, 45);
  const [newest] = threads;
  assert.deepEqual([newest?.remoteId, newest?.title, newest?.status], ['t44', 'Thread 44', 'regular']);
  assert.ok(newest?.lastMessageAt instanceof Date);
  assert.deepEqual(
    threads.filter(({ status }) => status === 'archived').map(({ remoteId }) => remoteId),
    ['t36', 't27', 't18', 't9', 't0'],
  );
});

test('a thread is created once, whatever is lost', async () => {
  const token = await newUser();
  const { adapter, network } = openDevice(token);
  let lost = 0;
  network.loses = (method) => method === 'POST' && ++lost <= 2;
  const custom = { folder: 'Trips', nested: { b: [1, null], a: 2 } };
  const first = await adapter.initialize('__LOCALID_x', { custom });
  const again = await adapter.initialize('__LOCALID_x', { custom });
  const other = await adapter.initialize('__LOCALID_y.1');
  assert.deepEqual(again, first);
  assert.notEqual(other.remoteId, first.remoteId);
  const { threads } = await openDevice(token).adapter.list();
  assert.equal(threads.length, 2);
  const [, created] = threads;
  assert.equal(created?.remoteId, first.remoteId);
  assert.equal(JSON.stringify(created?.custom), JSON.stringify(custom));
  assert.equal(created?.title, undefined, 'it has none yet');
});

test('renaming, archiving and metadata are seen by another device, and deleting moves it to the trash', async () => {
  const token = await newUser();
  const { adapter } = openDevice(token);
  const other = openDevice(token).adapter;
  const { remoteId } = await adapter.initialize('a', { custom: { a: 1 } });
  await adapter.rename(remoteId, 'Lisbon 😀');
  await adapter.archive(remoteId);
  await adapter.updateCustom(remoteId, { b: 2 });
  const { lastMessageAt, ...archived } = await other.fetch(remoteId);
  assert.ok(lastMessageAt);
  assert.deepEqual(archived, { status: 'archived', remoteId, title: 'Lisbon 😀', custom: { b: 2 } });
  await adapter.unarchive(remoteId);
  await adapter.updateCustom(remoteId, undefined);
  const regular = await other.fetch(remoteId);
  assert.deepEqual([regular.status, regular.custom], ['regular', undefined]);

  await adapter.delete(remoteId);
  await adapter.delete(remoteId);
  await adapter.delete('never-there');
  assert.deepEqual((await other.list()).threads, []);
  await assert.rejects(other.fetch(remoteId), { name: 'StoreError', status: 404 });
  const trash = await ask<{ data: { id: string }[] }>(token, '/conversations?trash=true');
  assert.deepEqual(
    trash.data.map(({ id }) => id),
    [remoteId],
  );
});

test('a title is made of the first question, as the service makes it; one that was given stays', async () => {
  const token = await newUser();
  const device = openDevice(token);
  const { history, remoteId } = device.openThread();
  const question = 'Which of the trams goes\nup to the castle today?';
  const id = await remoteId();
  const title = await titleOf(device, id, question);
  assert.equal(title, 'Which of the trams goes up');
  await history.append({ parentId: null, message: message('user', question, 'q') });
  assert.equal((await device.adapter.fetch(id)).title, title);
  assert.equal(await titleOf(device, id, 'Something else'), title);
  await device.adapter.rename(id, 'Trams');
  assert.equal(await titleOf(device, id, question), 'Trams');
  const { remoteId: empty } = await device.adapter.initialize('without words');
  assert.equal(await titleOf(device, empty, '  '), undefined);
});

test('what cannot be done rejects with a code, and nothing of one user is seen by another', async () => {
  const { adapter } = openDevice(await newUser());
  const { remoteId } = await adapter.initialize('mine');
  const otherUser = openDevice(await newUser());
  await assert.rejects(otherUser.adapter.fetch(remoteId), { name: 'StoreError', code: 'conversation_not_found' });
  await assert.rejects(otherUser.adapter.rename(remoteId, 'x'), { code: 'conversation_not_found' });
  await otherUser.adapter.delete(remoteId);
  assert.deepEqual((await otherUser.adapter.list()).threads, []);
  await assert.rejects(otherUser.openThread(remoteId).history.load(), { code: 'conversation_not_found' });
  assert.equal((await adapter.fetch(remoteId)).remoteId, remoteId);
  await assert.rejects(openDevice('no token').adapter.list(), { name: 'StoreError', status: 401 });
});
