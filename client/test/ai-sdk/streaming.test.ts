/** Answers that are saved while they are written, followed, stopped, and left by those who wrote them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUIMessageStream, readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import {
  answerBy,
  ask,
  generateMessageId,
  message,
  newUser,
  openStore,
  settle,
  TestClock,
  textOf,
  treeOf,
  until,
  Writing,
} from './harness.js';

/** Reads a stream as a page does, and keeps what it has so far. */
function reader(stream: ReadableStream<UIMessageChunk>) {
  const state = { message: undefined as UIMessage | undefined, chunks: [] as UIMessageChunk[], hasEnded: false };
  const seen = stream.pipeThrough(
    new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform(chunk, controller) {
        state.chunks.push(chunk);
        controller.enqueue(chunk);
      },
    }),
  );
  const end = (async () => {
    for await (const each of readUIMessageStream({ stream: seen })) state.message = each;
    state.hasEnded = true;
  })();
  return Object.assign(state, { end, text: () => (state.message ? textOf(state.message) : '') });
}

const lastOf = <T>(list: readonly T[]): T => list.at(-1) as T;
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

/** A question, and an answer that begins to be written. */
async function begin(options: { writings?: Writing[]; onStop?: () => void; abortSignal?: AbortSignal } = {}) {
  const token = await newUser();
  const clock = new TestClock();
  const { store, network } = openStore(token, { clock });
  const messages = [message('user', 'What is it?', 'q')];
  await store.saveChat({ chatId: 'c', messages });
  assert.equal(await store.setActiveStream('c', 's'), true);
  const writing = new Writing();
  const stream = answerBy(options.writings ?? [writing], messages, options.abortSignal);
  const onStop = options.onStop ?? (() => undefined);
  const { stream: response, saved } = store.createResumableStream({
    chatId: 'c',
    streamId: 's',
    stream,
    messages,
    onStop,
  });
  const stored = async () => lastOf(await treeOf(token, 'c'));
  await until(async () => (await stored()).status === 'streaming', 'the answer is there');
  network.reset();
  return { token, clock, store, network, writing, response, saved, stored, messages };
}

test('an answer is saved about every second while it is written, and whole at its end', async () => {
  const { clock, network, writing, response, saved, stored, store, token } = await begin();
  const page = reader(response);
  writing.begin();
  for (const word of 'One two three four five six'.split(' ')) {
    writing.text(`${word} `);
    await settle();
  }
  assert.equal(network.count(), 0, 'the second is not over');
  await clock.advance(1_000);
  await until(() => network.count('PATCH') === 1 && network.inFlight === 0);
  assert.equal((await stored()).parts?.at(-1)?.text, 'One two three four five six ');
  writing.text('seven').end('stop', '1');
  const { message: answer, status } = await saved;
  assert.equal(status, 'complete');
  assert.equal(network.mostAtOnce, 1, 'never two at once');
  assert.equal(network.count(), 3, 'a save, the last save, and the end of the stream');
  const { status: storedStatus, parts, parentId } = await stored();
  assert.deepEqual([storedStatus, parentId], ['complete', 'q']);
  assert.deepEqual(parts, plain(answer?.parts));
  assert.deepEqual(await store.loadChat('c'), [message('user', 'What is it?', 'q'), plain(answer)]);
  await page.end;
  assert.deepEqual(plain(page.message), plain(answer), 'the reader of the response has the same');
  const { activeStreamId } = await ask<{ activeStreamId?: string }>(token, '/conversations/c');
  assert.equal(activeStreamId, undefined);
  assert.equal('heartbeat' in (await stored()), false);
});

test('the longer an answer takes, the longer are the pauses between its saves, up to 5 seconds', async () => {
  const { clock, network, writing } = await begin();
  const begun = clock.now();
  const savedAt: number[] = [];
  writing.begin();
  while (clock.now() - begun < 60_000) {
    writing.text('word ');
    await settle();
    const saves = network.count('PATCH');
    await clock.advance(500);
    await until(() => network.inFlight === 0);
    if (network.count('PATCH') > saves) savedAt.push((clock.now() - begun) / 1_000);
  }
  assert.deepEqual(savedAt.slice(0, 5), [1, 2, 3, 5, 8]);
  const pauses = savedAt.map((at, index) => at - (savedAt[index - 1] ?? 0));
  assert.equal(Math.max(...pauses), 5);
  assert.equal(savedAt.length, 15, 'and the first one before them');
});

