/** The hooks in Chromium, with React 18 and 19; and on a server. */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';

import { createConversationStore } from '../../src/index.js';
import { ConversationStoreProvider, useConversations, useMessages, useSyncStatus } from '../../src/react/index.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where the packages of each version are. */
const VERSIONS = { 18: './react-18/node_modules', 19: '../../node_modules' };

let browser: Browser;
let server: Server;

before(async () => {
  const scripts = new Map<string, string>();
  for (const [version, packages] of Object.entries(VERSIONS)) scripts.set(`/${version}.js`, await bundle(packages));
  server = createServer((request, response) => {
    const script = scripts.get(request.url ?? '');
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
    const version = (request.url ?? '').slice(1);
    response.end(script ?? `<!doctype html><div id="root"></div><script src="/${version}.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
});

after(async () => {
  await browser?.close();
  server?.close();
});

async function bundle(packages: string) {
  const place = (name: string) => fileURLToPath(new URL(`${packages}/${name}`, import.meta.url));
  const { outputFiles } = await esbuild.build({
    entryPoints: [fileURLToPath(new URL('page.tsx', import.meta.url))],
    bundle: true,
    write: false,
    jsx: 'automatic',
    format: 'iife',
    // The development build: it mounts everything twice in StrictMode, and warns.
    define: { 'process.env.NODE_ENV': '"development"' },
    alias: { react: place('react'), 'react-dom': place('react-dom') },
  });
  return outputFiles[0]?.text ?? '';
}

async function open(version: string) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/${version}`);
  return { context, page, complaints };
}

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();

async function until(condition: () => Promise<unknown>, expected: unknown) {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await condition();
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    if (Date.now() > end) assert.deepEqual(found, expected);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

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

for (const version of Object.keys(VERSIONS)) {
  test(`React ${version} shows what is on the device, and each write at once`, async () => {
    const { context, page, complaints } = await open(version);
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

test('a hook without a provider says what is missing', () => {
  const Page = () => createElement('p', null, String(useConversations().isLoading));
  assert.throws(() => renderToString(createElement(Page)), /ConversationStoreProvider/);
});
