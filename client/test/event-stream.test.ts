/** Reading the event stream, without a server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defaultEnvironment } from '../src/environment.js';
import { readEvents } from '../src/net/event-stream.js';

const { clock } = defaultEnvironment();

function streamOf(chunks: Uint8Array[]) {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function eventsOf(chunks: Uint8Array[]) {
  const events = [];
  for await (const event of readEvents(streamOf(chunks), clock, () => {})) events.push(event);
  return events;
}

const STREAM = [
  ': heartbeat\n\n',
  'event: sync\nid: 1-a\ndata: {"title":"Grüße 😀"}\n\n',
  'event: change\nid: 2-b\ndata: {"a":\ndata: [1]}\n\n',
  'data: {"without":"a name"}\n\n',
  'event: reconnect\ndata: {}\n\n',
  'event: sync\ndata: {"cut":',
].join('');

const EVENTS = [
  { name: 'sync', id: '1-a', data: { title: 'Grüße 😀' } },
  { name: 'change', id: '2-b', data: { a: [1] } },
  { name: 'reconnect', id: undefined, data: {} },
];

test('events are the same however the stream is cut, and whatever ends its lines', async () => {
  for (const text of [STREAM, STREAM.replaceAll('\n', '\r\n')]) {
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 7, bytes.length]) {
      const chunks: Uint8Array[] = [];
      for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.slice(start, start + size));
      assert.deepEqual(await eventsOf(chunks), EVENTS, `${size} bytes at a time`);
    }
  }
});

test('what came before an event that cannot be read is told', async () => {
  const bytes = new TextEncoder().encode('event: sync\ndata: {}\n\nevent: sync\ndata: {\n\n');
  const events = readEvents(streamOf([bytes]), clock, () => {});
  assert.equal((await events.next()).value?.name, 'sync');
  await assert.rejects(events.next(), SyntaxError);
});
