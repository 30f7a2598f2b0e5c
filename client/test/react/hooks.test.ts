/** The hooks in Chromium, with React 18 and 19; and on a server. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';

import { createConversationStore } from '../../src/index.js';
import {
  ConversationStoreProvider,
  useConversations,
  useMessages,
  useSearch,
  useSyncStatus,
} from '../../src/react/index.js';
import { Pages, texts, until, versions } from './pages.js';

let pages: Pages;

before(async () => {
  pages = await Pages.serve('page.tsx');
});

after(() => pages?.close());

/** Saves conversations through the page's store; the last one is the one that was changed last. */
function save(page: Page, ids: string[]) {
  return page.evaluate(async (ids) => {
    const { store } = window as unknown as { store: ReturnType<typeof createConversationStore> };
    for (const [index, id] of ids.entries()) {
      const messages = [{ id: 'm', type: 'user' as const, content: `question of ${id}` }];
      await store.saveConversation({ id, title: `Title ${id}`, updatedAt: Date.now() + index, messages });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }, ids);
}

for (const version of versions) {
  test(`React ${version} shows what is on the device, and each write at once`, async () => {
    const { context, page, complaints } = await pages.open(version);
    await until(() => texts(page, '#thread h1'), ['none']);
    await save(page, ['c1', 'c2', 'c3']);
    await until(() => texts(page, '#list p'), ['Title c3', 'Title c2']);
    await page.click('#more');
    await until(() => texts(page, '#list p'), ['Title c3', 'Title c2', 'Title c1']);
    await until(() => page.locator('#more').count(), 0);
    await until(() => texts(page, '#thread p'), ['question of c1']);
    await page.click('#send');
    await until(() => texts(page, '#thread p'), ['question of c1', 'sent']);
    await page.click('#open');
    await until(() => texts(page, '#thread p'), ['question of c2']);
    await page.fill('#found input', 'question c3');
    await until(() => texts(page, '#found p'), ['Title c3']);
    await page.fill('#found input', '');
    await until(() => texts(page, '#found p'), []);
    assert.match((await texts(page, '#status'))[0] ?? '', /^local /);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

/** Begins another branch beside the first message of a conversation. */
function beginBranch(page: Page, id: string) {
  return page.evaluate(async (id) => {
    const { store } = window as unknown as { store: ReturnType<typeof createConversationStore> };
    await store.addMessage(id, { id: 'other', type: 'user', content: 'asked otherwise' }, { parentId: null });
  }, id);
}

for (const version of versions) {
  test(`React ${version} shows the branch that began last or was chosen, in every tab`, async () => {
    const { context, page, complaints } = await pages.open(version);
    await save(page, ['c1']);
    const { page: tab, complaints: ofTab } = await pages.open(version, context);
    const shown = async (expected: string[]) => {
      for (const each of [page, tab]) await until(() => texts(each, '#thread p'), expected);
    };
    await shown(['question of c1']);
    await beginBranch(page, 'c1');
    await shown(['asked otherwise']);
    await until(() => tab.locator('#thread [data-versions="2"]').count(), 1);
    await tab.click('#thread .other');
    await shown(['question of c1']);
    await page.click('#send');
    await shown(['question of c1', 'sent']);
    await page.click('#thread .other');
    await shown(['asked otherwise']);
    await tab.click('#thread .other');
    await shown(['question of c1', 'sent']);
    assert.deepEqual([complaints, ofTab], [[], []]);
    await context.close();
  });
}

test('a server renders what is known there: nothing', () => {
  const store = createConversationStore({ enabled: false });
  const Page = () => {
    const { isLoading, data, hasMore } = useConversations({ limit: 5 });
    const { data: messages } = useMessages('c');
    const { mode } = useSyncStatus();
    return createElement('p', null, `${isLoading} ${data} ${hasMore} ${messages} ${mode}`);
  };
  const element = createElement(ConversationStoreProvider, { store }, createElement(Page));
  assert.equal(renderToString(element), '<p>true undefined false undefined local</p>');
});

test('a search tells how many conversations the server has prepared', () => {
  const indexed = { done: 2, of: 3, total: 5 };
  const findings = { results: [], scope: 'everything', isComplete: true, hasMore: true, indexed } as const;
  const snapshot = { data: findings, error: null };
  const live = { subscribe: () => () => {}, getSnapshot: () => snapshot, getServerSnapshot: () => snapshot };
  const store = createConversationStore({ enabled: false });
  store.liveSearch = () => live as unknown as ReturnType<typeof store.liveSearch>;
  const Page = () => createElement('p', null, JSON.stringify([useSearch('x').indexed, useSearch(' ').indexed]));
  const element = createElement(ConversationStoreProvider, { store }, createElement(Page));
  assert.equal(renderToString(element).replaceAll('&quot;', '"'), `<p>${JSON.stringify([indexed, null])}</p>`);
});

test('a hook without a provider says what is missing', () => {
  const Page = () => createElement('p', null, String(useConversations().isLoading));
  assert.throws(() => renderToString(createElement(Page)), /ConversationStoreProvider/);
});