test('the last save waits for the one that is under way', async () => {
  const { clock, network, writing, saved, stored } = await begin();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const begun: string[] = [];
  network.before = async (_method, path, body) => {
    if (path.includes('/messages/')) begun.push(JSON.parse(body).status);
    if (begun.length === 1) await held;
  };
  writing.begin().text('One');
  await settle();
  await clock.advance(1_000);
  await until(() => begun.length === 1);
  writing.text(' two').end('stop', '1');
  for (let turn = 0; turn < 20; turn++) await settle();
  assert.deepEqual(begun, ['streaming']);
  release();
  await saved;
  assert.deepEqual(begun, ['streaming', 'complete']);
  assert.deepEqual([(await stored()).status, (await stored()).content], ['complete', 'One two']);
});

test('an answer with reasoning and the call of a tool is saved as the response shows it', async () => {
  const [first, second] = [new Writing(), new Writing()];
  const { response, saved, stored } = await begin({ writings: [first, second] });
  const page = reader(response);
  first.reason('Hm.').call('weather', { city: 'Lisbon' }).end('tool-calls');
  second.begin('2').text('It is 27 °C.', '2').end('stop', '2');
  const { message: answer } = await saved;
  await page.end;
  assert.deepEqual(plain(page.message), plain(answer));
  assert.deepEqual((await stored()).parts, plain(answer?.parts));
  assert.deepEqual(
    answer?.parts.map(({ type }) => type),
    ['step-start', 'reasoning', 'tool-weather', 'step-start', 'text'],
  );
});

test('a second client follows an answer from its beginning to its end', async () => {
  const [first, second] = [new Writing(), new Writing()];
  const { token, clock, saved, store, messages } = await begin({ writings: [first, second] });
  const other = openStore(token, { clock: new TestClock() });
  const otherClock = new TestClock();
  const follower = openStore(token, { clock: otherClock });
  first.reason('Hm.').call('weather', { city: 'Lisbon' }).end('tool-calls');
  second.begin('2').text('It is ', '2');
  await settle();
  await clock.advance(1_000);
  await until(async () => textOf(lastOf(await store.loadChat('c'))) === 'It is ');
  const page = reader((await follower.store.resumeStream({ chatId: 'c' })) as ReadableStream<UIMessageChunk>);
  await until(() => page.text() === 'It is ');
  second.text('27 °C.', '2');
  await settle();
  await clock.advance(1_000);
  await until(async () => textOf(lastOf(await other.store.loadChat('c'))) === 'It is 27 °C.');
  await otherClock.advance(1_000);
  await until(() => page.text() === 'It is 27 °C.');
  assert.equal(page.hasEnded, false);
  second.text(' Really.', '2').end('stop', '2');
  const { message: answer } = await saved;
  await otherClock.advance(1_000);
  await page.end;
  assert.deepEqual(plain(page.message), plain(answer));
  assert.equal(lastOf(page.chunks).type, 'finish');
  // A tool that has run is not called again by those who follow.
  assert.equal(
    page.chunks.some(({ type }) => type === 'tool-input-available'),
    false,
  );
  assert.equal(page.chunks.filter(({ type }) => type === 'text-start').length, 1, 'told once');
  assert.deepEqual(await other.store.loadChat('c'), [...messages, plain(answer)]);
  assert.equal(await follower.store.resumeStream({ chatId: 'c' }), null, 'nothing is being written any more');
});

test('a follower asks less often while nothing changes', async () => {
  const { token } = await begin();
  const clock = new TestClock();
  const { store, network } = openStore(token, { clock });
  reader((await store.resumeStream({ chatId: 'c' })) as ReadableStream<UIMessageChunk>);
  network.reset();
  for (let second = 0; second < 30; second++) await clock.advance(1_000);
  // After 1, 2.5, 4.75, 8.1, 13.1 seconds, and every 5 from then on.
  assert.ok(network.count() >= 7 && network.count() <= 9, `${network.count()} requests in 30 seconds`);
});

