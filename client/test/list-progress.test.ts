/** How far the list is that comes to a device for the first time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventBus } from '../src/event-bus.js';
import type { Api } from '../src/net/api.js';
import { ListProgress } from '../src/sync/list-progress.js';
import type { ListLoading } from '../src/types.js';

const LATE = { user: 'a', epoch: 1 };
const NEXT = { user: 'b', epoch: 2 };

/** What is told, and what answers the questions for the total, in their order. */
function start() {
  const bus = new EventBus();
  const told: (ListLoading | null)[] = [];
  bus.on('list-loading', (loading) => told.push(loading));
  const answers: ((total: number) => void)[] = [];
  const call = () =>
    new Promise((resolve) => {
      answers.push((conversations) => resolve({ body: { totals: { current: { conversations } } } }));
    });
  const progress = new ListProgress({ api: { call } as unknown as Api, bus });
  return { progress, told, answers };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('the total of a former user that comes late is not of the list of the next one', async () => {
  const { progress, told, answers } = start();
  progress.begin(LATE);
  progress.advance(LATE, 50);
  progress.end();
  progress.begin(NEXT);
  progress.advance(NEXT, 50);
  answers[0]?.(500);
  await settled();
  assert.deepEqual(told.at(-1), { done: 50, total: null });
  answers[1]?.(70);
  await settled();
  assert.deepEqual(told.at(-1), { done: 50, total: 70 });
});

test("nor is what is known of a former user's list that broke off", async () => {
  const { progress, told, answers } = start();
  progress.begin(LATE);
  progress.advance(LATE, 50);
  answers[0]?.(500);
  await settled();
  progress.pause();
  progress.begin(NEXT);
  assert.deepEqual(told.at(-1), { done: 0, total: null });
  progress.advance(NEXT, 50);
  answers[1]?.(70);
  await settled();
  assert.deepEqual(told.at(-1), { done: 50, total: 70 });
});
