/** The bus by which parts tell one another what happened. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { EventBus } from '../src/event-bus.js';

interface Events {
  told: number;
}

test('listeners hear at once, until they stop listening', () => {
  const bus = new EventBus<Events>();
  const heard: number[] = [];
  const stop = bus.on('told', (event) => heard.push(event));
  bus.emit('told', 1);
  stop();
  bus.emit('told', 2);
  assert.deepEqual(heard, [1]);
});

test('whoever tells may wait for those who listen', async () => {
  const bus = new EventBus<Events>();
  let isDone = false;
  bus.on('told', async () => {
    await Promise.resolve();
    isDone = true;
  });
  await bus.emit('told', 1);
  assert.ok(isDone);
});

test('a listener that throws is reported, and keeps nothing from the others', async () => {
  const bus = new EventBus<Events>();
  const heard: number[] = [];
  const error = new Error('of a listener');
  bus.on('told', () => {
    throw error;
  });
  bus.on('told', (event) => heard.push(event));
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const reported = once(process, 'uncaughtException');
  await bus.emit('told', 1);
  assert.equal((await reported)[0], error);
  for (const listener of listeners) process.on('uncaughtException', listener);
  assert.deepEqual(heard, [1]);
});