test('a page that missed the end is given the answer whole', async () => {
  const { saved, writing, token } = await begin();
  writing.begin().text('All of it.').end('stop', '1');
  const { message: answer } = await saved;
  const { store } = openStore(token);
  for (const lastMessageId of ['q', answer?.id as string]) {
    const page = reader((await store.resumeStream({ chatId: 'c', lastMessageId })) as ReadableStream<UIMessageChunk>);
    await page.end;
    assert.deepEqual(plain(page.message), plain(answer));
  }
  assert.equal(await store.resumeStream({ chatId: 'c', lastMessageId: 'other' }), null);
});

test('an answer goes on when nobody reads the response', async () => {
  const { response, writing, saved, stored } = await begin();
  await response.cancel();
  writing.begin().text('To the end.').end('stop', '1');
  await saved;
  assert.equal((await stored()).content, 'To the end.');
});

test('stopping keeps the partial answer, and reaches its writer by its next save', async () => {
  const abort = new AbortController();
  const { clock, store, writing, response, saved, stored, token } = await begin({ onStop: () => abort.abort() });
  const page = reader(response);
  writing.begin().text('Half of');
  await settle();
  await clock.advance(1_000);
  await until(async () => (await stored()).content === 'Half of');
  const follower = openStore(token);
  const following = reader((await follower.store.resumeStream({ chatId: 'c' })) as ReadableStream<UIMessageChunk>);
  writing.text(' it');
  await settle();
  const elsewhere = openStore(token).store;
  assert.equal(await elsewhere.stopStream({ chatId: 'c', streamId: 'other' }), false);
  assert.equal(await elsewhere.stopStream({ chatId: 'c', streamId: 's' }), true);
  assert.deepEqual([(await stored()).status, (await stored()).content], ['aborted', 'Half of']);
  assert.equal(await elsewhere.stopStream({ chatId: 'c', streamId: 's' }), false);
  await clock.advance(1_000);
  assert.equal((await saved).status, 'aborted');
  assert.equal(abort.signal.aborted, true);
  assert.deepEqual([(await stored()).status, (await stored()).content], ['aborted', 'Half of it']);
  await page.end;
  await following.end;
  assert.equal(lastOf(page.chunks).type, 'abort');
  assert.equal(lastOf(following.chunks).type, 'abort');
  assert.equal(await store.setActiveStream('c', 's2'), true, 'the next answer can begin');
});

test('an answer that is complete already is not marked as stopped', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  await store.saveChat({ chatId: 'c', messages: [message('user', 'q', 'q')] });
  await store.setActiveStream('c', 's');
  // As a writer leaves it that dies between the last save and the end of its stream.
  const whole = {
    ...message('assistant', 'Whole', 'a'),
    type: 'assistant',
    format: 'ai-sdk/v7',
    status: 'complete',
    streamId: 's',
  };
  await ask(token, '/conversations/c/messages/a', 'PUT', whole);
  assert.equal(await store.stopStream({ chatId: 'c', streamId: 's' }), true);
  assert.equal(lastOf(await treeOf(token, 'c')).status, 'complete');
});

test('a writer that is silent shows that it is alive, and learns of a stop', async () => {
  let stops = 0;
  const { clock, network, saved, store, token } = await begin({ onStop: () => stops++ });
  for (let second = 0; second < 30; second++) await clock.advance(1_000);
  await until(() => network.inFlight === 0);
  assert.equal(network.count('PATCH'), 3, 'every 10 seconds');
  await openStore(token).store.stopStream({ chatId: 'c', streamId: 's' });
  for (let second = 0; second < 10; second++) await clock.advance(1_000);
  assert.equal((await saved).status, 'aborted');
  assert.equal(stops, 1);
  assert.equal((await store.openChat('c')).activeStreamId, null);
});

test('a writer that died is noticed after a minute: its answer is told as aborted, and another can begin', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  await store.saveChat({ chatId: 'c', messages: [message('user', 'q', 'q')] });
  await store.setActiveStream('c', 's');
  // What a process leaves behind that was killed.
  const left = {
    ...message('assistant', 'Half of', 'a'),
    type: 'assistant',
    format: 'ai-sdk/v7',
    status: 'streaming',
    streamId: 's',
  };
  await ask(token, '/conversations/c/messages/a', 'PUT', left);
  const { store: later, network } = openStore(token);
  network.serverIsLater = 50_000;
  assert.equal((await later.openChat('c')).activeStreamId, 's');
  assert.equal(await later.setActiveStream('c', 's2'), false, 'it may be alive');
  network.serverIsLater = 70_000;
  assert.equal((await later.openChat('c')).activeStreamId, null);
  const page = reader((await later.resumeStream({ chatId: 'c' })) as ReadableStream<UIMessageChunk>);
  await page.end;
  assert.equal(page.text(), 'Half of');
  assert.equal(lastOf(page.chunks).type, 'abort');
  const stored = lastOf(await treeOf(token, 'c'));
  assert.deepEqual([stored.status, stored.content], ['aborted', 'Half of']);
  network.serverIsLater = 0;
  assert.equal((await later.openChat('c')).activeStreamId, null);
  assert.equal(await later.setActiveStream('c', 's2'), true);
});

test('a writer that dies while it is followed ends the stream of those who follow', async () => {
  const { token } = await begin();
  const clock = new TestClock();
  const { store, network } = openStore(token, { clock });
  const page = reader((await store.resumeStream({ chatId: 'c' })) as ReadableStream<UIMessageChunk>);
  await clock.advance(1_000);
  await clock.isAwaited();
  assert.equal(page.hasEnded, false);
  network.serverIsLater = 70_000;
  await clock.advance(5_000);
  await page.end;
  assert.equal(lastOf(page.chunks).type, 'abort');
});

test('an answer may be begun where the last writer died without a word', async () => {
  const token = await newUser();
  const { store, network } = openStore(token);
  await store.createChat({ id: 'c' });
  assert.equal(await store.setActiveStream('c', 's'), true);
  assert.equal(await store.setActiveStream('c', 's'), true, 'a repeat is harmless');
  network.serverIsLater = 70_000;
  assert.equal(await store.setActiveStream('c', 's2'), true);
  assert.equal(await store.clearActiveStream('c', 's'), false);
  assert.equal(await store.clearActiveStream('c', 's2'), true);
});

test('of two devices that answer at once, one begins', async () => {
  const token = await newUser();
  const stores = [openStore(token).store, openStore(token).store, openStore(token).store];
  await stores[0]?.createChat({ id: 'c' });
  const won = await Promise.all(stores.map((store, at) => store.setActiveStream('c', `s${at}`)));
  assert.equal(won.filter(Boolean).length, 1);
});

test('lost responses double nothing, and a failing network is caught up with', async () => {
  const { clock, network, writing, saved, token } = await begin();
  let count = 0;
  network.loses = () => ++count % 2 === 1;
  writing.begin();
  for (const word of ['a ', 'b ', 'c ']) {
    writing.text(word);
    await settle();
    await clock.advance(1_000);
    await until(async () => {
      await clock.advance(250);
      return network.inFlight === 0;
    });
  }
  writing.text('d').end('stop', '1');
  const done = saved.then(() => true);
  await until(async () => {
    await Promise.race([done, clock.advance(500)]);
    return await Promise.race([done, settle().then(() => false)]);
  });
  const tree = await treeOf(token, 'c');
  assert.deepEqual(
    tree.map(({ content }) => content),
    ['What is it?', 'a b c d'],
  );
  assert.equal(lastOf(tree).status, 'complete');
});

test('an error of the model is kept with what there was of the answer, and told to those who follow', async () => {
  const { writing, response, saved, stored, token } = await begin();
  const page = reader(response);
  writing.begin().text('Half').fail(new Error('secret detail'));
  assert.equal((await saved).status, 'error');
  await page.end;
  const { status, content, errorText } = await stored();
  assert.deepEqual([status, content], ['error', 'Half']);
  assert.equal(errorText, 'An error occurred.', 'what the AI SDK tells clients, and no more');
  const missed = await openStore(token).store.resumeStream({ chatId: 'c', lastMessageId: 'q' });
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of missed as unknown as AsyncIterable<UIMessageChunk>) chunks.push(chunk);
  assert.deepEqual(lastOf(chunks), { type: 'error', errorText: 'An error occurred.' });
});

test('an answer whose chat or message was deleted is not brought back', async () => {
  for (const path of ['/conversations/c', '/conversations/c/messages/']) {
    let stops = 0;
    const { clock, writing, saved, stored, token } = await begin({ onStop: () => stops++ });
    const { id } = await stored();
    await ask(token, path.endsWith('/') ? path + id : path, 'DELETE');
    writing.begin().text('more');
    await settle();
    await clock.advance(1_000);
    await assert.rejects(saved, { status: 404 });
    assert.equal(stops, 1);
    if (path.endsWith('/'))
      assert.deepEqual(
        (await treeOf(token, 'c')).map((each) => each.id),
        ['q'],
      );
  }
});

test('an answer that has become too large is kept as far as it was saved, and says so', async () => {
  const { clock, writing, saved, stored } = await begin();
  writing.begin().text('Short.');
  await settle();
  await clock.advance(1_000);
  await until(async () => (await stored()).content === 'Short.');
  writing.text('x'.repeat(3_300_000)).end('stop', '1');
  await assert.rejects(saved, { code: 'message_too_large' });
  const { status, content, errorText } = await stored();
  assert.deepEqual([status, content], ['error', 'Short.']);
  assert.ok(errorText);
});

test('an answer that waited for an approval goes on in its own message', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  const waiting = {
    id: 'a',
    role: 'assistant',
    parts: [
      { type: 'step-start' },
      {
        type: 'tool-delete',
        toolCallId: 't',
        state: 'approval-responded',
        input: {},
        approval: { id: '1', approved: true },
      },
    ],
  } as UIMessage;
  const messages = [message('user', 'q', 'q'), waiting];
  await store.saveChat({ chatId: 'c', messages });
  await ask(token, '/conversations/c/messages/a', 'PATCH', { rating: 5 });
  await store.setActiveStream('c', 's');
  const stream = createUIMessageStream({
    originalMessages: messages,
    generateId: generateMessageId,
    execute: ({ writer }) => writer.write({ type: 'tool-output-available', toolCallId: 't', output: 'deleted' }),
  });
  const { message: answer } = await store.createResumableStream({ chatId: 'c', streamId: 's', stream, messages }).saved;
  assert.equal(answer?.id, 'a');
  const tree = await treeOf(token, 'c');
  assert.equal(tree.length, 2);
  assert.deepEqual(lastOf(tree).parts, plain(answer?.parts));
  assert.equal((lastOf(tree) as unknown as { rating: number }).rating, 5);
  assert.equal(lastOf(tree).parentId, 'q');
});

test('a regenerated answer is written beside the old one', async () => {
  const { writing, saved, store, token, messages } = await begin();
  writing.begin().text('First.').end('stop', '1');
  const { message: old } = await saved;
  await store.setActiveStream('c', 's2');
  const again = new Writing();
  const stream = answerBy([again], messages);
  again.begin().text('Second.').end('stop', '1');
  const { message: answer } = await store.createResumableStream({ chatId: 'c', streamId: 's2', stream, messages })
    .saved;
  const opened = await openStore(token).store.openChat('c');
  assert.deepEqual(opened.messages.map(textOf), ['What is it?', 'Second.']);
  assert.deepEqual(opened.siblingIds, { [answer?.id as string]: [old?.id, answer?.id] });
});

test('an answer without an id is refused with what to do', async () => {
  const token = await newUser();
  const { store } = openStore(token);
  await store.saveChat({ chatId: 'c', messages: [message('user', 'q', 'q')] });
  await store.setActiveStream('c', 's');
  const chunks: UIMessageChunk[] = [
    { type: 'start' },
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'x' },
  ];
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const { saved } = store.createResumableStream({ chatId: 'c', streamId: 's', stream, messages: [] });
  await assert.rejects(saved, { code: 'invalid_id', message: /generateMessageId/ });
  assert.equal((await store.openChat('c')).activeStreamId, null);
});
